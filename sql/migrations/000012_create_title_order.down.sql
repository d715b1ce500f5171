-- Why: takes back the collation.
-- Loses: nothing.
-- Locks: none. A collation is a row of the catalog.
SET LOCAL lock_timeout = '2s';

DROP COLLATION title_order;

-- Why: a list by title sorts numbers as numbers, Task 2 before Task 10, and considers
-- case and accents last. No collation that comes with PostgreSQL does both. It is named
-- by queries alone: no column and no index depends on it, so another version of ICU
-- reorders nothing that is stored.
-- Locks: none. A collation is a row of the catalog.
SET LOCAL lock_timeout = '2s';

CREATE COLLATION title_order (provider = icu, locale = 'und-u-kn-true');

COMMENT ON COLLATION title_order IS 'Titles as people sort them: numbers as numbers, case and accents considered last.';

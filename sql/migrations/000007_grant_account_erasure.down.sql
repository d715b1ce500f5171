-- Why: takes the grant back.
-- Loses: nothing.
-- Locks: none. A grant changes a row of the catalog.
SET LOCAL lock_timeout = '2s';

REVOKE DELETE ON users FROM todo_app;

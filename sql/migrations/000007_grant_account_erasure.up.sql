-- Why: a user may erase the own account (GDPR, article 17). The foreign key takes
-- the tasks along; the policy lets nobody erase another.
-- Locks: none. A grant changes a row of the catalog.
SET LOCAL lock_timeout = '2s';

GRANT DELETE ON users TO todo_app;

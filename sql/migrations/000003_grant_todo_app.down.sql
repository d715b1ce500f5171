-- Why: takes the grants back. The role stays: it belongs to the cluster, and
-- another database may depend on it.
-- Loses: nothing.
-- Locks: none. Grants change rows of the catalog.
SET LOCAL lock_timeout = '2s';

REVOKE ALL ON tasks FROM todo_app;
REVOKE ALL ON users FROM todo_app;
REVOKE SELECT ON schema_migrations FROM todo_app;
REVOKE USAGE ON SCHEMA public FROM todo_app;

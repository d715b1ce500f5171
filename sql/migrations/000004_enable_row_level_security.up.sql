-- Why: the third wall. Whatever a query forgets, todo_app reaches only the rows of
-- the user that app.user_id names. FORCE binds the tables' owner too. NULLIF:
-- after the transaction that set it, the setting is '' and not NULL, and either
-- must match no row. The comparison stands bare, without a subquery, which an
-- engine that distributes by user_id would refuse.
-- Locks: users (ACCESS EXCLUSIVE; not scanned, not rewritten), tasks (ACCESS
-- EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY users_select ON users FOR SELECT TO todo_app
  USING (id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY users_insert ON users FOR INSERT TO todo_app
  WITH CHECK (id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY users_update ON users FOR UPDATE TO todo_app
  USING (id = NULLIF(current_setting('app.user_id', true), ''))
  WITH CHECK (id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY users_delete ON users FOR DELETE TO todo_app
  USING (id = NULLIF(current_setting('app.user_id', true), ''));

ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY tasks_select ON tasks FOR SELECT TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY tasks_insert ON tasks FOR INSERT TO todo_app
  WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY tasks_update ON tasks FOR UPDATE TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''))
  WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), ''));
CREATE POLICY tasks_delete ON tasks FOR DELETE TO todo_app
  USING (user_id = NULLIF(current_setting('app.user_id', true), ''));

COMMENT ON POLICY users_select ON users IS 'A user sees only its own row.';
COMMENT ON POLICY users_insert ON users IS 'A user adds only its own row.';
COMMENT ON POLICY users_update ON users IS 'A user changes, and keeps, only its own row.';
COMMENT ON POLICY users_delete ON users IS 'A user removes only its own row.';
COMMENT ON POLICY tasks_select ON tasks IS 'A user sees only its own tasks.';
COMMENT ON POLICY tasks_insert ON tasks IS 'A user adds only its own tasks.';
COMMENT ON POLICY tasks_update ON tasks IS 'A user changes, and keeps, only its own tasks.';
COMMENT ON POLICY tasks_delete ON tasks IS 'A user removes only its own tasks.';

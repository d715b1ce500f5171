-- Why: takes the third wall down again.
-- Loses: nothing.
-- Locks: users (ACCESS EXCLUSIVE; not scanned, not rewritten), tasks (ACCESS
-- EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

DROP POLICY tasks_delete ON tasks;
DROP POLICY tasks_update ON tasks;
DROP POLICY tasks_insert ON tasks;
DROP POLICY tasks_select ON tasks;
ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tasks DISABLE ROW LEVEL SECURITY;

DROP POLICY users_delete ON users;
DROP POLICY users_update ON users;
DROP POLICY users_insert ON users;
DROP POLICY users_select ON users;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;

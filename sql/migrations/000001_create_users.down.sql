-- Why: takes back what the up file made. Every user's row is lost.
-- Loses: users.
-- Locks: users (ACCESS EXCLUSIVE; dropped).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file ban-drop-table
DROP TABLE users;

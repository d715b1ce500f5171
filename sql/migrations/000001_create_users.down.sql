-- Why: takes back what the up file made. Every user's row is lost.
-- Locks: users (ACCESS EXCLUSIVE; nothing scanned, nothing rewritten).
SET LOCAL lock_timeout = '2s';

DROP TABLE users;

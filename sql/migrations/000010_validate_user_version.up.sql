-- Why: proves for the users who were there what the counter demands of new ones.
-- Locks: users (SHARE UPDATE EXCLUSIVE; scanned, not rewritten). Reads and writes
-- pass.
SET LOCAL lock_timeout = '2s';

ALTER TABLE users VALIDATE CONSTRAINT users_version_safe;

-- Why: proves for the rows that were there what the migration before demands of new
-- ones.
-- Locks: users (SHARE UPDATE EXCLUSIVE; scanned, not rewritten). Reads and writes
-- pass.
SET LOCAL lock_timeout = '2s';

ALTER TABLE users VALIDATE CONSTRAINT users_domains;

-- Why: a constraint cannot be made unproven again, so it is dropped and added as it was.
-- Loses: nothing.
-- Locks: users (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE users
  DROP CONSTRAINT users_domains,
  ADD CONSTRAINT users_domains CHECK (num_nulls(id::user_id, email::email, version::user_version) >= 0) NOT VALID;

COMMENT ON CONSTRAINT users_domains ON users IS 'Each value is one of its domain; a cast checks that, and NULL is one of each.';

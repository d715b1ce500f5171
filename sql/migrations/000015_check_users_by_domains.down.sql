-- Why: takes back what the up file made. The CHECKs were proven, so they are again.
-- Loses: nothing.
-- Locks: users (ACCESS EXCLUSIVE; scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file constraint-missing-not-valid
ALTER TABLE users
  DROP CONSTRAINT users_domains,
  ADD CONSTRAINT users_id_length CHECK (octet_length(id) BETWEEN 1 AND 255),
  ADD CONSTRAINT users_id_no_control CHECK (id !~ '[\u0001-\u001f\u007f-\u009f]'),
  ADD CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 1 AND 320),
  ADD CONSTRAINT users_email_no_control CHECK (email !~ '[\u0001-\u001f\u007f-\u009f]'),
  ADD CONSTRAINT users_version_safe CHECK (version BETWEEN 1 AND 9007199254740991);

COMMENT ON CONSTRAINT users_id_length ON users IS 'An empty id would match the empty setting a pooled connection is left with.';
COMMENT ON CONSTRAINT users_id_no_control ON users IS 'No control character (Unicode category Cc).';
COMMENT ON CONSTRAINT users_email_length ON users IS '1 to 320 characters: 64, an @ and 255 (RFC 5321, 4.5.3.1).';
COMMENT ON CONSTRAINT users_email_no_control ON users IS 'No control character (Unicode category Cc).';
COMMENT ON CONSTRAINT users_version_safe ON users IS 'Below 2^53, where JavaScript''s numbers are exact.';

DROP DOMAIN user_id, email, user_version;

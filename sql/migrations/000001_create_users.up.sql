-- Why: every task has an owner, and the owner's row is what a task's foreign key
-- holds on to. Ids come from the token issuer, so they are opaque text.
-- COLLATE "C": ids compare as bytes, and no operating system update can reorder
-- their index.
-- Locks: users (new table).
SET LOCAL lock_timeout = '2s';

CREATE TABLE users (
  id text COLLATE "C" NOT NULL,
  email text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_id_length CHECK (octet_length(id) BETWEEN 1 AND 255),
  CONSTRAINT users_id_no_control CHECK (id !~ '[\u0001-\u001f\u007f-\u009f]'),
  CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 1 AND 320),
  CONSTRAINT users_email_no_control CHECK (email !~ '[\u0001-\u001f\u007f-\u009f]')
);

COMMENT ON TABLE users IS 'The owners of tasks. A row appears with its user''s first write.';
COMMENT ON COLUMN users.id IS 'The user as the token issuer names it: opaque, case-sensitive, 1 to 255 bytes without control characters.';
COMMENT ON COLUMN users.email IS 'The e-mail of the latest write''s token that carried one; NULL until then.';
COMMENT ON COLUMN users.created_at IS 'When the user first wrote.';
COMMENT ON COLUMN users.updated_at IS 'When this row last changed.';
COMMENT ON CONSTRAINT users_pkey ON users IS 'One row a user.';
COMMENT ON CONSTRAINT users_id_length ON users IS 'An empty id would match the empty setting a pooled connection is left with.';
COMMENT ON CONSTRAINT users_id_no_control ON users IS 'No control character (Unicode category Cc).';
COMMENT ON CONSTRAINT users_email_length ON users IS '1 to 320 characters: 64, an @ and 255 (RFC 5321, 4.5.3.1).';
COMMENT ON CONSTRAINT users_email_no_control ON users IS 'No control character (Unicode category Cc).';
COMMENT ON INDEX users_pkey IS 'Serves every query by user.';

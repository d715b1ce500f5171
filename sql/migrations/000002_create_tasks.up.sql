-- Why: the tasks. The primary key begins with the owner, so no query can name a
-- task without its owner, a client may choose an id without meeting another
-- user's, and one user's rows lie together in the index.
-- Locks: tasks (new table), users (SHARE ROW EXCLUSIVE; not scanned, not
-- rewritten). The foreign key puts triggers on users.
SET LOCAL lock_timeout = '2s';

CREATE TABLE tasks (
  user_id text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  title text NOT NULL,
  description text,
  completed boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id),
  CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT tasks_title_length CHECK (char_length(title) BETWEEN 1 AND 255),
  CONSTRAINT tasks_title_trimmed CHECK (title !~ '^[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$'),
  CONSTRAINT tasks_description_length CHECK (char_length(description) <= 1000)
);

CREATE INDEX tasks_user_id_created_at_id_idx ON tasks (user_id, created_at DESC, id DESC);

COMMENT ON TABLE tasks IS 'Things to do, each owned by one user.';
COMMENT ON COLUMN tasks.user_id IS 'The owner: users.id. It never changes.';
COMMENT ON COLUMN tasks.id IS 'Version 7 made by the server, or chosen by the client; unique within its owner.';
COMMENT ON COLUMN tasks.title IS '1 to 255 characters, without white space at either end.';
COMMENT ON COLUMN tasks.description IS 'NULL or up to 1,000 characters.';
COMMENT ON COLUMN tasks.completed IS 'Whether it is done.';
COMMENT ON COLUMN tasks.created_at IS 'When the task was made.';
COMMENT ON COLUMN tasks.updated_at IS 'When a field last changed; every change moves it forward.';
COMMENT ON CONSTRAINT tasks_pkey ON tasks IS 'A task is named by its owner and its id, never by its id alone.';
COMMENT ON CONSTRAINT tasks_user_id_fkey ON tasks IS 'A user''s tasks go with the user.';
COMMENT ON CONSTRAINT tasks_title_length ON tasks IS '1 to 255 characters (Unicode code points).';
COMMENT ON CONSTRAINT tasks_title_trimmed ON tasks IS 'No character of Unicode''s White_Space at either end; btrim knows only the space.';
COMMENT ON CONSTRAINT tasks_description_length ON tasks IS 'Up to 1,000 characters (Unicode code points).';
COMMENT ON INDEX tasks_pkey IS 'Serves every query by task.';
COMMENT ON INDEX tasks_user_id_created_at_id_idx IS 'Serves the lists by created_at and the export: one user''s tasks, newest first or, backwards, oldest first.';

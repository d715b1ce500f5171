-- Why: a title of U+200B alone shows as nothing, and one with an escape sequence can
-- write to the terminal that prints it. The server refuses both from now on; the CHECKs
-- say the same to everybody else. PostgreSQL checks a row anew with every change, so a
-- task that has such a title could no longer be completed: hence the tasks that are
-- there are marked, without being rewritten, and the CHECKs pass them. No title is
-- changed, and no version, so what clients have cached stays true. The release before
-- goes on; a new title that breaks a rule is 422 there too. The CHECKs are validated by
-- the next migration.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  ADD COLUMN legacy_title boolean NOT NULL DEFAULT true,
  ADD CONSTRAINT tasks_title_visible CHECK (legacy_title OR title ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441-\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]') NOT VALID,
  ADD CONSTRAINT tasks_title_no_control CHECK (legacy_title OR title !~ '[\u0001-\u001f\u007f-\u009f]') NOT VALID;

-- For the rows to come, whose INSERT does not name the column.
ALTER TABLE tasks ALTER COLUMN legacy_title SET DEFAULT false;

COMMENT ON COLUMN tasks.title IS '1 to 255 characters, of which one can be seen, without white space at either end and without control characters; in Normalization Form C from the server.';
COMMENT ON COLUMN tasks.legacy_title IS 'Whether the task was there before titles had to be visible and without control characters: then its title goes on.';
COMMENT ON CONSTRAINT tasks_title_visible ON tasks IS 'At least one character is neither white space nor default-ignorable (Unicode 15.0.0) nor blank.';
COMMENT ON CONSTRAINT tasks_title_no_control ON tasks IS 'No control character (Unicode category Cc).';

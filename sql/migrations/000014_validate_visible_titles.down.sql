-- Why: a constraint cannot be made unproven again, so they are dropped and added as
-- they were.
-- Loses: nothing.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks
  DROP CONSTRAINT tasks_title_visible,
  DROP CONSTRAINT tasks_title_no_control,
  ADD CONSTRAINT tasks_title_visible CHECK (legacy_title OR title ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441-\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]') NOT VALID,
  ADD CONSTRAINT tasks_title_no_control CHECK (legacy_title OR title !~ '[\u0001-\u001f\u007f-\u009f]') NOT VALID;

COMMENT ON CONSTRAINT tasks_title_visible ON tasks IS 'At least one character is neither white space nor default-ignorable (Unicode 15.0.0) nor blank.';
COMMENT ON CONSTRAINT tasks_title_no_control ON tasks IS 'No control character (Unicode category Cc).';

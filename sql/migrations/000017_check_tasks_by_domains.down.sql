-- Why: takes back what the up file made. The CHECKs were proven, so they are again.
-- Loses: nothing.
-- Locks: tasks (ACCESS EXCLUSIVE; scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

-- squawk-ignore-file constraint-missing-not-valid
ALTER TABLE tasks
  DROP CONSTRAINT tasks_domains,
  ADD CONSTRAINT tasks_title_length CHECK (char_length(title) BETWEEN 1 AND 255),
  ADD CONSTRAINT tasks_title_trimmed CHECK (title !~ '^[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$'),
  ADD CONSTRAINT tasks_title_visible CHECK (legacy_title OR title ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441-\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'),
  ADD CONSTRAINT tasks_title_no_control CHECK (legacy_title OR title !~ '[\u0001-\u001f\u007f-\u009f]'),
  ADD CONSTRAINT tasks_description_length CHECK (char_length(description) <= 1000),
  ADD CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high')),
  ADD CONSTRAINT tasks_due_date_range CHECK (due_date >= '0001-01-01 00:00:00+00' AND due_date < '10000-01-01 00:00:00+00'),
  ADD CONSTRAINT tasks_tags_count CHECK (cardinality(tags) <= 20),
  ADD CONSTRAINT tasks_tags_length CHECK (NOT to_jsonb(tags) @? '$[*] ? (@ == null || @ == "" || @ like_regex "^.{51,}$" flag "s")'),
  ADD CONSTRAINT tasks_version_positive CHECK (version >= 1);

COMMENT ON CONSTRAINT tasks_title_length ON tasks IS '1 to 255 characters (Unicode code points).';
COMMENT ON CONSTRAINT tasks_title_trimmed ON tasks IS 'No character of Unicode''s White_Space at either end; btrim knows only the space.';
COMMENT ON CONSTRAINT tasks_title_visible ON tasks IS 'At least one character is neither white space nor default-ignorable (Unicode 15.0.0) nor blank.';
COMMENT ON CONSTRAINT tasks_title_no_control ON tasks IS 'No control character (Unicode category Cc).';
COMMENT ON CONSTRAINT tasks_description_length ON tasks IS 'Up to 1,000 characters (Unicode code points).';
COMMENT ON CONSTRAINT tasks_priority_known ON tasks IS 'low, medium or high.';
COMMENT ON CONSTRAINT tasks_due_date_range ON tasks IS 'What RFC 3339 can write; infinity is beyond it.';
COMMENT ON CONSTRAINT tasks_tags_count ON tasks IS 'Up to 20 tags.';
COMMENT ON CONSTRAINT tasks_tags_length ON tasks IS 'Each tag has 1 to 50 characters (Unicode code points); a jsonpath, because a CHECK takes no subquery.';
COMMENT ON CONSTRAINT tasks_version_positive ON tasks IS 'Versions start at 1.';

DROP DOMAIN task_title, visible_title, task_description, task_priority, task_due_date, task_tags, task_version;

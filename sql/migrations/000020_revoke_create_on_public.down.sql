-- Why: takes nothing back. Whether everybody could create in public is not known any
-- more, and no release needs it.
-- Locks: none.
-- Loses: nothing.
SET LOCAL lock_timeout = '2s';

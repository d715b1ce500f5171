-- Why: takes the grant back.
-- Locks: users (none but its catalog row; nothing scanned, nothing rewritten).
SET LOCAL lock_timeout = '2s';

REVOKE DELETE ON users FROM todo_app;

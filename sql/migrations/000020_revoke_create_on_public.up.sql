-- Why: who may create in schema public can put a function or an operator there that fits a
-- statement better than PostgreSQL's own, and whoever runs the statement calls it. The
-- server's statements call none such; those that people type do. Databases from before
-- PostgreSQL 15, upgraded ones too, let everybody. Where this login may not take that
-- back, the server says at its start who can, and what to run.
-- Locks: none. A grant changes a row of the catalog.
SET LOCAL lock_timeout = '2s';

DO $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_namespace
    CROSS JOIN LATERAL pg_catalog.aclexplode(nspacl) AS entry
    WHERE nspname = 'public' AND entry.grantee = 0 AND entry.privilege_type = 'CREATE'
  ) THEN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
  END IF;
EXCEPTION
  WHEN insufficient_privilege THEN NULL;
END
$$;

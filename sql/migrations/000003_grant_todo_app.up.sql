-- Why: the server works as todo_app, which owns nothing and bypasses nothing, so
-- that row-level security binds it whoever logged in. The grants are the least
-- that its queries need: no column that names an owner can be updated.
-- Locks: none. Grants change rows of the catalog.
SET LOCAL lock_timeout = '2s';

-- Roles belong to the cluster, not to the database: another database may have
-- made this one already, or be making it now (then the second CREATE fails with
-- either error, by who comes first).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'todo_app') THEN
    CREATE ROLE todo_app NOLOGIN;
  END IF;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- Since PostgreSQL 16 the creator of a role may administer it but not switch to
-- it. Only a missing membership is granted: granting it again in two databases
-- at once would fail.
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'todo_app',
      CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
    GRANT todo_app TO CURRENT_USER;
  END IF;
EXCEPTION
  WHEN unique_violation THEN NULL;
  WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'role todo_app was made by another login, so % cannot grant it to itself', current_user
      USING ERRCODE = 'insufficient_privilege',
            HINT = format('As the login that made todo_app, or a superuser, run: GRANT todo_app TO %I WITH ADMIN OPTION', current_user);
END
$$;

GRANT USAGE ON SCHEMA public TO todo_app;
GRANT SELECT ON schema_migrations TO todo_app;
GRANT SELECT, INSERT (id, email), UPDATE (email, updated_at) ON users TO todo_app;
GRANT SELECT, INSERT (user_id, id, title, description, completed), UPDATE (title, description, completed, updated_at), DELETE ON tasks TO todo_app;

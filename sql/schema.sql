--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: title_order; Type: COLLATION; Schema: public; Owner: -
--

CREATE COLLATION public.title_order (provider = icu, locale = 'und-u-kn-true');


--
-- Name: COLLATION title_order; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLLATION public.title_order IS 'Titles as people sort them: numbers as numbers, case and accents considered last.';


--
-- Name: email; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.email AS text
	CONSTRAINT users_email_length CHECK (((char_length(VALUE) >= 1) AND (char_length(VALUE) <= 320)))
	CONSTRAINT users_email_no_control CHECK ((VALUE !~ '[\u0001-\u001f\u007f-\u009f]'::text));


--
-- Name: DOMAIN email; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.email IS 'An e-mail address, as tokens have it.';


--
-- Name: CONSTRAINT users_email_length ON DOMAIN email; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_email_length ON DOMAIN public.email IS '1 to 320 characters: 64, an @ and 255 (RFC 5321, 4.5.3.1).';


--
-- Name: CONSTRAINT users_email_no_control ON DOMAIN email; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_email_no_control ON DOMAIN public.email IS 'No control character (Unicode category Cc).';


--
-- Name: task_description; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_description AS text
	CONSTRAINT tasks_description_length CHECK ((char_length(VALUE) <= 1000));


--
-- Name: DOMAIN task_description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_description IS 'More about a task.';


--
-- Name: CONSTRAINT tasks_description_length ON DOMAIN task_description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_description_length ON DOMAIN public.task_description IS 'Up to 1,000 characters (Unicode code points).';


--
-- Name: task_due_date; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_due_date AS timestamp with time zone
	CONSTRAINT tasks_due_date_range CHECK (((VALUE >= '0001-01-01 00:00:00+00'::timestamp with time zone) AND (VALUE < '10000-01-01 00:00:00+00'::timestamp with time zone)));


--
-- Name: DOMAIN task_due_date; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_due_date IS 'When a task is due.';


--
-- Name: CONSTRAINT tasks_due_date_range ON DOMAIN task_due_date; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_due_date_range ON DOMAIN public.task_due_date IS 'What RFC 3339 can write; infinity is beyond it.';


--
-- Name: task_priority; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_priority AS text
	CONSTRAINT tasks_priority_known CHECK ((VALUE = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])));


--
-- Name: DOMAIN task_priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_priority IS 'How urgent a task is.';


--
-- Name: CONSTRAINT tasks_priority_known ON DOMAIN task_priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_priority_known ON DOMAIN public.task_priority IS 'low, medium or high.';


--
-- Name: task_tags; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_tags AS text[]
	CONSTRAINT tasks_tags_count CHECK ((cardinality(VALUE) <= 20))
	CONSTRAINT tasks_tags_length CHECK ((NOT (to_jsonb(VALUE) @? '$[*]?((@ == null || @ == "") || @ like_regex "^.{51,}$" flag "s")'::jsonpath)));


--
-- Name: DOMAIN task_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_tags IS 'The labels of a task.';


--
-- Name: CONSTRAINT tasks_tags_count ON DOMAIN task_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_tags_count ON DOMAIN public.task_tags IS 'Up to 20 tags.';


--
-- Name: CONSTRAINT tasks_tags_length ON DOMAIN task_tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_tags_length ON DOMAIN public.task_tags IS 'Each tag has 1 to 50 characters (Unicode code points); a jsonpath, because a CHECK takes no subquery.';


--
-- Name: task_title; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_title AS text
	CONSTRAINT tasks_title_length CHECK (((char_length(VALUE) >= 1) AND (char_length(VALUE) <= 255)))
	CONSTRAINT tasks_title_trimmed CHECK ((VALUE !~ '^[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$'::text));


--
-- Name: DOMAIN task_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_title IS 'What is to be done.';


--
-- Name: CONSTRAINT tasks_title_length ON DOMAIN task_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_title_length ON DOMAIN public.task_title IS '1 to 255 characters (Unicode code points).';


--
-- Name: CONSTRAINT tasks_title_trimmed ON DOMAIN task_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_title_trimmed ON DOMAIN public.task_title IS 'No character of Unicode''s White_Space at either end; btrim knows only the space.';


--
-- Name: task_version; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.task_version AS bigint
	CONSTRAINT tasks_version_positive CHECK ((VALUE >= 1));


--
-- Name: DOMAIN task_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.task_version IS 'The number of a task''s latest change.';


--
-- Name: CONSTRAINT tasks_version_positive ON DOMAIN task_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_version_positive ON DOMAIN public.task_version IS 'Versions start at 1.';


--
-- Name: user_id; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.user_id AS text COLLATE pg_catalog."C"
	CONSTRAINT users_id_length CHECK (((octet_length(VALUE) >= 1) AND (octet_length(VALUE) <= 255)))
	CONSTRAINT users_id_no_control CHECK ((VALUE !~ '[\u0001-\u001f\u007f-\u009f]'::text));


--
-- Name: DOMAIN user_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.user_id IS 'The id of a user, as tokens have it.';


--
-- Name: CONSTRAINT users_id_length ON DOMAIN user_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_id_length ON DOMAIN public.user_id IS 'An empty id would match the empty setting a pooled connection is left with.';


--
-- Name: CONSTRAINT users_id_no_control ON DOMAIN user_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_id_no_control ON DOMAIN public.user_id IS 'No control character (Unicode category Cc).';


--
-- Name: user_version; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.user_version AS bigint
	CONSTRAINT users_version_safe CHECK (((VALUE >= 1) AND (VALUE <= '9007199254740991'::bigint)));


--
-- Name: DOMAIN user_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.user_version IS 'A number of a user''s changes.';


--
-- Name: CONSTRAINT users_version_safe ON DOMAIN user_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_version_safe ON DOMAIN public.user_version IS 'Below 2^53, where JavaScript''s numbers are exact.';


--
-- Name: visible_title; Type: DOMAIN; Schema: public; Owner: -
--

CREATE DOMAIN public.visible_title AS text
	CONSTRAINT tasks_title_no_control CHECK ((VALUE !~ '[\u0001-\u001f\u007f-\u009f]'::text))
	CONSTRAINT tasks_title_visible CHECK ((VALUE ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U00013441-\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'::text));


--
-- Name: DOMAIN visible_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON DOMAIN public.visible_title IS 'A title of a task that is not older than the rule that one can see it.';


--
-- Name: CONSTRAINT tasks_title_no_control ON DOMAIN visible_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_title_no_control ON DOMAIN public.visible_title IS 'No control character (Unicode category Cc).';


--
-- Name: CONSTRAINT tasks_title_visible ON DOMAIN visible_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_title_visible ON DOMAIN public.visible_title IS 'At least one character is neither white space nor default-ignorable (Unicode 15.0.0) nor blank.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: deleted_tasks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deleted_tasks (
    user_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    version bigint NOT NULL,
    deleted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.deleted_tasks FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.deleted_tasks IS 'The ids of tasks that were deleted in the last 90 days at least (tombstones).';


--
-- Name: COLUMN deleted_tasks.user_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deleted_tasks.user_id IS 'The owner: users.id. It never changes.';


--
-- Name: COLUMN deleted_tasks.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deleted_tasks.id IS 'The id that the task had.';


--
-- Name: COLUMN deleted_tasks.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deleted_tasks.version IS 'The number of the deletion, from users.version.';


--
-- Name: COLUMN deleted_tasks.deleted_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.deleted_tasks.deleted_at IS 'When the task was deleted.';


--
-- Name: schema_migration_log; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migration_log (
    version bigint NOT NULL,
    direction text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    marked_by xid8 NOT NULL,
    CONSTRAINT schema_migration_log_direction CHECK ((direction = ANY (ARRAY['up'::text, 'down'::text])))
);


--
-- Name: TABLE schema_migration_log; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.schema_migration_log IS 'When each migration was last run by todo migrate, which needs it to tell how far a killed run came.';


--
-- Name: COLUMN schema_migration_log.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migration_log.version IS 'The number in the file''s name.';


--
-- Name: COLUMN schema_migration_log.direction; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migration_log.direction IS 'up or down: which of its two files.';


--
-- Name: COLUMN schema_migration_log.started_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migration_log.started_at IS 'When the version was marked dirty for it.';


--
-- Name: COLUMN schema_migration_log.finished_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migration_log.finished_at IS 'Set by the transaction of the file itself, so null if that did not commit.';


--
-- Name: COLUMN schema_migration_log.marked_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.schema_migration_log.marked_by IS 'The transaction that marked the version dirty: the xmin of its row in schema_migrations if no other run has been there since.';


--
-- Name: CONSTRAINT schema_migration_log_direction ON schema_migration_log; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT schema_migration_log_direction ON public.schema_migration_log IS 'A migration has two files.';


--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version bigint NOT NULL,
    dirty boolean NOT NULL
);


--
-- Name: tasks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tasks (
    user_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    title text NOT NULL,
    description text,
    completed boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    priority text DEFAULT 'medium'::text NOT NULL,
    due_date timestamp with time zone,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    due_all_day boolean DEFAULT false NOT NULL,
    legacy_title boolean DEFAULT false NOT NULL,
    CONSTRAINT tasks_domains CHECK ((num_nulls((title)::public.task_title, (
CASE
    WHEN (NOT legacy_title) THEN title
    ELSE NULL::text
END)::public.visible_title, (description)::public.task_description, (priority)::public.task_priority, (due_date)::public.task_due_date, (tags)::public.task_tags, (version)::public.task_version) >= 0))
)
WITH (fillfactor='90');

ALTER TABLE ONLY public.tasks FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.tasks IS 'Things to do, each owned by one user.';


--
-- Name: COLUMN tasks.user_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.user_id IS 'The owner: users.id. It never changes.';


--
-- Name: COLUMN tasks.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.id IS 'Version 7 made by the server, or chosen by the client; unique within its owner.';


--
-- Name: COLUMN tasks.title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.title IS '1 to 255 characters, of which one can be seen, without white space at either end and without control characters; in Normalization Form C from the server.';


--
-- Name: COLUMN tasks.description; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.description IS 'NULL or up to 1,000 characters.';


--
-- Name: COLUMN tasks.completed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.completed IS 'Whether it is done.';


--
-- Name: COLUMN tasks.created_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.created_at IS 'When the task was made.';


--
-- Name: COLUMN tasks.updated_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.updated_at IS 'When a field last changed; every change moves it forward.';


--
-- Name: COLUMN tasks.priority; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.priority IS 'low, medium or high.';


--
-- Name: COLUMN tasks.due_date; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.due_date IS 'When it is due, if ever: from year 1 to 9999 in UTC; of a day (due_all_day) its midnight UTC.';


--
-- Name: COLUMN tasks.tags; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.tags IS 'Up to 20 labels of 1 to 50 characters, in the user''s order.';


--
-- Name: COLUMN tasks.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.version IS 'The number of the latest change, from users.version: the ETag. Until the counter came, 1 at first and one more with every change.';


--
-- Name: COLUMN tasks.due_all_day; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.due_all_day IS 'Whether due_date is a day and not an instant; only at midnight UTC it counts.';


--
-- Name: COLUMN tasks.legacy_title; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.tasks.legacy_title IS 'Whether the task was there before titles had to be visible and without control characters: then its title goes on.';


--
-- Name: CONSTRAINT tasks_domains ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_domains ON public.tasks IS 'Each value is one of its domain; a cast checks that, and NULL is one of each. The title of a legacy task need not be visible.';


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id text NOT NULL COLLATE pg_catalog."C",
    email text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT (floor((EXTRACT(epoch FROM now()) * (1000)::numeric)))::bigint NOT NULL,
    forgotten_version bigint DEFAULT (floor((EXTRACT(epoch FROM now()) * (1000)::numeric)))::bigint NOT NULL,
    deleted_version bigint DEFAULT 0 NOT NULL,
    CONSTRAINT users_domains CHECK ((num_nulls((id)::public.user_id, (email)::public.email, (version)::public.user_version) >= 0))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.users IS 'The owners of tasks. A row appears with its user''s first write.';


--
-- Name: COLUMN users.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.id IS 'The user as the token issuer names it: opaque, case-sensitive, 1 to 255 bytes without control characters.';


--
-- Name: COLUMN users.email; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.email IS 'The e-mail of the latest write''s token that carried one; NULL until then.';


--
-- Name: COLUMN users.created_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.created_at IS 'When the user first wrote.';


--
-- Name: COLUMN users.updated_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.updated_at IS 'When this row last changed.';


--
-- Name: COLUMN users.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.version IS 'The number of the latest change to a task of this user: at least one more than that of the change before, and at least the milliseconds since 1970.';


--
-- Name: COLUMN users.forgotten_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.forgotten_version IS 'Up to this number deletions are forgotten: what changed since an older one cannot be told.';


--
-- Name: COLUMN users.deleted_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.users.deleted_version IS 'The number of the latest deletion of a task, 0 before the first.';


--
-- Name: CONSTRAINT users_domains ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_domains ON public.users IS 'Each value is one of its domain; a cast checks that, and NULL is one of each.';


--
-- Name: deleted_tasks deleted_tasks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deleted_tasks
    ADD CONSTRAINT deleted_tasks_pkey PRIMARY KEY (user_id, id);


--
-- Name: CONSTRAINT deleted_tasks_pkey ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT deleted_tasks_pkey ON public.deleted_tasks IS 'A tombstone is named by its owner and its id, never by its id alone.';


--
-- Name: schema_migration_log schema_migration_log_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migration_log
    ADD CONSTRAINT schema_migration_log_pkey PRIMARY KEY (version, direction);


--
-- Name: CONSTRAINT schema_migration_log_pkey ON schema_migration_log; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT schema_migration_log_pkey ON public.schema_migration_log IS 'One row for each file.';


--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id);


--
-- Name: CONSTRAINT tasks_pkey ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_pkey ON public.tasks IS 'A task is named by its owner and its id, never by its id alone.';


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: CONSTRAINT users_pkey ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT users_pkey ON public.users IS 'One row a user.';


--
-- Name: INDEX deleted_tasks_pkey; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.deleted_tasks_pkey IS 'Tells a create whether its id was deleted.';


--
-- Name: deleted_tasks_user_id_version_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deleted_tasks_user_id_version_idx ON public.deleted_tasks USING btree (user_id, version);


--
-- Name: INDEX deleted_tasks_user_id_version_idx; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.deleted_tasks_user_id_version_idx IS 'Serves the changes, and finds the tombstones that are old enough to go.';


--
-- Name: INDEX schema_migration_log_pkey; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.schema_migration_log_pkey IS 'A migration''s last run in each direction.';


--
-- Name: INDEX tasks_pkey; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.tasks_pkey IS 'Serves every query by task.';


--
-- Name: tasks_user_id_created_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_user_id_created_at_id_idx ON public.tasks USING btree (user_id, created_at DESC, id DESC);


--
-- Name: INDEX tasks_user_id_created_at_id_idx; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.tasks_user_id_created_at_id_idx IS 'Serves the lists by created_at and the export: one user''s tasks, newest first or, backwards, oldest first.';


--
-- Name: INDEX users_pkey; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON INDEX public.users_pkey IS 'Serves every query by user.';


--
-- Name: deleted_tasks deleted_tasks_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deleted_tasks
    ADD CONSTRAINT deleted_tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: CONSTRAINT deleted_tasks_user_id_fkey ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT deleted_tasks_user_id_fkey ON public.deleted_tasks IS 'A user''s tombstones go with the user.';


--
-- Name: tasks tasks_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: CONSTRAINT tasks_user_id_fkey ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON CONSTRAINT tasks_user_id_fkey ON public.tasks IS 'A user''s tasks go with the user.';


--
-- Name: deleted_tasks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.deleted_tasks ENABLE ROW LEVEL SECURITY;

--
-- Name: deleted_tasks deleted_tasks_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY deleted_tasks_delete ON public.deleted_tasks FOR DELETE TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY deleted_tasks_delete ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY deleted_tasks_delete ON public.deleted_tasks IS 'A user removes only its own tombstones.';


--
-- Name: deleted_tasks deleted_tasks_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY deleted_tasks_insert ON public.deleted_tasks FOR INSERT TO todo_app WITH CHECK ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY deleted_tasks_insert ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY deleted_tasks_insert ON public.deleted_tasks IS 'A user adds only its own tombstones.';


--
-- Name: deleted_tasks deleted_tasks_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY deleted_tasks_select ON public.deleted_tasks FOR SELECT TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY deleted_tasks_select ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY deleted_tasks_select ON public.deleted_tasks IS 'A user sees only its own tombstones.';


--
-- Name: deleted_tasks deleted_tasks_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY deleted_tasks_update ON public.deleted_tasks FOR UPDATE TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text))) WITH CHECK ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY deleted_tasks_update ON deleted_tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY deleted_tasks_update ON public.deleted_tasks IS 'A user changes, and keeps, only its own tombstones.';


--
-- Name: tasks; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY;

--
-- Name: tasks tasks_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tasks_delete ON public.tasks FOR DELETE TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY tasks_delete ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY tasks_delete ON public.tasks IS 'A user removes only its own tasks.';


--
-- Name: tasks tasks_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tasks_insert ON public.tasks FOR INSERT TO todo_app WITH CHECK ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY tasks_insert ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY tasks_insert ON public.tasks IS 'A user adds only its own tasks.';


--
-- Name: tasks tasks_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tasks_select ON public.tasks FOR SELECT TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY tasks_select ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY tasks_select ON public.tasks IS 'A user sees only its own tasks.';


--
-- Name: tasks tasks_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY tasks_update ON public.tasks FOR UPDATE TO todo_app USING ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text))) WITH CHECK ((user_id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY tasks_update ON tasks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY tasks_update ON public.tasks IS 'A user changes, and keeps, only its own tasks.';


--
-- Name: users; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

--
-- Name: users users_delete; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY users_delete ON public.users FOR DELETE TO todo_app USING ((id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY users_delete ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY users_delete ON public.users IS 'A user removes only its own row.';


--
-- Name: users users_insert; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY users_insert ON public.users FOR INSERT TO todo_app WITH CHECK ((id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY users_insert ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY users_insert ON public.users IS 'A user adds only its own row.';


--
-- Name: users users_select; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY users_select ON public.users FOR SELECT TO todo_app USING ((id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY users_select ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY users_select ON public.users IS 'A user sees only its own row.';


--
-- Name: users users_update; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY users_update ON public.users FOR UPDATE TO todo_app USING ((id = NULLIF(current_setting('app.user_id'::text, true), ''::text))) WITH CHECK ((id = NULLIF(current_setting('app.user_id'::text, true), ''::text)));


--
-- Name: POLICY users_update ON users; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON POLICY users_update ON public.users IS 'A user changes, and keeps, only its own row.';


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA public TO todo_app;


--
-- Name: TABLE deleted_tasks; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,DELETE ON TABLE public.deleted_tasks TO todo_app;


--
-- Name: COLUMN deleted_tasks.user_id; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(user_id) ON TABLE public.deleted_tasks TO todo_app;


--
-- Name: COLUMN deleted_tasks.id; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(id) ON TABLE public.deleted_tasks TO todo_app;


--
-- Name: COLUMN deleted_tasks.version; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(version),UPDATE(version) ON TABLE public.deleted_tasks TO todo_app;


--
-- Name: COLUMN deleted_tasks.deleted_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(deleted_at) ON TABLE public.deleted_tasks TO todo_app;


--
-- Name: TABLE schema_migrations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.schema_migrations TO todo_app;


--
-- Name: TABLE tasks; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,DELETE ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.user_id; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(user_id) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.id; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(id) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.title; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(title),UPDATE(title) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.description; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(description),UPDATE(description) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.completed; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(completed),UPDATE(completed) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.updated_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.priority; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(priority),UPDATE(priority) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.due_date; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(due_date),UPDATE(due_date) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.tags; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(tags),UPDATE(tags) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.version; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(version),UPDATE(version) ON TABLE public.tasks TO todo_app;


--
-- Name: COLUMN tasks.due_all_day; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(due_all_day),UPDATE(due_all_day) ON TABLE public.tasks TO todo_app;


--
-- Name: TABLE users; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,DELETE ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.id; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(id) ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.email; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT(email),UPDATE(email) ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.updated_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.version; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(version) ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.forgotten_version; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(forgotten_version) ON TABLE public.users TO todo_app;


--
-- Name: COLUMN users.deleted_version; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(deleted_version) ON TABLE public.users TO todo_app;


--
-- PostgreSQL database dump complete
--



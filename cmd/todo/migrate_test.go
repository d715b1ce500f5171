package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/migration"
	todosql "github.com/securetodo/securetodo/sql"
)

func TestMigrateCommands(t *testing.T) {
	env := environment(dbtest.NewEmpty(t, dbtest.NeonOwner))
	latest := todosql.LatestVersion()
	newest := "version " + strconv.Itoa(int(latest))
	for _, step := range []struct{ args, want string }{
		{"version", "version 0"},
		{"up", "up 1\nup 2"},
		{"version", newest},
		{"up", "nothing to do\n" + newest},
		{"goto 1", "down 2\nversion 1"},
		{"down 1", "down 1\nversion 0"},
		{"version", "version 0"},
		{"up", newest},
		{"status", "000001  create_users"},
		{"force 2", "version 2"},
		{"version", "version 2"},
	} {
		if got := todo(t, env, append([]string{"migrate"}, strings.Fields(step.args)...)...); !strings.Contains(got, step.want) {
			t.Errorf("migrate %s: %s, want %s", step.args, got, step.want)
		}
	}
}

// mustExit runs migrate to its end: the exit code, and one line that says something.
func mustExit(t *testing.T, code int, says string, env []string, args ...string) {
	t.Helper()
	_, log, err := runToEnd(t, env, append([]string{"migrate"}, args...)...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	}
	if got != code || !strings.Contains(log, says) || strings.Count(log, "\n") != 1 || strings.Contains(log, "hunter2") {
		t.Errorf("migrate %v: exit %d, %q; want %d, one line saying %q", args, got, log, code, says)
	}
}

func TestMigrateExitCodes(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	env := environment(url)
	mustExit(t, 2, "whole number", env, "down", "1.5")
	mustExit(t, 2, "whole number", env, "goto", "x")
	mustExit(t, 2, "arg", env, "goto")
	mustExit(t, 2, "upp", env, "upp")
	mustExit(t, 2, "--help", env)
	mustExit(t, 2, "soon", env, "up", "--wait", "soon")
	mustExit(t, 2, "no version 999", env, "goto", "999")
	mustExit(t, 2, "DATABASE_URL_UNPOOLED", nil, "up")
	mustExit(t, 2, "DATABASE_URL_UNPOOLED", []string{"DATABASE_URL=postgres://u:hunter2@ep-x-pooler.neon.tech/d"}, "up")
	mustExit(t, 2, "DATABASE_URL_UNPOOLED", []string{"DATABASE_URL_UNPOOLED=postgres://u:hunter2@ep-x-pooler.neon.tech/d"}, "up")
	mustExit(t, 5, "DATABASE_URL: connecting to", []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d"}, "up")

	release := dbtest.Lock(t, url, "users")
	p := command(t, env, "migrate", "down", "7").start(t)
	dbtest.WaitForLock(t, url)
	mustExit(t, 4, "another run", env, "up", "--lock-wait", "200ms")
	release()
	_ = p.wait(t)
	todo(t, env, "migrate", "up")

	todo(t, env, "migrate", "goto", "16")
	release = dbtest.Hold(t, url, "LOCK TABLE tasks IN ACCESS SHARE MODE") // as a report does
	mustExit(t, 7, "--lock-wait", env, "up", "--lock-wait", "1ms")
	release()
	mustExit(t, 8, "run `todo migrate up`", env, "status", "--check")
	todo(t, env, "migrate", "status")
	todo(t, env, "migrate", "up")
	todo(t, env, "migrate", "status", "--check")

	dbtest.Exec(t, url, "REVOKE ALL ON users FROM todo_app")
	mustExit(t, 9, "`todo migrate repair", env, "up")
	mustExit(t, 9, "`todo migrate repair", env, "status", "--check")
	if out := todo(t, env, "migrate", "repair", "--apply"); !strings.Contains(out, "\nGRANT SELECT, DELETE, ") {
		t.Error(out)
	}
	if out := todo(t, env, "migrate", "repair"); out != "-- nothing is lost" {
		t.Error(out)
	}
	todo(t, env, "migrate", "status", "--check")

	dbtest.Exec(t, url, "UPDATE schema_migrations SET dirty = true")
	mustExit(t, 3, "todo migrate force", env, "status", "--check")
	mustExit(t, 3, "todo migrate force", env, "up")
	mustExit(t, 3, "todo migrate force", env, "status")
	dbtest.Exec(t, url, "UPDATE schema_migrations SET dirty = false, version = 999")
	mustExit(t, 6, "newer", env, "up")
	mustExit(t, 6, "newer", env, "status")
	mustExit(t, 6, "newer", env, "status", "--check")

	help := todo(t, nil, "migrate", "--help")
	for _, code := range exitCodes {
		if !strings.Contains(help, "\n  "+strconv.Itoa(code)+"  ") {
			t.Errorf("the help does not say what exit code %d means", code)
		}
	}
}

func TestMigratePrintsJSON(t *testing.T) {
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	env := environment(url)
	keys := func(args ...string) string {
		out, _, _ := runToEnd(t, env, append([]string{"migrate", "--json"}, args...)...)
		var object map[string]any
		if err := json.Unmarshal([]byte(out), &object); err != nil {
			t.Fatalf("%v: %v in %s", args, err, out)
		}
		flat, _ := json.Marshal(shape(object))
		return string(flat)
	}
	for _, c := range []struct{ args, want string }{
		{"plan", `{"migrations":[{"locks":"","name":"","sql":"","version":0}],"setup":""}`},
		{"up", `{"dirty":false,"steps":[{"direction":"","version":0}],"version":0}`},
		{"up", `{"dirty":false,"steps":[],"version":0}`},
		{"version", `{"dirty":false,"version":0}`},
		{"status", `{"dirty":false,"invalid_indexes":[],"latest":0,"migrations":[{"applied":true,"applied_at":"","name":"","version":0}],"running":null,"version":0}`},
		{"plan", `{"migrations":[],"setup":""}`},
		{"status --check", `{"dirty":false,"invalid_indexes":[],"latest":0,"migrations":[{"applied":true,"applied_at":"","name":"","version":0}],"running":null,"version":0}`},
		{"repair", `{"applied":false,"statements":[]}`},
		{"repair --apply", `{"applied":false,"statements":[]}`},
		{"goto 999", `{"error":{"exit_code":0,"kind":"","message":""}}`},
		{"goto", `{"error":{"exit_code":0,"kind":"","message":""}}`},
		{"upp", `{"error":{"exit_code":0,"kind":"","message":""}}`},
		{"up --wait soon", `{"error":{"exit_code":0,"kind":"","message":""}}`},
	} {
		if got := keys(strings.Fields(c.args)...); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
}

// shape is JSON without its strings and numbers, of an array the first element.
func shape(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = shape(value[key])
		}
		return value
	case []any:
		for _, first := range value {
			return []any{shape(first)}
		}
		return value
	case string:
		return ""
	case float64:
		return 0
	}
	return value
}

func TestMigrateLetsOneOfEightProcessesWork(t *testing.T) {
	env := append(environment(dbtest.NewEmpty(t, dbtest.NeonOwner)), "TODO_TEST_MIGRATIONS="+itemFiles(t))
	outs := make([]string, 8)
	var wg sync.WaitGroup
	for i := range outs {
		p := command(t, env, "migrate", "up")
		wg.Go(func() {
			if err := p.Run(); err != nil {
				t.Errorf("%v: %s", err, p.log)
			}
			outs[i] = p.out.String()
		})
	}
	wg.Wait()
	if idle := strings.Count(strings.Join(outs, ""), "nothing to do"); idle != 7 {
		t.Errorf("%d of 8 had nothing to do: %q", idle, outs)
	}
}

func TestMigrateCreateWritesTheNextPair(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"create_items", "add_item_color"} {
		out := todo(t, nil, "migrate", "create", name, "--dir", dir)
		up, down, _ := strings.Cut(out, "\n")
		if want := filepath.Join(dir, "00000"+strconv.Itoa(i+1)+"_"+name+".up.sql"); up != want {
			t.Errorf("%s, want %s", up, want)
		}
		for file, shape := range map[string]string{
			up:   `^-- Why: .+\n-- Locks: .+\nSET LOCAL lock_timeout = '2s';\n`,
			down: `^-- Why: .+\n-- Loses: nothing\.\n-- Locks: .+\nSET LOCAL lock_timeout = '2s';\n`,
		} {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(shape).Match(content) {
				t.Errorf("%s: %s", file, content)
			}
		}
	}
	mustExit(t, 2, "add_task_color", nil, "create", "../evil", "--dir", dir)
	mustExit(t, 2, "--dir", nil, "create", "add_x", "--dir", dir+"/none")
}

func TestMigrateStopsAtSIGTERMAfterTheFileThatIsBeingRun(t *testing.T) {
	url := dbtest.New(t, dbtest.NeonOwner)
	env := environment(url)
	release := dbtest.Lock(t, url, "tasks")
	p := command(t, env, "migrate", "--json", "goto", "3").start(t)
	dbtest.WaitForLock(t, url)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, p.log, "stopping after the file")
	release()
	err := p.wait(t)
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Errorf("%v: %s", err, p.log)
	}
	var said struct {
		Version uint
		Steps   []migration.Step
		Error   struct{ Message string }
	}
	if err := json.Unmarshal([]byte(p.out.String()), &said); err != nil || len(said.Steps) == 0 || said.Version != todosql.LatestVersion()-uint(len(said.Steps)) || said.Version == 3 || !strings.Contains(said.Error.Message, "interrupted with more to run") {
		t.Errorf("%v: %s", err, p.out)
	}
	if got := todo(t, env, "migrate", "version"); got != fmt.Sprint("version ", said.Version) {
		t.Error(got)
	}
}

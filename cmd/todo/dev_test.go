package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

// developing starts `todo dev` with its data in a folder.
func developing(t *testing.T, data string) *program {
	t.Helper()
	p := command(t, nil, "dev", "--addr", "127.0.0.1:0", "--data", data).start(t)
	p.waitFor(t, p.out, "Ctrl-C stops it")
	return p
}

// dataFolder returns a folder for data that any user can reach, since PostgreSQL
// does not run as root.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "todo-dev-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, ".data")
}

// printed returns the line that begins with a text.
func printed(t *testing.T, p *program, begins string) string {
	t.Helper()
	for line := range strings.Lines(p.out.String()) {
		if strings.HasPrefix(line, begins) {
			return line
		}
	}
	t.Fatalf("dev printed no line that begins with %q:\n%s", begins, p.out)
	return ""
}

// curls returns the commands that dev prints.
func curls(t *testing.T, p *program) (list, create string) {
	t.Helper()
	for line := range strings.Lines(p.out.String()) {
		switch {
		case strings.HasPrefix(line, "curl") && strings.Contains(line, " -d "):
			create = line
		case strings.HasPrefix(line, "curl"):
			list = line
		}
	}
	if list == "" || create == "" {
		t.Fatalf("dev printed no curls:\n%s", p.out)
	}
	return list, create
}

func shell(t *testing.T, line string) string {
	t.Helper()
	dbtest.Need(t, "curl")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl", "curl -sS", 1)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v %s", line, err, out)
	}
	return string(out)
}

func TestDevServesTheCommandsItPrintsAndKeepsTheData(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	first := developing(t, data)
	list, create := curls(t, first)
	if got := shell(t, list); got != "[]" {
		t.Errorf("the first list is %s", got)
	}
	if got := shell(t, create); !strings.Contains(got, `"title":"Buy milk"`) {
		t.Errorf("create replied %s", got)
	}
	shell(t, "TODO_TEST_MAIN=1 "+printed(t, first, "DATABASE_URL="))
	dbtest.Need(t, "psql")
	if got := shell(t, strings.TrimSuffix(printed(t, first, "psql "), "\n")+` -Atc "SELECT count(*) FROM tasks WHERE user_id = 'demo'"`); got != "21\n" {
		t.Errorf("after seed there are %s tasks", got)
	}
	refused(t, "ADDR", []string{"ADDR=" + port(t, list)}, "dev", "--data", data)
	second := command(t, nil, "dev", "--addr", "127.0.0.1:0", "--data", data)
	if err := second.Run(); err == nil || !strings.Contains(second.log.String(), data) {
		t.Errorf("a second dev on the same data: %v %s", err, second.log)
	}
	if err := first.stop(t, os.Interrupt); err != nil {
		t.Errorf("Ctrl-C: %v %s", err, first.log)
	}
	third := developing(t, data)
	list, _ = curls(t, third)
	if got := shell(t, list); !strings.Contains(got, `"title":"Buy milk"`) {
		t.Errorf("after a restart the list is %s", got)
	}
	if err := third.stop(t, syscall.SIGKILL); err == nil {
		t.Error("kill -9 ended well")
	}
	fourth := developing(t, data)
	list, _ = curls(t, fourth)
	if got := shell(t, list); !strings.Contains(got, `"title":"Buy milk"`) {
		t.Errorf("after a crash the list is %s", got)
	}
}

// port returns the address in a printed command.
func port(t *testing.T, curl string) string {
	t.Helper()
	_, rest, _ := strings.Cut(curl, "http://localhost:")
	number, _, _ := strings.Cut(rest, "/")
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+number, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	return "127.0.0.1:" + number
}

func TestDevPublishesAKeySetOfItsOwn(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	p := developing(t, data)
	list, _ := curls(t, p)
	address := port(t, list)
	if status, body := get(t, address, "/.well-known/jwks.json", ""); status != 200 || !strings.Contains(body, `"crv":"Ed25519"`) || strings.Contains(body, `"d":`) {
		t.Errorf("%d %s", status, body)
	}
	token := todo(t, nil, "token", "--user", "alice", "--key", filepath.Join(data, "key.pem"))
	if status, body := get(t, address, "/api/alice/tasks", token); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	for _, name := range []string{"key.pem", "secret"} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestServePublishesNoKeySet(t *testing.T) {
	t.Parallel()
	_, address := serving(t, environment(dbtest.New(t, dbtest.NeonOwner)))
	if status, _ := get(t, address, "/.well-known/jwks.json", ""); status != 404 {
		t.Errorf("serve replies %d to a request for a key set", status)
	}
}

func TestDocsPageIsFilledInByDevAndOffInServe(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	dev := command(t, []string{"DATABASE_URL=" + database}, "dev", "--addr", "127.0.0.1:0", "--data", dataFolder(t)).start(t)
	dev.waitFor(t, dev.out, "Ctrl-C stops it")
	list, _ := curls(t, dev)
	_, token, _ := strings.Cut(list, "Bearer ")
	token, _, _ = strings.Cut(token, "'")
	if status, body := get(t, port(t, list), "/docs", ""); status != 200 || !strings.Contains(body, token) || !strings.Contains(body, `"demo"`) {
		t.Errorf("dev: %d %s", status, body)
	}
	dev.waitFor(t, dev.out, "/docs")
	_, address := serving(t, environment(database))
	if status, body := get(t, address, "/docs", ""); status != 404 {
		t.Errorf("serve: %d %s", status, body)
	}
	_, address = serving(t, append(environment(database), "DOCS=true"))
	if status, body := get(t, address, "/docs", ""); status != 200 || strings.Contains(body, "eyJ") {
		t.Errorf("serve with DOCS: %d %s", status, body)
	}
}

func TestDevUsesTheGivenDatabaseAndMigratesItIfTold(t *testing.T) {
	t.Parallel()
	data, database := dataFolder(t), "DATABASE_URL="+dbtest.NewEmpty(t, dbtest.NeonOwner)
	arguments := []string{"dev", "--addr", "127.0.0.1:0", "--data", data}
	refused(t, "`todo dev --migrate` applies them", []string{database}, arguments...)
	if status := todo(t, []string{database}, "migrate", "plan"); !strings.Contains(status, "create_users") {
		t.Errorf("dev has migrated the database, though it was not told to: %s", status)
	}
	for _, more := range [][]string{{"--migrate"}, nil} { // then there is nothing to migrate
		p := command(t, []string{database}, append(arguments, more...)...).start(t)
		p.waitFor(t, p.out, "Ctrl-C stops it")
		list, _ := curls(t, p)
		if got := shell(t, list); got != "[]" {
			t.Error(got)
		}
		if strings.Contains(p.out.String(), "postgres:") {
			t.Errorf("dev prints the URL of a database that is not its own: %s", p.out)
		}
		if err := p.stop(t, os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(data, "postgres")); err == nil {
		t.Error("dev made a database of its own all the same")
	}
}

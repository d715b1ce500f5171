package sql_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/db/embedded"
)

var statsBlock = regexp.MustCompile("(?s)```sh\n([^`]*pg_stat_statements[^`]*)```\n\n```text figures\n(.*?)```")

// TestStatementsPageShowsWhatPsqlSays has a server of its own, since pg_stat_statements is
// loaded when PostgreSQL starts.
func TestStatementsPageShowsWhatPsqlSays(t *testing.T) {
	t.Parallel()
	dbtest.Need(t, "psql")
	shown := statsBlock.FindStringSubmatch(readFile(t, "README.md"))
	if shown == nil {
		t.Fatal("the page has no such block")
	}
	// It may run as another user, who must reach it.
	dir, err := os.MkdirTemp("", "todo-stats-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: dir + "/postgres", Progress: os.Stderr, Parameters: map[string]string{
		"fsync": "off", "shared_preload_libraries": "pg_stat_statements",
	}})
	if err != nil {
		t.Skipf("this PostgreSQL has no pg_stat_statements: %v", err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	url := server.URL()
	m := open(t, url)
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, url, "CREATE EXTENSION pg_stat_statements")
	pool, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	user := pool.As("alice")
	if err := user.SeedUser(t.Context(), db.SeedUserParams{UserID: "alice"}); err != nil {
		t.Fatal(err)
	}
	if _, err := user.SeedTasks(t.Context(), db.SeedTasksParams{UserID: "alice", Ids: []uuid.UUID{uuid.New()}, Titles: []string{"Buy milk"}, Completed: []bool{false}}); err != nil {
		t.Fatal(err)
	}
	if _, err := user.CreateTask(t.Context(), db.CreateTaskParams{UserID: "alice", ID: uuid.New(), Title: "Buy milk", Priority: "medium", Tags: []string{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := user.ListTasks(t.Context(), db.ListTasksParams{UserID: "alice", PageSize: 10}); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "bash", "-c", shown[1])
	c.Env = append(os.Environ(), "DATABASE_URL_UNPOOLED="+url, "LC_ALL=C")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Which query took longest is of the moment.
	if got, want := sortedLines(string(out)), sortedLines(shown[2]); got != want {
		t.Errorf("psql says\n%s\nthe page\n%s", got, want)
	}
}

func sortedLines(output string) string {
	lines := strings.Split(figure.ReplaceAllString(cells(output), "0"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

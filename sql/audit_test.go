package sql_test

import (
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// shown is SQL on the DBA's page with the output that follows it, whose figures may differ
// where it says so.
var shown = regexp.MustCompile("(?s)```sql\n(.*?)```\n\n```text( figures)?\n(.*?)```")

// figure is what differs from one database to another of the same shape.
var figure = regexp.MustCompile(`\d[\d.,-]*`)

func TestAuditPageShowsWhatPsqlSays(t *testing.T) {
	t.Parallel()
	psql := dbtest.Need(t, "psql")
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	database := dbtest.New(t, dbtest.NeonOwner)
	super := dbtest.SuperuserURL(t, database)
	for _, sql := range []string{
		"INSERT INTO users (id) VALUES ('user1'), ('user2'), ('user3')",
		"INSERT INTO tasks (user_id, id, title) SELECT 'user' || 1 + n % 2, gen_random_uuid(), 'Buy milk' FROM generate_series(0, 8) AS n",
		"UPDATE users SET version = version + 1",
		"UPDATE tasks SET completed = true",
		"VACUUM ANALYZE",
	} {
		dbtest.Exec(t, super, sql)
	}
	// What belongs to an extension is no hole: this one has views in public for everybody.
	if dbtest.Value[bool](t, super, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')") {
		dbtest.Exec(t, super, "CREATE EXTENSION pg_stat_statements SCHEMA public")
	}
	// A server is connected.
	pool := dbtest.Pool(t, database)
	if _, err := pool.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.As("user1").GetVersion(t.Context(), db.GetVersionParams{UserID: "user1"}); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	blocks := shown.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 19 {
		t.Fatalf("the page shows the output of %d blocks of SQL only", len(blocks))
	}
	for _, block := range blocks {
		c := exec.CommandContext(t.Context(), psql, "-X", "-d", database)
		c.Stdin = strings.NewReader(block[1])
		c.Env = append(os.Environ(), "PGOPTIONS=", "LC_ALL=C")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s%v: %s", block[1], err, out)
		}
		got, want := cells(strings.ReplaceAll(string(out), u.User.Username(), "todo_owner")), cells(block[3])
		if block[2] != "" {
			got, want = figure.ReplaceAllString(got, "0"), figure.ReplaceAllString(want, "0")
		}
		if got != want {
			t.Errorf("%s\npsql says\n%s\nthe page\n%s", block[1], got, want)
		}
	}
}

// cells is what psql prints without what depends on the roles that other databases
// of the server have: the width of columns, and the rows of roles that are not this
// database's own.
func cells(output string) string {
	roles := strings.Contains(output, "bypasses_rls")
	var lines []string
	for line := range strings.Lines(output) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		line = strings.Join(cells, "|")
		if strings.Trim(line, "-+") == "" || roles && cells[0] != "todo_app" && cells[0] != "todo_owner" {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

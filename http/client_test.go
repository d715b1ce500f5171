package http_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/http/npmtest"
)

// runIn runs a program in a folder and shows what it says.
func runIn(t *testing.T, dir string, environment []string, name string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Env = dir, append(os.Environ(), environment...)
	said, err := command.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Fatalf("%s %s: %v", filepath.Base(name), strings.Join(args, " "), err)
	}
}

func TestContractTypedClientUsesEveryOperation(t *testing.T) {
	t.Parallel()
	node := dbtest.Need(t, "node")
	dir := npmtest.Install(t, "testdata/client")
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), withDocs)
	bin := filepath.Join(dir, "node_modules", ".bin")
	runIn(t, dir, nil, filepath.Join(bin, "openapi-typescript"), a.url+"/openapi.yaml", "-o", "api.ts")
	runIn(t, dir, nil, filepath.Join(bin, "tsc"))
	const user = "ada/lovelace & co" // An id is opaque: the client must encode it.
	runIn(t, dir, []string{"API_URL=" + a.url, "API_TOKEN=" + token(t, user), "API_USER=" + user}, node, "todomvc.js")

	unused := unusedOperations(t, a)
	// A line is logged after its reply is sent.
	for deadline := time.Now().Add(10 * time.Second); len(unused) > 0 && time.Now().Before(deadline); unused = unusedOperations(t, a) {
		time.Sleep(5 * time.Millisecond)
	}
	for operation := range unused {
		t.Errorf("the client never made a %s that succeeded", operation)
	}
}

// unusedOperations are those of the contract that the server's log has no success of.
func unusedOperations(t *testing.T, a *api) map[string]bool {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			unused[method+" "+path] = true
		}
	}
	for line := range strings.Lines(a.log.String()) {
		var entry struct {
			Msg, Method, Route string
			Status             int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Msg == "request" && entry.Status < 300 {
			delete(unused, entry.Method+" "+entry.Route)
		}
	}
	return unused
}

func TestContractLintsClean(t *testing.T) {
	t.Parallel()
	dbtest.Need(t, "node")
	redocly := filepath.Join(npmtest.Install(t, "testdata/client"), "node_modules", ".bin", "redocly")
	quiet := []string{"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true"}
	runIn(t, ".", quiet, redocly, "lint", "--config", "redocly.yaml", "openapi.yaml")
}

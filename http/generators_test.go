//go:build generators

package http_test

import (
	"path/filepath"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/http/npmtest"
)

// installGenerators returns a folder with the generators of testdata/generators, which
// package-lock.json and go.sum pin, and with the contract.
func installGenerators(t *testing.T) (dir string, npm func(name string, args ...string)) {
	t.Helper()
	dbtest.Need(t, "node")
	dir = npmtest.Install(t, "testdata/generators")
	runIn(t, ".", nil, "cp", "openapi.yaml", dir)
	return dir, func(name string, args ...string) {
		t.Helper()
		runIn(t, dir, nil, filepath.Join(dir, "node_modules", ".bin", name), args...)
	}
}

func TestContractIsCleanToSpectral(t *testing.T) {
	t.Parallel()
	_, npm := installGenerators(t)
	npm("spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", "openapi.yaml")
}

func TestContractMakesTypeScriptClients(t *testing.T) {
	t.Parallel()
	_, npm := installGenerators(t)
	npm("openapi-typescript", "openapi.yaml", "-o", "types.ts")
	npm("openapi-ts", "--input", "openapi.yaml", "--output", "hey")
	npm("orval", "--config", "orval.config.json")
	npm("tsc")
}

func TestContractMakesGoClientsThatWork(t *testing.T) {
	t.Parallel()
	dir, _ := installGenerators(t)
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner))
	for name, generate := range map[string][]string{
		"oapi": {"oapi-codegen", "-generate", "types,client", "-package", "api", "-o", "oapi/api/api.go", "openapi.yaml"},
		"ogen": {"ogen", "--target", "ogen/api", "--package", "api", "openapi.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			runIn(t, dir, nil, "mkdir", "-p", name+"/api")
			runIn(t, dir, nil, "go", append([]string{"tool"}, generate...)...)
			user := name + "/of some & co" // An id is opaque: the client must encode it.
			runIn(t, dir, []string{"API_URL=" + a.url, "API_TOKEN=" + token(t, user), "API_USER=" + user}, "go", "run", "./"+name)
		})
	}
}

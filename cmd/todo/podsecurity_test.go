//go:build manifests

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManifestsPassPodSecurityRestricted asks the admission controller's own code, in a
// module of its own: what it depends on is not this program's.
func TestManifestsPassPodSecurityRestricted(t *testing.T) {
	check := filepath.Join(t.TempDir(), "manifests")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", check, ".")
	build.Dir = "testdata/manifests"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ask := func(manifests string) (string, error) {
		command := exec.CommandContext(t.Context(), check)
		command.Stdin = strings.NewReader(manifests)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	page := manifests(t)
	if out, err := ask(page); err != nil || strings.Count(out, "\n") != strings.Count(page, "\nkind: ") {
		t.Errorf("%v: %s", err, out)
	}
	// It bites: for the job, which comes first, and for the servers.
	for needed, without := range map[string]string{
		"type: RuntimeDefault": "type: Unconfined", "runAsNonRoot: true": "runAsNonRoot: false",
		"allowPrivilegeEscalation: false": "allowPrivilegeEscalation: true", "drop: [ALL]": "drop: []",
	} {
		for _, n := range []int{strings.Index(page, needed), strings.LastIndex(page, needed)} {
			out, err := ask(page[:n] + without + page[n+len(needed):])
			if err == nil || !strings.Contains(out, "must") {
				t.Errorf("%q is not needed: %v %s", needed, err, out)
			}
		}
	}
	if out, err := ask(strings.Replace(page, "maxUnavailable: 1", "maxUnavailble: 1", 1)); err == nil || !strings.Contains(out, "maxUnavailble") {
		t.Errorf("a misspelt field is taken: %v %s", err, out)
	}
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.*)$`)
	pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
)

// TestWorkflowsPinWhatTheyRun: a tag can be moved to other code, which then has the
// secrets of production. The comment is what people and Dependabot read.
func TestWorkflowsPinWhatTheyRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../.github/workflows/*.y*ml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range uses.FindAllStringSubmatch(string(content), -1) {
			if !strings.HasPrefix(match[1], "./") && !pinned.MatchString(match[1]) {
				t.Errorf("%s uses %q: name the commit, with its version behind it, as in owner/action@<40 digits> # v1.2.3", filepath.Base(file), match[1])
			}
		}
	}
}

func TestWorkflowsRollOutAndReleaseWhatPassedTheTests(t *testing.T) {
	t.Parallel()
	for file, job := range map[string]string{"deploy.yml": "production", "release.yml": "release"} {
		content, err := os.ReadFile(filepath.Join("../../.github/workflows", file))
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Jobs map[string]struct{ Needs, Uses string }
		}
		if err := yaml.Unmarshal(content, &workflow); err != nil {
			t.Fatal(err)
		}
		if needs := workflow.Jobs[job].Needs; workflow.Jobs[needs].Uses != "./.github/workflows/test.yml" {
			t.Errorf("%s: %s needs %q, which does not run the tests", file, job, needs)
		}
	}
}

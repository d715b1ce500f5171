//go:build generators

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	"github.com/securetodo/securetodo/http/npmtest"
)

// fileLine begins a file within a block.
var fileLine = regexp.MustCompile(`^// ([a-z]+\.ts)\b`)

// snippets returns the files of the TypeScript blocks of auth/README.md, by the section
// they stand in.
func snippets(t *testing.T) map[string]map[string]string {
	t.Helper()
	content, err := os.ReadFile("../../auth/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]map[string]string{}
	section, file, inBlock := "any", "", false
	for line := range strings.Lines(string(content)) {
		switch begins := fileLine.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "## "):
			section = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(line), "-"), "-")
		case strings.HasPrefix(line, "```ts"):
			inBlock, file = true, ""
		case strings.HasPrefix(line, "```"):
			inBlock = false
		case !inBlock:
		case begins != nil:
			file = begins[1]
			if sections[section] == nil {
				sections[section] = map[string]string{}
			}
			sections[section][file] = line
		case file == "":
			t.Fatalf("the block of %s does not begin with the name of its file: %s", section, line)
		default:
			sections[section][file] += line
		}
	}
	return sections
}

func mustRun(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSnippetsCompileWithTheIssuersPackages has each issuer's login beside the function
// that calls it.
func TestSnippetsCompileWithTheIssuersPackages(t *testing.T) {
	t.Parallel()
	dbtest.Need(t, "node")
	dir := npmtest.Install(t, "../../auth/testdata/snippets")
	sections := snippets(t)
	api := sections["any"]["api.ts"]
	delete(sections, "any")
	if len(sections) != 6 || api == "" {
		t.Fatalf("%d issuers have snippets, want 6", len(sections))
	}
	for section, files := range sections {
		if files["login.ts"] == "" {
			t.Errorf("%s has no login", section)
		}
		write(t, filepath.Join(dir, "issuers", section, "api.ts"), api)
		for name, content := range files {
			write(t, filepath.Join(dir, "issuers", section, name), content)
		}
	}
	mustRun(t, dir, filepath.Join("node_modules", ".bin", "tsc"))
}

// TestSnippetsSendHeadersOfAnyKind calls the function with each kind that fetch takes.
func TestSnippetsSendHeadersOfAnyKind(t *testing.T) {
	t.Parallel()
	node := dbtest.Need(t, "node")
	dir := npmtest.Install(t, "../../auth/testdata/snippets")
	write(t, filepath.Join(dir, "run", "api.ts"), snippets(t)["any"]["api.ts"])
	write(t, filepath.Join(dir, "run", "login.ts"), "export const login = async () => ({ userId: 'auth0|1/2', token: 'secret' })\n")
	write(t, filepath.Join(dir, "run", "main.ts"), `
import { api } from './api'
globalThis.fetch = async (url, init) => {
  const h = new Headers(init?.headers)
  console.log(init?.method, url, h.get('if-match'), h.get('content-type'), h.get('authorization'))
  return new Response()
}
const own = { 'If-Match': '"7"', 'Content-Type': 'application/merge-patch+json', authorization: 'Basic x' }
async function main() {
  await api('/tasks')
  for (const headers of [own, Object.entries(own) as [string, string][], new Headers(own)]) await api('/tasks/1', { method: 'PATCH', headers })
}
main()
`)
	mustRun(t, dir, filepath.Join("node_modules", ".bin", "tsc"), "--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10", "--types", "node", "run/main.ts")
	const patch = `PATCH https://api.example/api/auth0%7C1%2F2/tasks/1 "7" application/merge-patch+json Bearer secret` + "\n"
	want := "undefined https://api.example/api/auth0%7C1%2F2/tasks null application/json Bearer secret\n" + strings.Repeat(patch, 3)
	if got := mustRun(t, dir, node, "run/main.js"); got != want {
		t.Errorf("it sends\n%swant\n%s", got, want)
	}
}

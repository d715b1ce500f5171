package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestVersionSaysWhatItWasBuiltFrom builds without .git, as an image is built.
func TestVersionSaysWhatItWasBuiltFrom(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "todo")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "-ldflags",
		"-X main.version=v1.2.3 -X main.commit=0123456789abcdef0123456789abcdef01234567 -X main.date=2026-11-26T12:00:00+02:00", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	print := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), program, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if got, want := print("version"), "todo v1.2.3 (0123456789ab, 2026-11-26T10:00:00Z, "+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")\n"; got != want {
		t.Errorf("version prints %q, want %q", got, want)
	}
	if got := print("--version"); !strings.Contains(got, "v1.2.3") {
		t.Errorf("--version prints %q", got)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(print("version", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"version": "v1.2.3", "commit": "0123456789abcdef0123456789abcdef01234567", "date": "2026-11-26T10:00:00Z",
		"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("version --json has %s %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("version --json has %v", got)
	}
}

func TestVersionIsKnownWithoutTheLinkersHelp(t *testing.T) {
	t.Parallel()
	if got := todo(t, nil, "version"); !strings.HasPrefix(got, "todo (devel) (") && !strings.HasPrefix(got, "todo v") || !strings.HasSuffix(got, runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")") {
		t.Errorf("version prints %q", got)
	}
}

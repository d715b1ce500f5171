package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// What the linker is told (-ldflags "-X main.version=…"); empty where it was told
// nothing, as by `go install`.
var (
	version string // the release, such as v0.1.0, or what git describe says
	commit  string // whole
	date    string // of the commit, RFC 3339, so that who builds it again gets the same bytes
)

// buildInfo is what is known of this program, as `todo version --json` prints it.
type buildInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // empty if unknown
	Date    string `json:"date"`   // of the commit, in UTC; empty if unknown
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// build is what the linker was told, and for the rest what Go recorded, which has
// neither commit nor date where .git was not there.
func build() buildInfo {
	b := buildInfo{Version: version, Commit: commit, Date: date, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if recorded, ok := debug.ReadBuildInfo(); ok {
		settings := map[string]string{}
		for _, setting := range recorded.Settings {
			settings[setting.Key] = setting.Value
		}
		for _, missing := range []struct {
			field *string
			value string
		}{{&b.Version, recorded.Main.Version}, {&b.Commit, settings["vcs.revision"]}, {&b.Date, settings["vcs.time"]}} {
			if *missing.field == "" {
				*missing.field = missing.value
			}
		}
	}
	if t, err := time.Parse(time.RFC3339, b.Date); err == nil {
		b.Date = t.UTC().Format(time.RFC3339)
	}
	if b.Version == "" {
		b.Version = "unknown"
	}
	return b
}

// String is one line: todo v0.1.0 (0123456789ab, 2026-11-26T10:00:00Z, go1.26.0, linux/amd64).
func (b buildInfo) String() string {
	s := "todo " + b.Version + " ("
	if b.Commit != "" {
		s += fmt.Sprintf("%.12s, ", b.Commit)
	}
	if b.Date != "" {
		s += b.Date + ", "
	}
	return s + b.Go + ", " + b.OS + "/" + b.Arch + ")"
}

func versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, its date, Go's version and the system this program is built for",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(build())
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), build())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}

//go:build unix

package embedded

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const superuser = "postgres"

// dataMajor is the major version that made the data, 0 where there is none yet.
func (h *home) dataMajor() (int, error) {
	content, err := os.ReadFile(filepath.Join(h.dataDir(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, _ := os.ReadDir(h.dataDir()); len(entries) == 0 {
			return 0, nil
		}
	}
	major, errNumber := strconv.Atoi(strings.TrimSpace(string(content)))
	if err = errors.Join(err, errNumber); err != nil || major < oldestMajor {
		return 0, fmt.Errorf("%s is not the data of PostgreSQL %d or newer (its PG_VERSION is %q): it is left as it is; "+
			"dump it with its own version, or move the folder away to begin with an empty database", h.dataDir(), oldestMajor, content)
	}
	return major, nil
}

// password makes one for a new database and keeps it for the next start.
func (h *home) password(fresh bool) (string, error) {
	content, _ := os.ReadFile(h.path("password"))
	if password := strings.TrimSpace(string(content)); password != "" {
		return password, nil
	}
	if !fresh {
		return "", fmt.Errorf("%s cannot be read or is empty, and the data beside it cannot be opened without: "+
			"restore it, or move the folder away to begin with an empty database", h.path("password"))
	}
	password := rand.Text()
	return password, h.run("cat >password", password+"\n")
}

// utf8Locale sorts by code point everywhere; plain C does so too, but knows
// upper and lower case in ASCII only.
var utf8Locale = regexp.MustCompile(`(?im)^C\.UTF-?8$`)

// initdb makes the data in a folder that gets its name when it is whole: what an
// interrupted start left is begun anew, and no data is ever removed.
func (h *home) initdb(ctx context.Context, i installation, durable bool) error {
	if err := h.run("rm -rf data.unfinished", ""); err != nil {
		return fmt.Errorf("removing what an interrupted start left: %w", err)
	}
	locales, _ := exec.CommandContext(ctx, "locale", "-a").Output()
	args := []string{
		"-D", "data.unfinished", "-U", superuser, "--pwfile", "password", "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", cmp.Or(string(utf8Locale.Find(locales)), "C"), "--no-instructions",
	}
	if !durable {
		args = append(args, "--no-sync")
	}
	p, err := h.start(ctx, filepath.Join(i.bin, "initdb"), args...)
	if err != nil {
		return err
	}
	<-p.ended
	if !p.cmd.ProcessState.Success() {
		return h.failed("making the database", p)
	}
	return h.run("{ rmdir data 2>/dev/null; mv data.unfinished data; }", "")
}

//go:build image

package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// maxImage is in bytes. OpenTelemetry's exporter takes 7 MB of it.
const maxImage = 32 << 20

// buildah is the command with a storage of its own, which is gone after the test.
func buildah(t *testing.T) []string {
	t.Helper()
	root := t.TempDir()
	return []string{dbtest.Need(t, "buildah"), "--storage-driver", "vfs", "--root", filepath.Join(root, "root"), "--runroot", filepath.Join(root, "run")}
}

func shellOut(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = exit.Stderr
		}
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestImageHoldsTheProgramAloneAndServesAsNobody(t *testing.T) {
	buildah := buildah(t)
	const version, commit, date = "v1.2.3", "0123456789abcdef0123456789abcdef01234567", "2026-11-26T10:00:00Z"
	shellOut(t, "make", "-s", "-C", "../..", "image", "BUILDAH="+strings.Join(buildah, " "), "VERSION="+version, "COMMIT="+commit, "DATE="+date)

	archive := filepath.Join(t.TempDir(), "image.tar")
	shellOut(t, append(buildah, "push", "-q", "todo", "docker-archive:"+archive)...)
	image := readImage(t, archive)
	if want := []string{"etc/ssl/certs/ca-certificates.crt", "todo"}; !slices.Equal(image.files, want) {
		t.Errorf("the image holds %q, want %q: no shell and no package", image.files, want)
	}
	if image.size > maxImage {
		t.Errorf("the image has %d bytes, more than %d", image.size, maxImage)
	}
	t.Logf("%d bytes", image.size)
	if user, _, _ := strings.Cut(image.Config.User, ":"); number(user) < 1 {
		t.Errorf("it runs as %q, which must be a number and not root", image.Config.User)
	}
	if want := []string{"CMD", "/todo", "health"}; !slices.Equal(image.Config.Healthcheck.Test, want) {
		t.Errorf("its health check is %q, want %q", image.Config.Healthcheck.Test, want)
	}

	for name, want := range map[string]string{"version": version, "revision": commit, "created": date, "licenses": "MIT"} {
		if got := image.Config.Labels["org.opencontainers.image."+name]; got != want {
			t.Errorf("its label %s is %q, want %q", name, got, want)
		}
	}

	container := shellOut(t, append(buildah, "from", "todo")...)
	database, address := dbtest.New(t, dbtest.NeonOwner), freeAddress(t)
	inside := func(command ...string) []string {
		args := append(slices.Clone(buildah), "run", "--isolation", "chroot")
		for _, variable := range environment(database, "ADDR="+address, "DRAIN=0s") {
			args = append(args, "--env", variable)
		}
		return append(append(args, container, "--"), command...)
	}
	if said := shellOut(t, inside("/todo", "version")...); !strings.HasPrefix(said, "todo "+version+" ("+commit[:12]+", "+date+", ") {
		t.Errorf("todo version in it says %q", said)
	}
	serve := inside(append(image.Config.Entrypoint, image.Config.Cmd...)...)
	p := &program{Cmd: exec.Command(serve[0], serve[1:]...), out: &output{}, log: &output{}, ended: make(chan error, 1)}
	p.Stdout, p.Stderr = p.out, p.log
	p.start(t)
	p.waitFor(t, p.log, `"msg":"listening"`)
	if status, body := get(t, address, "/health", ""); status != 200 {
		t.Errorf("/health: %d %s", status, body)
	}
	shellOut(t, inside(image.Config.Healthcheck.Test[1:]...)...)
	if owner := ownerOf(t, "ADDR="+address); owner != image.Config.User {
		t.Errorf("the process runs as %s, the image says %s", owner, image.Config.User)
	}
}

// image is what Docker's archive says of an image.
type image struct {
	Config struct {
		User            string
		Entrypoint, Cmd []string
		Healthcheck     struct{ Test []string }
		Labels          map[string]string
	}
	files []string
	size  int64 // of the files in all layers
}

func readImage(t *testing.T, archive string) (i image) {
	t.Helper()
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(member(t, archive, "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(member(t, archive, manifest[0].Config), &i); err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest[0].Layers {
		files := tar.NewReader(strings.NewReader(string(member(t, archive, layer))))
		for header, err := files.Next(); err != io.EOF; header, err = files.Next() {
			if err != nil {
				t.Fatal(err)
			}
			if header.Typeflag != tar.TypeDir {
				i.files = append(i.files, strings.TrimPrefix(header.Name, "/"))
				i.size += header.Size
			}
		}
	}
	slices.Sort(i.files)
	return i
}

// member is a file of an archive, found through the links that lead to it.
func member(t *testing.T, archive, name string) []byte {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := tar.NewReader(f)
	for header, err := files.Next(); err == nil; header, err = files.Next() {
		if header.Name == name && header.Typeflag == tar.TypeSymlink {
			return member(t, archive, filepath.Join(filepath.Dir(name), header.Linkname))
		}
		if header.Name == name {
			content, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			return content
		}
	}
	t.Fatalf("the image has no %s", name)
	return nil
}

// ownerOf is uid:gid of /todo with this variable in its environment.
func ownerOf(t *testing.T, variable string) string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		process := filepath.Dir(path)
		variables, _ := os.ReadFile(path)
		name, _ := os.ReadFile(filepath.Join(process, "comm"))
		if string(name) != "todo\n" || !slices.Contains(strings.Split(string(variables), "\x00"), variable) {
			continue
		}
		status, err := os.ReadFile(filepath.Join(process, "status"))
		if err != nil {
			t.Fatal(err)
		}
		var ids [2]string
		for line := range strings.Lines(string(status)) {
			for i, name := range []string{"Uid:", "Gid:"} {
				if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
					ids[i] = fields[2] // the effective one
				}
			}
		}
		return strings.Join(ids[:], ":")
	}
	t.Fatalf("no todo runs with %s", variable)
	return ""
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// freeAddress is one where nothing listens: a container's port must be known before
// it starts.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

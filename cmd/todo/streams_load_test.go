//go:build load

package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
)

const (
	idleStreams = 5000
	// maxStreamKiB is the most resident memory of the server for each of them.
	maxStreamKiB = 32
	// settling covers three comments to every stream and a few garbage collections.
	settling = 45 * time.Second
)

// residentKiB is the resident memory of a process, which Linux tells.
func residentKiB(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip(err)
	}
	resident := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if resident == nil {
		t.Fatalf("no resident memory in %s", status)
	}
	n, err := strconv.Atoi(string(resident[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// needFiles skips a test that opens more connections than the limit allows; Go raises
// the soft limit to the hard one.
func needFiles(t *testing.T, most uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < most {
		t.Skipf("at most %d open files are allowed, and %d are needed: ulimit -n", limit.Cur, most)
	}
}

// post returns the status of the reply.
func post(t *testing.T, address, path, token, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestServeHoldsThousandsOfIdleStreams has a server with 5,000 streams, of as many users
// and of few, and another one that writes.
func TestServeHoldsThousandsOfIdleStreams(t *testing.T) {
	needFiles(t, 3*idleStreams) // a server keeps room for other clients
	for _, each := range []int{1, 20} {
		t.Run(fmt.Sprintf("%d a user", each), func(t *testing.T) {
			env := environment(dbtest.New(t, dbtest.NeonOwner), "GODEBUG=gctrace=1")
			p, address := serving(t, env)
			_, elsewhere := serving(t, env)
			openStreams(t, address, "other", 20, 1)
			before := residentKiB(t, p.Process.Pid)
			start := time.Now()
			streams := openStreams(t, address, "user", idleStreams, each)
			t.Logf("opened %d streams in %s", idleStreams, time.Since(start).Round(time.Millisecond))
			time.Sleep(settling)
			took := float64(residentKiB(t, p.Process.Pid)-before) / idleStreams
			collections := regexp.MustCompile(`(?m)^gc .*`).FindAllString(p.log.String(), -1)
			t.Logf("%.1f KiB of resident memory a stream; %s", took, collections[len(collections)-1])
			if took > maxStreamKiB {
				t.Errorf("a stream takes %.1f KiB, more than %d", took, maxStreamKiB)
			}

			var slowest time.Duration
			for n := 0; n < idleStreams; n += idleStreams / 10 {
				user := fmt.Sprint("user", n/each)
				token, err := auth.SignHS256([]byte(testSecret), auth.Policy{}, auth.Identity{UserID: user}, time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if status := post(t, elsewhere, "/api/"+user+"/tasks", token, `{"title":"written elsewhere"}`); status != 201 {
					t.Fatalf("POST: %d", status)
				}
				for event := ""; !strings.Contains(event, "written elsewhere"); {
					if event, err = streams[n].next(); err != nil {
						t.Fatal(err)
					}
				}
				slowest = max(slowest, time.Since(start))
			}
			t.Logf("told of another server's write within %s", slowest.Round(time.Millisecond))

			start = time.Now()
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			waits := ends(t, streams)
			if err := p.wait(t); err != nil {
				t.Errorf("serve ended with %v", err)
			}
			t.Logf("stopped in %s; the clients come back after %s to %s, half of them after %s",
				time.Since(start).Round(time.Millisecond), waits[0], waits[len(waits)-1], waits[len(waits)/2])
		})
	}
}

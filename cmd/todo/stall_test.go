//go:build release

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db/dbtest"
	todosql "github.com/securetodo/securetodo/sql"
)

const (
	loadTasks   = 1_000_000
	loadUsers   = 20_000
	loadWorkers = 8
	// loadUsersAtWork have tokens.
	loadUsersAtWork = 16
	// controlRequests are made without a migration, to compare with.
	controlRequests = 2000

	maxStall = time.Second
	// stallAttempts are for a machine that is busy with something else.
	stallAttempts = 5
)

// TestMigrationsStallNoRequestUnderLoad has the server of the release before at full
// speed on 1,000,000 tasks, and then each migration that it lacks. It prints how
// long the longest request took that was under way during each.
func TestMigrationsStallNoRequestUnderLoad(t *testing.T) {
	previous := dbtest.PreviousRelease(t, "../..")
	url := dbtest.NewEmpty(t, dbtest.NeonOwner)
	env := environment(url)
	todo(t, env, "migrate", "goto", strconv.Itoa(int(previous.Version)))
	start := time.Now()
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf(`
		SET session_replication_role = replica; -- the foreign key holds: no row of it is asked for
		INSERT INTO users (id) SELECT 'user' || n FROM generate_series(0, %[2]d - 1) AS n;
		INSERT INTO tasks (user_id, id, title, created_at)
		SELECT 'user' || n %% %[2]d, gen_random_uuid(), 'task ' || n, now() - n * interval '1 second' FROM generate_series(1, %[1]d) AS n`, loadTasks, loadUsers))
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), "VACUUM ANALYZE")
	t.Logf("%d tasks loaded in %s", loadTasks, time.Since(start).Round(time.Millisecond))
	load := startLoad(t, serveRelease(t, previous, env), env)

	newest := todosql.LatestVersion()
	for version := previous.Version + 1; version <= newest; version++ {
		for attempt := 1; ; attempt++ {
			control := load.longest(func() { load.waitFor(t, controlRequests) })
			stall := load.longest(func() { todo(t, env, "migrate", "goto", strconv.Itoa(int(version))) })
			t.Logf("migration %d: the longest request took %s; without a migration %s", version, stall, control)
			if stall <= maxStall {
				break
			}
			if attempt == stallAttempts {
				t.Fatalf("migration %d blocked a request for %s, more than %s, in each of %d attempts", version, stall, maxStall, attempt)
			}
			todo(t, env, "migrate", "goto", strconv.Itoa(int(version-1)))
		}
	}
	if failed := load.failed.Load(); failed > 0 {
		t.Errorf("%d of %d requests failed, such as: %v", failed, load.done.Load(), load.failure.Load())
	}
	t.Logf("%d requests in all", load.done.Load())

	// The check bites: rewrites block for as long as they take.
	stall := load.longest(func() {
		dbtest.Exec(t, url, "ALTER TABLE tasks ALTER COLUMN title TYPE varchar(255); ALTER TABLE tasks ALTER COLUMN description TYPE varchar(1000)")
	})
	t.Logf("a migration that rewrites: the longest request took %s", stall)
	if stall <= maxStall {
		t.Errorf("a rewrite of %d tasks was not noticed: the longest request took %s", loadTasks, stall)
	}
}

// serveRelease builds and starts another release's server and returns its address.
func serveRelease(t *testing.T, release dbtest.Release, environment []string) string {
	t.Helper()
	binary := filepath.Join(release.Dir, "bin", "todo")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/todo")
	build.Dir = release.Dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building release %s: %v\n%s", release.Commit, err, out)
	}
	p := &program{Cmd: exec.Command(binary, "serve", "--addr", "127.0.0.1:0"), out: &output{}, log: &output{}, ended: make(chan error, 1)}
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DRAIN=0s"}, environment...)
	p.Stdout, p.Stderr = p.out, p.log
	p.start(t)
	var line struct{ Address string }
	if err := json.Unmarshal([]byte(p.waitFor(t, p.log, `"msg":"listening"`)), &line); err != nil {
		t.Fatal(err)
	}
	return line.Address
}

// load is users at work until the test ends.
type load struct {
	address      string
	client       http.Client
	tokens       map[string]string // by user
	done, failed atomic.Int64
	failure      atomic.Value // of a request that failed, as a text

	mu       sync.Mutex
	underWay map[int]time.Time // since when, by worker
	worst    time.Duration     // since longest began to look
}

func startLoad(t *testing.T, address string, environment []string) *load {
	t.Helper()
	l := &load{address: address, tokens: map[string]string{}, underWay: map[int]time.Time{}}
	l.client.Transport = &http.Transport{MaxIdleConnsPerHost: loadWorkers}
	var users []string
	for n := range loadUsersAtWork {
		users = append(users, fmt.Sprint("user", n))
		l.tokens[users[n]] = todo(t, environment, "token", "--user", users[n])
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	for worker := range loadWorkers {
		wg.Go(func() {
			for ctx.Err() == nil {
				l.work(ctx, worker, users[rand.IntN(len(users))])
			}
		})
	}
	t.Cleanup(func() { stop(); wg.Wait() })
	return l
}

// work is what one user does with one task, which is gone in the end.
func (l *load) work(ctx context.Context, worker int, user string) {
	tasks := "/api/" + user + "/tasks"
	body := l.request(ctx, worker, user, "POST", tasks, `{"title":"under load"}`)
	var task struct{ ID uuid.UUID }
	if err := json.Unmarshal(body, &task); err != nil {
		return // counted as failed
	}
	path := tasks + "/" + task.ID.String()
	l.request(ctx, worker, user, "GET", tasks, "")
	l.request(ctx, worker, user, "GET", path, "")
	l.request(ctx, worker, user, "PUT", path, `{"title":"under more load"}`)
	l.request(ctx, worker, user, "PATCH", path+"/complete", "")
	l.request(ctx, worker, user, "DELETE", path, "")
}

func (l *load) request(ctx context.Context, worker int, user, method, path, body string) []byte {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+l.address+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+l.tokens[user])
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	begin := time.Now()
	l.mu.Lock()
	l.underWay[worker] = begin
	l.mu.Unlock()
	status, reply, err := l.send(request)
	l.mu.Lock()
	delete(l.underWay, worker)
	l.worst = max(l.worst, time.Since(begin))
	l.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	l.done.Add(1)
	if err != nil || status >= 300 {
		l.failed.Add(1)
		l.failure.Store(fmt.Sprintf("%s %s: %d %s %v", method, path, status, reply, err))
	}
	return reply
}

func (l *load) send(request *http.Request) (status int, reply []byte, err error) {
	response, err := l.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	reply, err = io.ReadAll(response.Body)
	return response.StatusCode, reply, err
}

// longest returns how long the longest request took of those that were under way
// while do ran.
func (l *load) longest(do func()) time.Duration {
	l.mu.Lock()
	l.worst = 0
	l.mu.Unlock()
	do()
	end := time.Now()
	for {
		l.mu.Lock()
		worst, open := l.worst, false
		for _, since := range l.underWay {
			open = open || since.Before(end)
		}
		l.mu.Unlock()
		if !open {
			return worst.Round(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
	}
}

// waitFor returns when so many more requests have been answered.
func (l *load) waitFor(t *testing.T, requests int64) {
	t.Helper()
	for until := l.done.Load() + requests; l.done.Load() < until; time.Sleep(time.Millisecond) {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
}

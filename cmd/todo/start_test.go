package main

import (
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/db/dbtest"
)

// never is more connections than a test makes.
const never = 1 << 30

func TestServeWaitsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	proxy := dbtest.NewProxy(t, dbtest.New(t, dbtest.NeonOwner))
	proxy.Refuse(never)
	p := command(t, environment(proxy.URL, "ADMIN_ADDR=127.0.0.1:0"), "serve", "--addr", "127.0.0.1:0").start(t)
	admin := probed(t, p)
	if status, body := get(t, admin, "/readyz", ""); status != 503 || !strings.Contains(body, "the database does not answer") {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, _ := get(t, admin, "/livez", ""); status != 200 {
		t.Errorf("livez: %d", status)
	}
	p.waitFor(t, p.log, `"msg":"waiting for the database"`)
	if log := p.log.String(); strings.Contains(log, `"msg":"listening"`) {
		t.Error("it listens already")
	}
	proxy.Refuse(0)
	p.waitFor(t, p.log, `"msg":"the database answers"`)
	p.waitFor(t, p.log, `"msg":"listening"`)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		status, body := get(t, admin, "/readyz", "")
		if status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("readyz: %d %s", status, body)
		}
	}
	if n := strings.Count(p.log.String(), "waiting for the database"); n != 1 {
		t.Errorf("the log says %d times in a moment that it waits", n)
	}
}

func TestServeStopsWhileItWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{
		"nothing listens there":   "postgres://todo@127.0.0.1:1/todo",
		"the host has no address": "postgres://todo@database.invalid/todo",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := command(t, environment(database, "ADMIN_ADDR=127.0.0.1:0", "DRAIN=24h"), "serve", "--addr", "127.0.0.1:0").start(t)
			p.waitFor(t, p.log, `"msg":"waiting for the database"`)
			if err := p.stop(t, syscall.SIGTERM); err != nil || !strings.Contains(p.log.String(), `"msg":"stopping"`) {
				t.Errorf("%v %s", err, p.log)
			}
		})
	}
}

// TestServeDoesNotWaitForWhatDoesNotPass has databases on which no waiting helps.
func TestServeDoesNotWaitForWhatDoesNotPass(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	direct, err := url.Parse(dbtest.SuperuserURL(t, database))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(direct.Path, "/")
	stranger := dbtest.As(t, direct.String(), "stranger_of_"+name, "right")
	dbtest.Exec(t, direct.String(), "CREATE ROLE stranger_of_"+name+" LOGIN PASSWORD 'right'; REVOKE CONNECT ON DATABASE "+name+" FROM PUBLIC")
	t.Cleanup(func() { dbtest.Exec(t, direct.String(), "DROP ROLE stranger_of_"+name) })
	absent := *direct
	absent.Path = "/absent"
	for says, url := range map[string]string{
		"(SQLSTATE 28":                   dbtest.As(t, direct.String(), "nobody_of_"+name, "wrong"), // as its configuration says
		"permission denied for database": stranger,
		"does not exist":                 absent.String(),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			refused(t, says, environment(url), "serve")
		})
	}
}

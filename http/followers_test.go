package http_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// followedCopy is a copy of one user's tasks that is kept up to date.
type followedCopy struct {
	mu sync.Mutex
	copied
	name string
}

func newFollowedCopy(name string) *followedCopy {
	return &followedCopy{name: name, copied: copied{tasks: map[string]task{}}}
}

// poll follows by JSON, in pages of one size, until ctx ends.
func (f *followedCopy) poll(ctx context.Context, t *testing.T, a *api, user string, limit int) {
	for ctx.Err() == nil {
		f.mu.Lock()
		f.follow(t, a, user, limit)
		f.mu.Unlock()
		time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	}
}

// listen follows by a stream, which it opens again when it ends, until ctx ends.
func (f *followedCopy) listen(ctx context.Context, t *testing.T, url, user string, limit int) {
	for ctx.Err() == nil {
		f.mu.Lock()
		cursor := f.cursor
		f.mu.Unlock()
		e, err := openStream(t, ctx, fmt.Sprintf("%s%s?limit=%d", url, changesOf(user), limit), token(t, user), cursor)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		switch e.reply.StatusCode {
		case 200:
		case 410:
			f.mu.Lock()
			f.copied = copied{tasks: map[string]task{}}
			f.mu.Unlock()
			e.close()
			continue
		default:
			t.Errorf("%s: %d", f.name, e.reply.StatusCode)
		}
		for {
			page, _, err := e.next()
			if err != nil {
				break
			}
			f.mu.Lock()
			if err := f.apply(user, page); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
			f.mu.Unlock()
		}
		e.close()
	}
}

// cuttingProxy passes bytes on to an address and cuts each connection at random.
func cuttingProxy(t *testing.T, address string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer server.Close()
				go func() { _, _ = io.Copy(server, client) }()
				time.AfterFunc(time.Duration(20+rand.IntN(300))*time.Millisecond, func() { server.Close() })
				_, _ = io.CopyN(client, server, int64(200+rand.IntN(5000)))
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// write does something at random to one of a few ids, which all writers share.
func write(a *api, user string, ids []string) {
	id := ids[rand.IntN(len(ids))]
	path := tasksOf(user) + "/" + id
	title := fmt.Sprintf(`{"title":"%d"}`, rand.IntN(1000))
	switch n := rand.IntN(100); {
	case n < 25:
		a.do(user, "POST", tasksOf(user), title, "Idempotency-Key: "+id)
	case n < 40:
		a.do(user, "PUT", path, title, "If-None-Match: *")
	case n < 60:
		a.do(user, "PUT", path, title)
	case n < 70:
		reply := a.do(user, "GET", path, "")
		a.do(user, "PATCH", path, title, "If-Match: "+reply.Header.Get("ETag"))
	case n < 80:
		a.do(user, "PATCH", path+"/complete", "")
	case n < 94:
		a.do(user, "DELETE", path, "")
	case n < 96:
		a.do(user, "PATCH", tasksOf(user)+"?all=true", fmt.Sprintf(`{"completed":%t}`, n%2 == 0))
	case n < 99:
		a.do(user, "DELETE", tasksOf(user)+"?completed=true", "")
	default:
		a.do(user, "DELETE", "/api/"+user, "")
	}
}

// TestFollowersMissNothing has writers on two servers, one of them behind PgBouncer, and
// for each user followers by JSON in pages of 1 to 7, by streams of both servers, and by
// a stream that is cut at random. In the end each copy equals the table.
func TestFollowersMissNothing(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	var servers []*api
	for _, url := range []string{database, dbtest.NewPgBouncer(t, database, 10, true).URL} {
		a := serveDatabase(t, url, func(c *todohttp.Config) { c.LivePoll = 20 * time.Millisecond })
		a.offContract = true // to spend the time on load
		servers = append(servers, a)
	}
	users := []string{alice, bob}
	ctx, stop := context.WithCancel(t.Context())
	var following, writing sync.WaitGroup
	followers := map[string][]*followedCopy{}
	for u, user := range users {
		follow := func(name string, run func(*followedCopy)) {
			f := newFollowedCopy(name)
			followers[user] = append(followers[user], f)
			following.Go(func() { run(f) })
		}
		for n, a := range servers {
			limit := 1 + (3*u+n+rand.IntN(7))%7
			follow(fmt.Sprintf("JSON %d of %s, %d a page", n, user, limit), func(f *followedCopy) { f.poll(ctx, t, a, user, limit) })
			follow(fmt.Sprintf("stream %d of %s, %d a page", n, user, limit), func(f *followedCopy) { f.listen(ctx, t, a.url, user, limit) })
			cut := cuttingProxy(t, strings.TrimPrefix(a.url, "http://"))
			follow(fmt.Sprintf("cut stream %d of %s, %d a page", n, user, limit), func(f *followedCopy) { f.listen(ctx, t, cut, user, limit) })
		}
		ids := make([]string, 12)
		for i := range ids {
			ids[i] = uuid.NewString()
		}
		for n := range 4 {
			writing.Go(func() {
				for range dbtest.Scale(60, 600) {
					write(servers[n%2], user, ids)
				}
			})
		}
	}
	writing.Wait()
	for _, user := range users {
		servers[0].create(user, "the last")
		for _, f := range followers[user] {
			difference := ""
			for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				f.mu.Lock()
				difference = f.difference(t, servers[0], user)
				f.mu.Unlock()
				if difference == "" {
					break
				}
			}
			if difference != "" {
				t.Errorf("%s: %s", f.name, difference)
			}
		}
	}
	stop()
	following.Wait()
	// Every statement locks the owner first.
	if n := dbtest.Value[int](t, database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}

// TestFollowersNoticeAWriterWithoutTheLock shows that the comparison above bites: the
// writer here takes its number without the lock, so it commits after a later one.
func TestFollowersNoticeAWriterWithoutTheLock(t *testing.T) {
	t.Parallel()
	for name, takesLock := range map[string]bool{"with the lock": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, dbtest.NeonOwner)
			one, two := a.create(alice, "one"), a.create(alice, "two")
			c := &copied{tasks: map[string]task{}}
			c.follow(t, a, alice, 10)
			conn, err := pgx.Connect(t.Context(), a.database)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.WithoutCancel(t.Context()))
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if takesLock {
				if _, err := tx.Exec(t.Context(), "UPDATE users SET version = version + 1 WHERE id = 'alice'"); err != nil {
					t.Fatal(err)
				}
			}
			number := "(SELECT version + 1 FROM users WHERE id = 'alice')"
			if takesLock {
				number = "(SELECT version FROM users WHERE id = 'alice')"
			}
			if _, err := tx.Exec(t.Context(), "UPDATE tasks SET title = 'changed', version = "+number+" WHERE title = 'one'"); err != nil {
				t.Fatal(err)
			}
			other := make(chan response)
			go func() { other <- a.do(alice, "PUT", pathOf(two), `{"title":"other"}`) }()
			if takesLock {
				dbtest.WaitForLock(t, a.database)
			} else {
				(<-other).must(t, 200)
			}
			c.follow(t, a, alice, 10)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if takesLock {
				(<-other).must(t, 200)
			}
			c.follow(t, a, alice, 10)
			if difference := c.difference(t, a, alice); (difference == "") != takesLock || !takesLock && !strings.Contains(difference, one.ID) {
				t.Errorf("the difference is %q", difference)
			}
		})
	}
}

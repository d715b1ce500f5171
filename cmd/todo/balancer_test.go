package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
)

// backend is a server behind a balancer.
type backend struct {
	program       *program
	public, admin string // addresses
	ready         atomic.Bool
}

// balancer passes requests on in turns, to the servers whose /readyz was 200 a moment ago.
// It keeps its connections to them open, as proxies do.
type balancer struct {
	mu       sync.Mutex
	backends []*backend
	next     int
}

// checkEvery is how often it asks.
const checkEvery = 100 * time.Millisecond

func (b *balancer) choose() *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next = (b.next + 1) % len(b.backends)
		if b.backends[b.next].ready.Load() {
			return b.backends[b.next]
		}
	}
	return b.backends[b.next]
}

func (b *balancer) set(n int, replacement *backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends[n] = replacement
}

// check asks a server until the end of the test.
func (b *balancer) check(t *testing.T, s *backend) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		reply, err := http.Get("http://" + s.admin + "/readyz")
		if err == nil {
			_ = reply.Body.Close()
		}
		s.ready.Store(err == nil && reply.StatusCode == 200)
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			return
		}
	}
}

// start returns when the balancer knows that it is ready.
func (b *balancer) start(t *testing.T, environment []string) *backend {
	p, address := serving(t, environment)
	s := &backend{program: p, public: address, admin: probed(t, p)}
	go b.check(t, s)
	for deadline := time.Now().Add(time.Minute); !s.ready.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never ready: %s", p.log)
		}
	}
	return s
}

// restarts is how often a server is replaced while clients are at work.
func restarts() int {
	if n, err := strconv.Atoi(os.Getenv("TODO_TEST_RESTARTS")); err == nil {
		return n
	}
	return 2
}

// TestServeLosesNoRequestBehindABalancer replaces one of two servers after the other while
// clients send requests of which a lost one is not sent again: a POST without a key.
func TestServeLosesNoRequestBehindABalancer(t *testing.T) {
	t.Parallel()
	env := environment(dbtest.New(t, dbtest.NeonOwner), "ADMIN_ADDR=127.0.0.1:0", "DRAIN=3s")
	b := &balancer{backends: make([]*backend, 2)}
	for n := range b.backends {
		b.backends[n] = b.start(t, env)
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: b.choose().public})
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
	})
	defer front.Close()

	var done, lost atomic.Int64
	var reason atomic.Value
	stopped := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 4 {
		user := "user" + strconv.Itoa(n)
		token, err := auth.SignHS256([]byte(testSecret), auth.Policy{}, auth.Identity{UserID: user}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() {
			for {
				select {
				case <-stopped:
					return
				case <-time.After(10 * time.Millisecond):
				}
				request, _ := http.NewRequest("POST", front.URL+"/api/"+user+"/tasks", strings.NewReader(`{"title":"sent once"}`))
				request.Header.Set("Authorization", "Bearer "+token)
				reply, err := http.DefaultTransport.RoundTrip(request)
				done.Add(1)
				if err != nil {
					lost.Add(1)
					reason.Store(err.Error())
					continue
				}
				body, _ := io.ReadAll(reply.Body)
				_ = reply.Body.Close()
				if reply.StatusCode != 201 {
					lost.Add(1)
					reason.Store(reply.Status + " " + string(body))
				}
			}
		})
	}
	for n := range restarts() {
		old := b.backends[n%2]
		if err := old.program.stop(t, syscall.SIGTERM); err != nil {
			t.Errorf("serve ended with %v: %s", err, old.program.log)
		}
		b.set(n%2, b.start(t, env))
	}
	close(stopped)
	clients.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d of %d requests were lost, such as: %v", lost.Load(), done.Load(), reason.Load())
	}
	t.Logf("%d requests in %d restarts", done.Load(), restarts())
}

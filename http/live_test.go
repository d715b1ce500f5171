package http_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// events is an open stream.
type events struct {
	t     *testing.T
	reply *http.Response
	lines *bufio.Reader
	close context.CancelFunc
}

// stream opens a stream as a user, at a URL that need not be the server's own.
func openStream(t *testing.T, ctx context.Context, url, bearer, lastEventID string) (*events, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Accept", "text/event-stream")
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	reply, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		cancel()
		return nil, err
	}
	return &events{t, reply, bufio.NewReader(reply.Body), func() { cancel(); reply.Body.Close() }}, nil
}

func (a *api) stream(user, lastEventID string) *events {
	a.t.Helper()
	e, err := openStream(a.t, a.t.Context(), a.url+changesOf(user), token(a.t, user), lastEventID)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(e.close)
	return e
}

// next returns the next event, or what ended the stream; retry is that field's value.
func (e *events) next() (page changes, retry string, err error) {
	var id string
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return page, retry, err
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			if value != "changes" {
				e.t.Errorf("event %q", value)
			}
		case "id":
			id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &page); err != nil {
				e.t.Errorf("%s: %v", value, err)
			}
		case "retry":
			retry = value
		case "":
			if id != "" {
				if id != page.Cursor {
					e.t.Errorf("the id is %q and the cursor %q", id, page.Cursor)
				}
				return page, retry, nil
			}
		}
	}
}

func (e *events) must() changes {
	e.t.Helper()
	page, _, err := e.next()
	if err != nil {
		e.t.Fatal(err)
	}
	return page
}

func TestStreamTellsWhatChangesHereAndElsewhere(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t, dbtest.NeonOwner)
	here := serveDatabase(t, url, func(c *todohttp.Config) { c.LivePoll = time.Hour })
	there := serveDatabase(t, url, func(c *todohttp.Config) { c.LivePoll = 20 * time.Millisecond })
	first := here.create(alice, "first")
	atHome, away := here.stream(alice, ""), there.stream(alice, "")
	if h := atHome.reply.Header; atHome.reply.StatusCode != 200 || h.Get("Content-Type") != "text/event-stream" || h.Get("X-Request-Id") == "" || h.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d %v", atHome.reply.StatusCode, h)
	}
	for _, e := range []*events{atHome, away} {
		if page := e.must(); len(page.Tasks) != 1 || page.Tasks[0].ID != first.ID || page.More {
			t.Errorf("at first: %+v", page)
		}
	}
	start := time.Now()
	here.create(bob, "bob's")
	second := here.create(alice, "second")
	if page := atHome.must(); len(page.Tasks) != 1 || page.Tasks[0].ID != second.ID {
		t.Errorf("written here: %+v", page)
	}
	if page := away.must(); len(page.Tasks) != 1 || page.Tasks[0].ID != second.ID {
		t.Errorf("written elsewhere: %+v", page)
	}
	here.do(alice, "DELETE", pathOf(second), "").must(t, 204)
	gone := away.must()
	if len(gone.Deleted) != 1 || gone.Deleted[0] != second.ID || len(gone.Tasks) != 0 {
		t.Errorf("deleted elsewhere: %+v", gone)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	// The last id wins over since.
	again, err := openStream(t, t.Context(), here.url+changesOf(alice)+"?since="+away.reply.Header.Get("X-Request-Id"), token(t, alice), gone.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if page := again.must(); len(page.Tasks)+len(page.Deleted) != 0 {
		t.Errorf("came back and was told %+v", page)
	}
}

func TestStreamEndsWhenTheTokenExpires(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	signed, err := auth.SignHS256([]byte(secret), auth.Policy{}, auth.Identity{UserID: alice}, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	e, err := openStream(t, t.Context(), a.url+changesOf(alice), signed, "")
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	e.must()
	if _, _, err := e.next(); err != io.EOF || time.Since(start) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

func TestStreamEndsAtOnceWhenTheServerStops(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) { c.Stop = stop })
	e := a.stream(alice, "")
	e.must()
	start := time.Now()
	close(stop)
	_, retry, err := e.next()
	if err != io.EOF || !regexp.MustCompile(`^[1-9]\d{2,4}$`).MatchString(retry) || time.Since(start) > 30*time.Second {
		t.Errorf("after %s: retry %q, %v", time.Since(start), retry, err)
	}
}

// TestStreamHoldsNoConnectionWhileItWaits has more streams than connections, and no
// more than a user may have.
func TestStreamHoldsNoConnectionWhileItWaits(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner)+"&pool_max_conns=1")
	var open []*events
	for range todohttp.MaxStreamsPerUser {
		e := a.stream(alice, "")
		e.must()
		open = append(open, e)
	}
	reply := a.do(alice, "GET", changesOf(alice), "", "Accept: text/event-stream").must(t, 503)
	reply.problem(t)
	if reply.Header.Get("Retry-After") == "" {
		t.Errorf("%v", reply.Header)
	}
	a.stream(bob, "").must()
	made := a.create(alice, "a")
	for _, e := range open {
		if page := e.must(); len(page.Tasks) != 1 || page.Tasks[0].ID != made.ID {
			t.Errorf("%+v", page)
		}
	}
	open[0].close()
	eventually(t, "there is room again", func() bool {
		e := a.stream(alice, "")
		defer e.close()
		return e.reply.StatusCode == 200
	})
}

func TestStreamOfAnErasedAccountEndsAndIs410(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	a.create(alice, "a")
	e := a.stream(alice, "")
	cursor := e.must().Cursor
	a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	if _, _, err := e.next(); err != io.EOF {
		t.Error(err)
	}
	a.do(alice, "GET", changesOf(alice), "", "Accept: text/event-stream", "Last-Event-ID: "+cursor).must(t, 410).problem(t)
}

// TestStreamOutlivesTheServersTimeouts waits longer than a request may take, for the
// comment that tells a proxy that the stream is alive.
func TestStreamOutlivesTheServersTimeouts(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	e := a.stream(alice, "")
	e.must()
	start := time.Now()
	line, err := e.lines.ReadString('\n')
	if took := time.Since(start); err != nil || line != ":\n" || took < 14*time.Second {
		t.Errorf("after %s: %q, %v", took, line, err)
	}
	made := a.create(alice, "a")
	if page := e.must(); fmt.Sprint(page.Tasks[0].ID) != made.ID {
		t.Errorf("%+v", page)
	}
}

package workload

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

// RequestTimeout is far beyond what an answer may take.
const RequestTimeout = 30 * time.Second

// task is what is read of a task of the API.
type task struct {
	ID        string `json:"id"`
	UserID    string `json:"user_id"`
	Title     string `json:"title"`
	Completed bool   `json:"completed"`
	Version   int64  `json:"version"`
}

func (t task) row() history.Row {
	return history.Row{ID: t.ID, Owner: t.UserID, Title: t.Title, Completed: t.Completed, Version: t.Version}
}

// outcome is what a client knows of a request behind it.
type outcome struct {
	class  Class
	status int
	header http.Header
	body   []byte
	// notDone says that nothing was changed for certain, and lost that nothing is known.
	notDone bool
	// refused says that nobody listens there.
	refused bool
	text    string
}

// call is a request.
type call struct {
	kind         string
	method, path string
	body         string
	header       []string // name and value in turn
	leave        time.Duration
}

// errLeft is a client that does not wait for the answer.
var errLeft = errors.New("the client left")

// do sends a request to one of the servers and counts what became of it.
func (l *Load) do(ctx context.Context, p *person, s *Server, c call) outcome {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	if c.leave > 0 {
		var leave context.CancelCauseFunc
		ctx, leave = context.WithCancelCause(ctx)
		timer := time.AfterFunc(c.leave, func() { leave(errLeft) })
		defer timer.Stop()
		defer leave(nil)
	}
	begin := s.begin()
	o := l.send(ctx, p, s, c)
	if o.class == Lost && !s.mayLose(begin, o) {
		l.violations.add(Violation{User: p.ID, Task: c.kind, Err: fmt.Errorf("lost connection: %s lost a request though nobody had killed it: %s", s.Name, o.text)})
	}
	l.Tally.add(c.kind, o.class, o.text)
	return o
}

func (l *Load) send(ctx context.Context, p *person, s *Server, c call) outcome {
	request, err := http.NewRequestWithContext(ctx, c.method, s.URL+"/api/"+c.path, bytes.NewBufferString(c.body))
	if err != nil {
		panic(err)
	}
	// Package net/http would send a request with an Idempotency-Key again by itself. The
	// error of the second try would then say nothing of the first.
	request.GetBody = nil
	request.Header.Set("Authorization", p.token)
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(c.header); i += 2 {
		request.Header.Set(c.header[i], c.header[i+1])
	}
	reply, err := l.client.Do(request)
	if err == nil {
		defer reply.Body.Close()
		var body []byte
		if body, err = io.ReadAll(reply.Body); err == nil {
			return classify(reply, body)
		}
	}
	switch {
	case errors.Is(context.Cause(ctx), errLeft):
		return outcome{class: Left, text: "left"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return outcome{class: Lost, text: howLost(err), notDone: true, refused: true}
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{class: Other, text: "no answer in " + RequestTimeout.String()}
	}
	return outcome{class: Lost, text: howLost(err)}
}

// howLost names an error without addresses, so that equal ones are counted together.
func howLost(err error) string {
	for _, known := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return err.Error()
}

func classify(reply *http.Response, body []byte) outcome {
	o := outcome{status: reply.StatusCode, header: reply.Header, body: body, text: reply.Status}
	switch {
	case o.status < 300:
		o.class = OK
	case o.status >= 400 && o.status < 500:
		o.class, o.notDone = ClientError, true
	case o.status == http.StatusServiceUnavailable:
		o.class = Unavailable
		o.text += " " + o.problem()
		o.notDone = o.problem() == "/problems/unavailable"
	default:
		o.class = Other
	}
	return o
}

// problem is the type of a problem document.
func (o outcome) problem() string {
	var p struct{ Type string }
	_ = json.Unmarshal(o.body, &p)
	return p.Type
}

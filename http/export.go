package http

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/securetodo/securetodo/db"
)

const (
	// maxExports is how many run at once: each keeps a connection as long as its
	// reader takes.
	maxExports = 2
	// chunkTimeout is how long a reader may take for one chunk.
	chunkTimeout = 30 * time.Second
	chunkSize    = 32 << 10
)

// errExports asks a client to come back when another export has ended.
var errExports = fmt.Errorf("%w: too many exports at once", db.ErrUnavailable)

type exportedUser struct {
	ID        string     `json:"id"`
	Email     *string    `json:"email"`
	CreatedAt *timestamp `json:"created_at"`
}

// export streams the account and every task as one JSON document. It holds one
// chunk in memory, and gives every chunk its own time.
func (s *server) export(w http.ResponseWriter, r *http.Request) error {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		return errExports
	}
	user := exportedUser{ID: identityOf(r).UserID}
	// The trace of its queries would be written before they end.
	ctx := db.WithTrace(r.Context(), nil)
	switch row, err := s.db.As(user.ID).GetAccount(ctx, db.GetAccountParams{UserID: user.ID}); {
	case err == nil:
		user.Email, user.CreatedAt = row.Email, new(timestamp(row.CreatedAt))
	case !errors.Is(err, db.ErrNotFound):
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="tasks.json"`)
	if r.Method == http.MethodHead {
		return nil
	}
	started := false
	out := bufio.NewWriterSize(&chunks{w, http.NewResponseController(w)}, chunkSize)
	begin := func() error {
		started = true
		head, err := json.Marshal(struct {
			User       exportedUser `json:"user"`
			ExportedAt timestamp    `json:"exported_at"`
		}{user, timestamp(time.Now())})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, `%s,"tasks":[`, head[:len(head)-1])
		return err
	}
	separator := ""
	for row, err := range s.db.Export(ctx, user.ID) {
		if err != nil && !started {
			w.Header().Del("Content-Disposition")
			return err
		}
		if err == nil && !started {
			err = begin()
		}
		if err == nil {
			err = writeRow(out, separator, row)
			separator = ","
		}
		if err != nil {
			return abort(r, err)
		}
	}
	if !started {
		if err := begin(); err != nil {
			return abort(r, err)
		}
	}
	if _, err := out.WriteString("]}"); err != nil {
		return abort(r, err)
	}
	if err := out.Flush(); err != nil {
		return abort(r, err)
	}
	return nil
}

func writeRow(out *bufio.Writer, separator string, row db.Task) error {
	body, err := json.Marshal(taskOf(row))
	if err != nil {
		return err
	}
	if _, err := out.WriteString(separator); err != nil {
		return err
	}
	_, err = out.Write(body)
	return err
}

// abort breaks the connection off, so that a client cannot take a part for the
// whole. The log has the cause.
func abort(r *http.Request, err error) error {
	infoOf(r).err = err
	panic(http.ErrAbortHandler)
}

// chunks writes to a client, each time with a new deadline.
type chunks struct {
	http.ResponseWriter
	connection *http.ResponseController
}

func (c *chunks) Write(p []byte) (int, error) {
	if err := c.connection.SetWriteDeadline(time.Now().Add(chunkTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return c.ResponseWriter.Write(p)
}

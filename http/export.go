package http

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/securetodo/securetodo/db"
)

type exportedUser struct {
	ID        string     `json:"id"`
	Email     *string    `json:"email"`
	CreatedAt *timestamp `json:"created_at"`
}

// export streams the account and every task as one JSON document, in pieces that are read
// from the database, and then by the client at its own pace. It holds one of them, and
// nothing of the database while the client reads.
func (s *server) export(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="tasks.json"`)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	user := identityOf(r).UserID
	room, err := s.exports.take(user, exportBytes)
	if err != nil {
		return err
	}
	defer room.release()
	x := newExporter(w, user, acceptsGzip(r))
	defer x.release()
	// The trace of its queries would be written before they end.
	if err = x.run(db.WithQueryTiming(r.Context(), nil), s.db); err != nil && x.client.sent > 0 {
		// The client must see that the reply is incomplete. The log has the cause.
		infoOf(r).err = err
		abandon(w)
		return nil
	}
	return err
}

// exporter is a db.Exporter.
type exporter struct {
	user   string
	tasks  int
	task   *encoder
	out    *bufio.Writer // collects what compressed is given at once
	packed *compression  // writes to piece
	piece  *encoder      // of the reply: what is sent next
	client *pace
}

// exportFlush is in bytes.
const exportFlush = 32 << 10

func newExporter(w http.ResponseWriter, user string, acceptsGzip bool) *exporter {
	x := &exporter{user: user, task: newEncoder(), piece: newEncoder(), client: newPace(w)}
	x.packed = &compression{Writer: x.piece, header: w.Header(), accepted: acceptsGzip}
	x.out = bufio.NewWriterSize(x.packed, exportFlush)
	return x
}

func (x *exporter) release() {
	x.packed.release()
	x.piece.release()
	x.task.release()
}

func (x *exporter) run(ctx context.Context, pool *db.Pool) error {
	if err := pool.Export(ctx, x.user, x); err != nil {
		return err
	}
	if _, err := x.out.WriteString("]}"); err != nil {
		return err
	}
	if err := x.out.Flush(); err != nil {
		return err
	}
	if err := x.packed.finish(); err != nil {
		return err
	}
	return x.Send()
}

// Begin writes the user, who has no row before the first write.
func (x *exporter) Begin(row *db.GetUserRow) error {
	head := struct {
		User       exportedUser `json:"user"`
		ExportedAt timestamp    `json:"exported_at"`
	}{exportedUser{ID: x.user}, timestamp(time.Now())}
	if row != nil {
		head.User.Email, head.User.CreatedAt = row.Email, new(timestamp(row.CreatedAt))
	}
	body, err := json.Marshal(head)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(x.out, `%s,"tasks":[`, body[:len(body)-1])
	return err
}

// Add writes a task to the piece.
func (x *exporter) Add(row *db.Task) (room bool, err error) {
	x.task.buf = x.task.buf[:0]
	x.task.separate(x.tasks)
	x.tasks++
	if x.task.task(row); x.task.err != nil {
		return false, fmt.Errorf("encoding a task: %w", x.task.err)
	}
	_, err = x.out.Write(x.task.buf)
	return len(x.piece.buf) < exportPiece, err
}

// Send writes the piece to the client.
func (x *exporter) Send() error {
	_, err := x.client.Write(x.piece.buf)
	x.piece.buf = x.piece.buf[:0]
	return err
}

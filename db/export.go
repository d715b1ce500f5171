package db

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// exportTasksAtOnce is how many tasks one statement of an export reads at most, and
	// exportTimeout is how long it may take. An ALTER TABLE waits no longer for it.
	exportTasksAtOnce = 10_000
	exportTimeout     = 2 * time.Second
)

// Exporter takes an export over, piece by piece.
type Exporter interface {
	// Begin is given the user's own row, nil before the first write, before any task.
	Begin(user *GetUserRow) error
	// Add takes a task and reports whether it has room for another one of this piece. It
	// must not wait for a client: the database does meanwhile.
	Add(task *Task) (room bool, err error)
	// Send is called behind each piece, and may wait for as long as a client reads:
	// nothing is held of the database.
	Send() error
}

// Export hands over one user's own row and then every task, oldest first. It reads pieces
// of up to 10,000 tasks, or as many as the exporter has room for, each in a short
// transaction and a round trip of its own, and holds no connection and no lock between
// them. The first is, with the user's row, as one snapshot sees it; where there are more,
// each is. A task that stays is handed over once, whatever is written meanwhile.
//
// It ends with the first error of the exporter. Where the database fails within a piece,
// the rest is another piece.
func (p *Pool) Export(ctx context.Context, userID string, to Exporter) error {
	x := &exporting{userID: userID, to: to, atOnce: exportTasksAtOnce}
	for !x.ended {
		before := x.tasks
		err := p.retry(ctx, newTries(false, false), func(suffix string) error { return p.exportPiece(ctx, suffix, x) })
		switch {
		case x.broken != nil:
			return x.broken
		case err != nil && (x.tasks == before || ctx.Err() != nil):
			return err
		}
		if err := to.Send(); err != nil {
			return err
		}
	}
	return nil
}

// exporting is how far an export has come.
type exporting struct {
	userID string
	to     Exporter
	begun  bool
	ended  bool
	broken error // of to
	tasks  int
	// The last one.
	createdAt time.Time
	id        uuid.UUID
	// atOnce is how many tasks to ask for.
	atOnce int
}

func (p *Pool) exportPiece(ctx context.Context, suffix string, x *exporting) error {
	r := &request{
		settings: settings{userID: x.userID, limit: exportTimeout, snapshot: true},
		queries: []query{
			{getUser + suffix, []any{x.userID}},
			{exportTasks + suffix, []any{x.userID, x.createdAt, x.id, int64(x.atOnce)}},
		},
	}
	if err := p.exports.send(ctx, queryName(exportTasks), r); err != nil {
		return err
	}
	defer r.close()
	if err := x.read(r); err != nil || x.broken != nil {
		return err
	}
	return r.close()
}

// read hands a piece over. An error of to is in broken: nothing that is sent again mends
// it.
func (x *exporting) read(r *request) error {
	rows, err := r.next()
	if err != nil {
		return err
	}
	users, err := pgx.CollectRows(&rows, pgx.RowToAddrOfStructByPos[GetUserRow])
	if err != nil {
		return err
	}
	if rows, err = r.next(); err != nil {
		return err
	}
	defer rows.Close()
	// Before the first row is there, the query can still fail.
	more := rows.Next()
	if err := rows.Err(); err != nil {
		return err
	}
	if !x.begun {
		x.begun = true
		if x.broken = x.to.Begin(append(users, nil)[0]); x.broken != nil {
			return nil
		}
	}
	var task Task
	room, read := true, 0
	for columns := columnsOf(&task); more && room; more = rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if room, x.broken = x.to.Add(&task); x.broken != nil {
			return nil
		}
		read++
		x.tasks, x.createdAt, x.id = x.tasks+1, task.CreatedAt, task.ID
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if room {
		x.ended = read < x.atOnce
		x.atOnce = min(2*x.atOnce, exportTasksAtOnce)
	} else {
		// The rest was read for nothing.
		x.atOnce = read
	}
	return nil
}

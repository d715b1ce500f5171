package db

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
)

// exportTimeout is how long a whole export may take, a slow reader included.
const exportTimeout = 10 * time.Minute

// Export yields all of one user's tasks, oldest first, as one statement and so one
// snapshot sees them, without ever holding more than what is on its way. It keeps
// a connection until it ends.
func (p *Pool) Export(ctx context.Context, userID string) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		rows, err := scope{pool: p, userID: userID, limit: exportTimeout}.send(ctx, exportTasks, []any{userID})
		if err != nil {
			yield(Task{}, translate(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			task, err := pgx.RowToStructByPos[Task](rows)
			if !yield(task, err) || err != nil {
				// Nobody wants the rest, which Close would read to its end.
				rows.cancel()
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Task{}, err)
		}
	}
}

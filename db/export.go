package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// exportTimeout is how long a whole export may take, a slow reader included.
const exportTimeout = 10 * time.Minute

// Export hands over one user's own row, nil before the first write, and then every
// task, oldest first, as one snapshot sees them and in one round trip, without ever
// holding more than what is on its way. It keeps a connection until it ends, and
// breaks off with the first error of begin or each.
func (p *Pool) Export(ctx context.Context, userID string, begin func(*GetUserRow) error, each func(Task) error) error {
	var began bool
	var broken error
	err := p.retry(ctx, newTries(false, false), func(suffix string) error {
		err := p.export(ctx, suffix, userID, func(user *GetUserRow) error { began = true; return begin(user) }, each)
		if began {
			// What has been handed over cannot be handed over again.
			broken = err
			return nil
		}
		return err
	})
	if broken != nil {
		return translate(broken)
	}
	return err
}

func (p *Pool) export(ctx context.Context, suffix, userID string, begin func(*GetUserRow) error, each func(Task) error) error {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	r := &request{
		settings: settings{userID: userID, limit: exportTimeout, snapshot: true},
		queries:  []query{{getUser + suffix, []any{userID}}, {exportTasks + suffix, []any{userID}}},
		ctx:      ctx,
	}
	if err := p.exports.send(ctx, queryName(exportTasks), r); err != nil {
		return err
	}
	defer func() {
		// Closing it would read the rest that nobody wants, behind an error or where a reader
		// panics.
		cancel()
		_ = r.close()
	}()
	if err := readExport(r, begin, each); err != nil {
		return err
	}
	return r.close()
}

func readExport(r *request, begin func(*GetUserRow) error, each func(Task) error) error {
	rows, err := r.next()
	if err != nil {
		return err
	}
	users, err := pgx.CollectRows(&rows, pgx.RowToAddrOfStructByPos[GetUserRow])
	if err != nil {
		return err
	}
	if len(users) == 0 {
		users = append(users, nil)
	}
	if rows, err = r.next(); err != nil {
		return err
	}
	// Before the first row is there, the query can still fail.
	more := rows.Next()
	if err := rows.Err(); err != nil {
		return err
	}
	if err := begin(users[0]); err != nil {
		return err
	}
	var task Task
	for columns := columnsOf(&task); more; more = rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if err := each(task); err != nil {
			return err
		}
	}
	return rows.Err()
}

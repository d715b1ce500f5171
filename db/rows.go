package db

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// scopedRows are the rows of a query in a scope. They count as read only when the
// transaction has ended: a commit that fails shows in Err.
type scopedRows struct {
	decodedRows
	request *request
	closed  bool
	err     error
}

func (r *scopedRows) Next() bool {
	if r.decodedRows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *scopedRows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.decodedRows.Close()
	if err := r.request.close(); err != nil {
		r.err = err
	}
}

func (r *scopedRows) Err() error {
	if err := r.decodedRows.Err(); err != nil {
		return translate(err)
	}
	return translate(r.err)
}

// row is the one row of a query in a scope. It is asked for when it is scanned, so that
// a query whose row or commit fails can be sent again.
type row struct {
	scope scope
	ctx   context.Context
	sql   string
	args  []any
}

// Scan returns ErrNotFound where there is no row.
func (r row) Scan(dest ...any) error {
	var found bool
	err := r.scope.run(r.ctx, r.sql, r.args, func(rows pgx.Rows) error {
		found = rows.Next()
		if !found {
			return nil
		}
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

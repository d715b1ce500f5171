package db

import "github.com/jackc/pgx/v5"

// scopedRows are the rows of a query in a scope. They count as read only when the
// transaction has ended: a commit that fails shows in Err.
type scopedRows struct {
	pgx.Rows
	results results
	release func()
	closed  bool
	err     error
}

func (r *scopedRows) Next() bool {
	if r.Rows.Next() {
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
	r.Rows.Close()
	r.err = r.results.Close()
	r.release()
}

func (r *scopedRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return translate(err)
	}
	return translate(r.err)
}

// row is the one row of a query in a scope.
type row struct {
	pgx.Rows
	err error
}

// Scan returns ErrNotFound where there is no row.
func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

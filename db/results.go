package db

import "github.com/jackc/pgx/v5"

// query is a statement with its arguments.
type query struct {
	sql  string
	args []any
}

// results are those of queries that were sent together, as one transaction.
type results interface {
	// Query returns the rows of the next query.
	Query() (pgx.Rows, error)
	// Close reads what is left and ends the transaction: a commit that failed shows
	// here.
	Close() error
}

// notSentError is why nothing was sent: the queries have done nothing.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

// endError is why the transaction of queries did not end well that had an answer.
type endError struct{ error }

func (e endError) Unwrap() error { return e.error }

package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are the pgx.Rows of a query, read from its lane one by one.
type rows struct {
	request *request
	fields  []pgconn.FieldDescription
	values  [][]byte // valid until the next row
	decoder decoder
	tag     pgconn.CommandTag
	isAhead bool // a row was read that nobody has asked for yet
	isEnded bool
}

func (r *rows) Next() bool {
	if r.isAhead {
		r.isAhead = false
		return true
	}
	return !r.isEnded && r.read()
}

// read reads up to the next row, and reports whether there is one.
func (r *rows) read() bool {
	for {
		message, err := r.request.lane.receive()
		switch message := message.(type) {
		case *pgproto3.DataRow:
			r.values = message.Values
			return true
		case *pgproto3.RowDescription:
			r.fields = fieldsOf(message)
		case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.NoData:
		case *pgproto3.CommandComplete:
			r.isEnded, r.tag = true, pgconn.NewCommandTag(string(message.CommandTag))
			return false
		default:
			if err == nil {
				err = fmt.Errorf("%w, but %T", errNoResult, message)
				r.request.lane.fail(err)
			}
			r.isEnded, r.request.err = true, err
			return false
		}
	}
}

func fieldsOf(description *pgproto3.RowDescription) []pgconn.FieldDescription {
	fields := make([]pgconn.FieldDescription, len(description.Fields))
	for i, field := range description.Fields {
		fields[i] = pgconn.FieldDescription{Name: string(field.Name), DataTypeOID: field.DataTypeOID, Format: field.Format}
	}
	return fields
}

// Scan has pgx read what the decoder does not know.
func (r *rows) Scan(dest ...any) error {
	if r.decoder.row(r.fields, r.values, dest) {
		return nil
	}
	if len(dest) == 1 {
		if scanner, ok := dest[0].(pgx.RowScanner); ok {
			return scanner.ScanRow(r)
		}
	}
	if len(r.fields) != len(r.values) || len(r.fields) != len(dest) {
		return fmt.Errorf("a row of %d columns, described as %d, for %d destinations", len(r.values), len(r.fields), len(dest))
	}
	types := r.TypeMap()
	for i, field := range r.fields {
		if err := types.Scan(field.DataTypeOID, field.Format, r.values[i], dest[i]); err != nil {
			return pgx.ScanArgError{ColumnIndex: i, FieldName: field.Name, Err: err}
		}
	}
	return nil
}

// Close reads the rows that are left.
func (r *rows) Close() {
	for !r.isEnded {
		r.read()
	}
}

func (r *rows) Err() error                                   { return r.request.err }
func (r *rows) CommandTag() pgconn.CommandTag                { return r.tag }
func (r *rows) FieldDescriptions() []pgconn.FieldDescription { return r.fields }
func (r *rows) RawValues() [][]byte                          { return r.values }
func (r *rows) Values() ([]any, error)                       { return nil, errors.ErrUnsupported }
func (r *rows) TypeMap() *pgtype.Map                         { return r.request.lane.conn.Conn().TypeMap() }
func (r *rows) Conn() *pgx.Conn                              { return nil }

// scopedRows are the rows of the only query of a request. They count as read when the
// transaction has ended: a commit that fails shows in Err.
type scopedRows struct {
	rows
	err error
}

func (r *scopedRows) Next() bool {
	if r.rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *scopedRows) Close() {
	r.rows.Close()
	if err := r.request.close(); err != nil {
		r.err = err
	}
}

func (r *scopedRows) Err() error {
	if err := r.rows.Err(); err != nil {
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

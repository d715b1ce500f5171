package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Distributed is for an engine that spreads rows over nodes (Citus): it passes SET
// LOCAL in an explicit transaction on to them, which set_config it does not. Every
// PostgreSQL understands it.
func Distributed(p *Pool) { p.distributed = true }

// scopeSettings is enterScope in statements that such an engine passes on. SET takes
// no parameters, so the user's id is a literal.
func scopeSettings(conn *pgx.Conn, s scope) ([]string, error) {
	user, err := literal(conn.PgConn(), s.userID)
	if err != nil {
		return nil, err
	}
	return []string{
		enterRole,
		"SET LOCAL app.user_id = " + user,
		"SET LOCAL statement_timeout = " + milliseconds(s.limit),
	}, nil
}

// literal quotes text. A node that has the statement passed on reads E'…' the same
// whatever its standard_conforming_strings.
func literal(conn *pgconn.PgConn, text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", errors.New("text that holds a NUL cannot be sent")
	}
	quoted, err := conn.EscapeString(text)
	if err != nil {
		return "", fmt.Errorf("quoting for SET LOCAL: %w", err)
	}
	return "E'" + strings.ReplaceAll(quoted, `\`, `\\`) + "'", nil
}

// askDistributed is ask in an explicit transaction. Between the queries and COMMIT
// stands a Sync, to which an error skips: the COMMIT behind it then rolls back, and
// the connection is fit for the next either way. Nothing is prepared by name, since
// each user's SET is a statement of its own.
func askDistributed(ctx context.Context, conn *pgx.Conn, s scope, queries []query) answers {
	settings, err := scopeSettings(conn, s)
	if err != nil {
		return unsent{err}
	}
	begin := []string{"BEGIN"}
	if s.snapshot {
		begin = beginSnapshot[:]
	}
	settings = slices.Concat(begin, settings)
	encoded := make([]pgx.ExtendedQueryBuilder, len(queries))
	for i, q := range queries {
		if err := encoded[i].Build(conn.TypeMap(), nil, q.args); err != nil {
			return unsent{err}
		}
	}
	pipeline := conn.PgConn().StartPipeline(ctx)
	for _, setting := range settings {
		pipeline.SendQueryParams(setting, nil, nil, nil, nil)
	}
	for i, q := range queries {
		pipeline.SendQueryParams(q.sql, encoded[i].ParamValues, nil, encoded[i].ParamFormats, encoded[i].ResultFormats)
	}
	pipeline.SendPipelineSync()
	pipeline.SendQueryParams("COMMIT", nil, nil, nil, nil)
	// An error is what the pipeline then answers.
	_ = pipeline.Sync()
	return pipelineAnswers{conn, pipeline, len(settings)}
}

type pipelineAnswers struct {
	conn     *pgx.Conn
	pipeline *pgconn.Pipeline
	settings int
}

func (a pipelineAnswers) entered() error {
	for range a.settings {
		if _, err := a.pipeline.GetResults(); err != nil {
			return err
		}
	}
	return nil
}

func (a pipelineAnswers) Query() (pgx.Rows, error) {
	results, err := a.pipeline.GetResults()
	if err != nil {
		return noRows{err: err}, err
	}
	reader, ok := results.(*pgconn.ResultReader)
	if !ok {
		err := fmt.Errorf("the pipeline answers a query with %T", results)
		return noRows{err: err}, err
	}
	return pgx.RowsFromResultReader(a.conn.TypeMap(), reader), nil
}

func (a pipelineAnswers) Close() error { return a.pipeline.Close() }

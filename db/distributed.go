package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// WithDistributed is for an engine that spreads rows over nodes (Citus): it passes SET
// LOCAL in an explicit transaction on to them, which set_config it does not. Every
// PostgreSQL understands it.
func WithDistributed(p *Pool) { p.distributed = true }

// sendDistributed is send in an explicit transaction. Between the queries and COMMIT
// stands a Sync, to which an error skips: the COMMIT behind it then rolls back, and
// the connection is fit for the next either way. Nothing is prepared by name, since
// each user's SET is a statement of its own.
func sendDistributed(ctx context.Context, conn *pgx.Conn, s settings, queries []query) (results, error) {
	settings, err := localSettings(conn, s)
	if err != nil {
		return nil, notSentError{err}
	}
	begin := []string{"BEGIN"}
	if s.snapshot {
		begin = beginSnapshot
	}
	settings = slices.Concat(begin, settings)
	encoded := make([]pgx.ExtendedQueryBuilder, len(queries))
	for i, q := range queries {
		if err := encoded[i].Build(conn.TypeMap(), nil, q.args); err != nil {
			return nil, notSentError{err}
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
	// An error shows in the results.
	_ = pipeline.Sync()
	for range settings {
		if _, err := pipeline.GetResults(); err != nil {
			_ = pipeline.Close()
			return nil, err
		}
	}
	return pipelineResults{conn.TypeMap(), pipeline}, nil
}

type pipelineResults struct {
	types    *pgtype.Map
	pipeline *pgconn.Pipeline
}

func (r pipelineResults) Query() (pgx.Rows, error) {
	next, err := r.pipeline.GetResults()
	if err != nil {
		return nil, err
	}
	reader, ok := next.(*pgconn.ResultReader)
	if !ok {
		return nil, fmt.Errorf("the result of a query in the pipeline is a %T", next)
	}
	return pgx.RowsFromResultReader(r.types, reader), nil
}

func (r pipelineResults) Close() error { return r.pipeline.Close() }

package db

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// session is what a connection sends requests with.
type session struct {
	conn *pgx.Conn
	// isDirect says that no pooler is between: whatever a statement was described as when
	// it was prepared is what its results are, or PostgreSQL refuses to execute it.
	// Otherwise each result describes itself, which costs a list a tenth.
	isDirect bool
	// messages are the encoded queries of one batch. Their memory is used again.
	messages []message
}

// message is a query with its encoded arguments.
type message struct {
	sql      string
	prepared *pgconn.StatementDescription // nil where it is not
	pgx.ExtendedQueryBuilder
}

const sessionKey = "session"

// newSession is pgxpool's AfterConnect.
func (p *Pool) newSession(ctx context.Context, conn *pgx.Conn) error {
	// Without a described statement pgx knows a parameter's type only by its Go type.
	pgxuuid.Register(conn.TypeMap())
	conn.TypeMap().RegisterDefaultPgType(uuid.UUID{}, "uuid")
	conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
	s := &session{conn: conn}
	conn.PgConn().CustomData()[sessionKey] = s
	if !p.prepares.Load() {
		return nil
	}
	// A pooler answers with a key of its own, to cancel by.
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	s.isDirect = pid == conn.PgConn().PID()
	return nil
}

// encode makes the messages of a request, and prepares what the connection does not know
// yet. It sends nothing else.
func (s *session) encode(p *Pool, r *request) (err error) {
	r.prologue = nil
	switch {
	case r.snapshot:
		r.prologue = beginSnapshot
	case p.distributed:
		r.prologue = []string{"BEGIN"}
	}
	scope := query{setScope, []any{r.userID, milliseconds(r.limit)}}
	queries := r.queries
	if p.distributed {
		settings, err := localSettings(s.conn, r.settings)
		if err != nil {
			return err
		}
		r.prologue = slices.Concat(r.prologue, settings)
	} else {
		queries = append([]query{scope}, r.queries...)
	}
	r.from = len(s.messages)
	for _, q := range queries {
		if err := s.add(p, q); err != nil {
			s.messages = s.messages[:r.from]
			return err
		}
	}
	r.to = len(s.messages)
	r.settled = len(r.prologue) + len(queries) - len(r.queries)
	r.syncs = 1
	if len(r.prologue) > 0 {
		r.syncs = 2
	}
	return nil
}

func (s *session) add(p *Pool, q query) (err error) {
	if len(s.messages) == cap(s.messages) {
		s.messages = append(s.messages, message{})
	} else {
		s.messages = s.messages[:len(s.messages)+1]
	}
	m := &s.messages[len(s.messages)-1]
	m.sql, m.prepared = q.sql, nil
	// Nothing is prepared by name in an engine that distributes rows, since each user's
	// SET is a statement of its own.
	if p.prepares.Load() && !p.distributed {
		// The statement is named by its text: a round trip the first time.
		if m.prepared, err = s.conn.Prepare(context.Background(), q.sql, q.sql); err != nil {
			return err
		}
	}
	return m.Build(s.conn.TypeMap(), m.prepared, q.args)
}

// binary is the format of every column.
var binary = []int16{pgx.BinaryFormatCode}

// send sends the messages of a request. Where it begins a transaction, a Sync stands
// between the queries and COMMIT, to which an error skips: the COMMIT behind it then
// rolls back, and the connection is fit for the next either way.
func (s *session) send(pipeline *pgconn.Pipeline, r *request) {
	for _, sql := range r.prologue {
		pipeline.SendQueryParams(sql, nil, nil, nil, nil)
	}
	for i := range s.messages[r.from:r.to] {
		switch m := &s.messages[r.from+i]; {
		case m.prepared == nil:
			pipeline.SendQueryParams(m.sql, m.ParamValues, nil, m.ParamFormats, nil)
		case s.isDirect:
			pipeline.SendQueryStatement(m.prepared, m.ParamValues, m.ParamFormats, binary)
		default:
			pipeline.SendQueryPrepared(m.prepared.Name, m.ParamValues, m.ParamFormats, binary)
		}
	}
	pipeline.SendPipelineSync()
	if len(r.prologue) > 0 {
		pipeline.SendQueryParams("COMMIT", nil, nil, nil, nil)
		pipeline.SendPipelineSync()
	}
}

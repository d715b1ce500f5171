package db

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// session is what a connection sends requests with.
type session struct {
	conn *pgx.Conn
	// made is when the connection was made, and used when it was used last.
	made, used time.Time
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
	scope []byte // the arguments of setScope
}

const sessionKey = "session"

func sessionOf(conn *pgx.Conn) *session {
	return conn.PgConn().CustomData()[sessionKey].(*session)
}

// newSession is pgxpool's AfterConnect.
func (p *Pool) newSession(ctx context.Context, conn *pgx.Conn) error {
	defer endTurn(conn)
	// Without a described statement pgx knows a parameter's type only by its Go type.
	conn.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
	now := time.Now()
	s := &session{conn: conn, made: now, used: now}
	conn.PgConn().CustomData()[sessionKey] = s
	if !p.preparesStatements() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	// A pooler answers with a key of its own, to cancel by.
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	s.isDirect = pid == conn.PgConn().PID()
	return nil
}

// encode makes the messages of a request, and prepares what the connection does not know
// yet. It sends nothing else.
func (s *session) encode(p *Pool, r *request) (err error) {
	from := len(s.messages)
	r.prologue, r.syncs = nil, 1
	switch {
	case r.snapshot && p.distributed:
		r.prologue = beginDistributedSnapshot
	case r.snapshot:
		r.prologue = beginSnapshot
	case p.distributed:
		r.prologue = []string{"BEGIN"}
	}
	if len(r.prologue) > 0 {
		r.syncs = 2
	}
	if p.distributed {
		settings, err := localSettings(s.conn, r.settings)
		if err != nil {
			return err
		}
		r.prologue = slices.Concat(r.prologue, settings)
	} else if err = s.addScope(p, r.settings); err != nil {
		return err
	}
	for _, q := range r.queries {
		if err = s.add(p, q.sql, q.args); err != nil {
			return err
		}
	}
	r.messages = s.messages[from:]
	return nil
}

// add adds the message of a query.
func (s *session) add(p *Pool, sql string, args []any) error {
	m, err := s.statement(p, sql)
	if err != nil {
		return err
	}
	for i, arg := range args {
		args[i] = argument(arg)
	}
	return m.Build(s.conn.TypeMap(), m.prepared, args)
}

// addScope is add for setScope, whose arguments are texts.
func (s *session) addScope(p *Pool, scope settings) error {
	m, err := s.statement(p, setScope)
	if err != nil {
		return err
	}
	m.scope = append(m.scope[:0], scope.userID...)
	m.scope = strconv.AppendInt(m.scope, scope.limit.Milliseconds(), 10)
	m.ParamValues = append(m.ParamValues[:0], m.scope[:len(scope.userID)], m.scope[len(scope.userID):])
	m.ParamFormats = m.ParamFormats[:0]
	return nil
}

// statement adds a message without arguments.
func (s *session) statement(p *Pool, sql string) (m *message, err error) {
	s.messages = slices.Grow(s.messages, 1)[:len(s.messages)+1]
	m = &s.messages[len(s.messages)-1]
	m.sql, m.prepared = sql, nil
	if p.preparesStatements() {
		// The statement is named by its text: a round trip the first time.
		if m.prepared, err = s.conn.Prepare(context.Background(), sql, sql); err != nil {
			return nil, err
		}
		for i := range m.prepared.Fields {
			m.prepared.Fields[i].Format = pgx.BinaryFormatCode
		}
	}
	return m, nil
}

// argument makes a UUID pgx's own, which would else format and parse it again: uuid.UUID
// is a driver.Valuer.
func argument(arg any) any {
	switch id := arg.(type) {
	case uuid.UUID:
		return pgtype.UUID{Bytes: id, Valid: true}
	case *uuid.UUID:
		if id == nil {
			return pgtype.UUID{}
		}
		return pgtype.UUID{Bytes: *id, Valid: true}
	}
	return arg
}

// binaryFormat is that of every column of a prepared statement.
var binaryFormat = []int16{pgx.BinaryFormatCode}

// send sends the messages of a request. Where it begins a transaction, a Sync stands
// between the queries and COMMIT, to which an error skips: the COMMIT behind it then
// rolls back, and the connection is fit for the next either way.
func (s *session) send(frontend *pgproto3.Frontend, r *request) {
	for _, sql := range r.prologue {
		sendStatement(frontend, sql)
	}
	for i := range r.messages {
		m := &r.messages[i]
		bind := pgproto3.Bind{ParameterFormatCodes: m.ParamFormats, Parameters: m.ParamValues}
		if m.prepared != nil {
			bind.PreparedStatement, bind.ResultFormatCodes = m.prepared.Name, binaryFormat
		} else {
			frontend.SendParse(&pgproto3.Parse{Query: m.sql})
		}
		frontend.SendBind(&bind)
		// Nobody reads what setScope returns.
		if m.sql != setScope && (m.prepared == nil || !s.isDirect) {
			frontend.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
		}
		frontend.SendExecute(&pgproto3.Execute{})
	}
	frontend.SendSync(&pgproto3.Sync{})
	if len(r.prologue) > 0 {
		sendStatement(frontend, "COMMIT")
		frontend.SendSync(&pgproto3.Sync{})
	}
}

func sendStatement(frontend *pgproto3.Frontend, sql string) {
	frontend.SendParse(&pgproto3.Parse{Query: sql})
	frontend.SendBind(&pgproto3.Bind{})
	frontend.SendExecute(&pgproto3.Execute{})
}

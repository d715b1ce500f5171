package db_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// TestDecoderReadsEachColumnWherePgxWould has values of which some are pgx's to read.
func TestDecoderReadsEachColumnWherePgxWould(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	for _, c := range []struct {
		sql  string
		dest func() any
	}{
		{`'a'::text`, func() any { return new(string) }},
		{`''::text`, func() any { return new(string) }},
		{`repeat('ü', 5000)`, func() any { return new(string) }},
		{`NULL::text`, func() any { return new(*string) }},
		{`'😀'::text`, func() any { return new(*string) }},
		{`'a'::varchar(3)`, func() any { return new(string) }},
		{`true`, func() any { return new(bool) }},
		{`-9007199254740993::bigint`, func() any { return new(int64) }},
		{`7::int`, func() any { return new(int64) }},
		{`'0001-01-01T00:00:00Z'::timestamptz`, func() any { return new(time.Time) }},
		{`'1999-12-31T23:59:59.999999Z'::timestamptz`, func() any { return new(time.Time) }},
		{`'9999-12-31T23:59:59.999999Z'::timestamptz`, func() any { return new(*time.Time) }},
		{`NULL::timestamptz`, func() any { return new(*time.Time) }},
		{`'2026-01-02'::timestamp`, func() any { return new(time.Time) }},
		{`gen_random_uuid()`, func() any { return new(uuid.UUID) }},
		{`ARRAY[]::text[]`, func() any { return new([]string) }},
		{`ARRAY['', 'b', 'ü']`, func() any { return new([]string) }},
		{`'[5:6]={a,b}'::text[]`, func() any { return new([]string) }},
		{`ARRAY(SELECT n::text FROM generate_series(1, 100) n)`, func() any { return new([]string) }},
		{`ARRAY['a']::varchar[]`, func() any { return new([]string) }},
		{`42::bigint::oid::bigint`, func() any { return new(*int64) }},
	} {
		// The second column only pgx reads, and so the whole row.
		ours, pgxs, interval := c.dest(), c.dest(), new(time.Duration)
		if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT v FROM (SELECT "+c.sql+" AS v) AS one").Scan(ours); err != nil {
			t.Errorf("%s: %v", c.sql, err)
		}
		if c.sql == `gen_random_uuid()` {
			continue
		}
		if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT "+c.sql+", interval '1 second'").Scan(pgxs, interval); err != nil || *interval != time.Second {
			t.Errorf("%s: %v", c.sql, err)
		}
		if !reflect.DeepEqual(ours, pgxs) {
			t.Errorf("%s: %v, pgx reads %v", c.sql, reflect.ValueOf(ours).Elem(), reflect.ValueOf(pgxs).Elem())
		}
	}
	for sql, dest := range map[string]any{
		`NULL::text`:                      new(string),
		`NULL::boolean`:                   new(bool),
		`ARRAY['a', NULL]`:                new([]string),
		`'infinity'::timestamptz`:         new(time.Time),
		`'\x00'::bytea`:                   new(time.Time),
		`'not a number'::text`:            new(int64),
		`ARRAY[ARRAY['a'], ARRAY['b']]`:   new(map[string]string),
		`'2026-01-02'::timestamptz::date`: new(uuid.UUID),
	} {
		if err := pool.Scope(alice).QueryRow(t.Context(), "SELECT "+sql).Scan(dest); err == nil {
			t.Errorf("%s is read as %v", sql, reflect.ValueOf(dest).Elem())
		}
	}
}

// TestDecodedTextsAreTheirOwn has texts that share memory be appended to.
func TestDecodedTextsAreTheirOwn(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t, dbtest.New(t, dbtest.NeonOwner))
	for n := range 40 {
		create(t, pool, db.CreateTaskParams{UserID: alice, ID: uuid.New(), Title: fmt.Sprint("task ", n), Description: new(fmt.Sprint("of ", n)), Priority: "low", Tags: []string{fmt.Sprint("a", n), fmt.Sprint("b", n)}})
	}
	tasks, _, err := pool.List(t.Context(), alice, func(ctx context.Context, q *db.Queries) ([]db.Task, error) {
		return q.ListTasks(ctx, db.ListTasksParams{UserID: alice, PageSize: 1000})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tasks {
		tasks[i].Tags = append(tasks[i].Tags, "more")
		*tasks[i].Description += " and more"
	}
	for i, task := range tasks {
		n := len(tasks) - 1 - i
		if task.Title != fmt.Sprint("task ", n) || *task.Description != fmt.Sprintf("of %d and more", n) || !slices.Equal(task.Tags, []string{fmt.Sprint("a", n), fmt.Sprint("b", n), "more"}) {
			t.Errorf("%d: %+v, %s", n, task, *task.Description)
		}
	}
}

// TestColumnsOfATaskAreInTheOrderOfTheTable compares with sqlc's fields.
func TestColumnsOfATaskAreInTheOrderOfTheTable(t *testing.T) {
	var task db.Task
	fields := reflect.ValueOf(&task).Elem()
	columns := db.ColumnsOf(&task)
	if len(columns) != fields.NumField() {
		t.Fatalf("%d columns of %d", len(columns), fields.NumField())
	}
	for i, column := range columns {
		if column != fields.Field(i).Addr().Interface() {
			t.Errorf("column %d is not %s", i, fields.Type().Field(i).Name)
		}
	}
}

// FuzzDecoder compares with pgx on any bytes.
func FuzzDecoder(f *testing.F) {
	types := pgtype.NewMap()
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25})
	f.Add([]byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte("0123456789abcdef"))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, c := range []struct {
			oid        uint32
			ours, pgxs any
		}{
			{pgtype.TextOID, new(string), new(string)},
			{pgtype.TextOID, new(*string), new(*string)},
			{pgtype.BoolOID, new(bool), new(bool)},
			{pgtype.Int8OID, new(int64), new(int64)},
			{pgtype.TimestamptzOID, new(time.Time), new(time.Time)},
			{pgtype.TimestamptzOID, new(*time.Time), new(*time.Time)},
			{pgtype.UUIDOID, new(uuid.UUID), new(uuid.UUID)},
			{pgtype.TextArrayOID, new([]string), new([]string)},
		} {
			if !db.Decode(c.oid, src, c.ours) {
				continue
			}
			if err := types.Scan(c.oid, pgtype.BinaryFormatCode, src, c.pgxs); err != nil || !reflect.DeepEqual(c.ours, c.pgxs) {
				t.Errorf("%d from %x: %v, pgx reads %v, %v", c.oid, src, reflect.ValueOf(c.ours).Elem(), reflect.ValueOf(c.pgxs).Elem(), err)
			}
		}
	})
}

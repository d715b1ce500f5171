package http

import (
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// encoder appends JSON to a buffer, rows of the database as they are: a list of 1,000
// tasks is neither copied nor reflected on. What a frontend relies on, the order of the
// members included, is in openapi.yaml.
type encoder struct {
	buf []byte
	// err is the first error: a text is not UTF-8, which the database rules out.
	err error
}

// encoders are used again with their buffers, unless those have grown beyond
// maxKeptBuffer: a long list, which is rare, would stay in memory for the short ones.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

const maxKeptBuffer = 64 << 10

func newEncoder() *encoder { return encoders.Get().(*encoder) }

// release ends the use of the buffer.
func (e *encoder) release() {
	if cap(e.buf) > maxKeptBuffer {
		return
	}
	e.buf, e.err = e.buf[:0], nil
	encoders.Put(e)
}

// Write appends p; it makes an encoder an io.Writer.
func (e *encoder) Write(p []byte) (int, error) {
	e.buf = append(e.buf, p...)
	return len(p), nil
}

// raw appends what is JSON already.
func (e *encoder) raw(s string) { e.buf = append(e.buf, s...) }

func (e *encoder) string(s string) {
	var err error
	if e.buf, err = jsontext.AppendQuote(e.buf, s); err != nil && e.err == nil {
		e.err = err
	}
}

func (e *encoder) id(id uuid.UUID) {
	e.raw(`"`)
	e.buf = appendUUID(e.buf, id)
	e.raw(`"`)
}

func (e *encoder) timestamp(t time.Time) {
	e.raw(`"`)
	e.buf = appendTimestamp(e.buf, t)
	e.raw(`"`)
}

func (e *encoder) task(t *db.Task) {
	e.raw(`{"id":`)
	e.id(t.ID)
	e.raw(`,"user_id":`)
	e.string(t.UserID)
	e.raw(`,"title":`)
	e.string(t.Title)
	e.raw(`,"description":`)
	if t.Description != nil {
		e.string(*t.Description)
	} else {
		e.raw("null")
	}
	e.raw(`,"completed":`)
	e.buf = strconv.AppendBool(e.buf, t.Completed)
	e.raw(`,"priority":`)
	e.string(t.Priority)
	e.raw(`,"due_date":`)
	if t.DueDate != nil {
		e.raw(`"`)
		e.buf = appendDueDate(e.buf, *t.DueDate, t.DueAllDay)
		e.raw(`"`)
	} else {
		e.raw("null")
	}
	e.raw(`,"tags":[`)
	for i, tag := range t.Tags {
		e.separate(i)
		e.string(tag)
	}
	e.raw(`],"version":`)
	e.buf = strconv.AppendInt(e.buf, t.Version, 10)
	e.raw(`,"created_at":`)
	e.timestamp(t.CreatedAt)
	e.raw(`,"updated_at":`)
	e.timestamp(t.UpdatedAt)
	e.raw("}")
}

// reserve makes room for many tasks at once: to grow bit by bit leaves several times as
// much to collect.
func (e *encoder) reserve(tasks []db.Task) {
	const few, largest = 100, 16 << 10
	if len(tasks) <= few {
		return
	}
	size := 0
	for i := range tasks {
		if size += maxSize(&tasks[i]); size >= maxPageBytes {
			break
		}
	}
	e.buf = slices.Grow(e.buf, min(size, maxPageBytes+largest))
}

func (e *encoder) tasks(tasks []db.Task) {
	e.reserve(tasks)
	e.raw("[")
	for i := range tasks {
		e.separate(i)
		e.task(&tasks[i])
	}
	e.raw("]")
}

// page appends a list of the first tasks, as many as a page has: limit at most, and no more
// than fit into maxPageBytes, but one. It returns how many they are.
func (e *encoder) page(tasks []db.Task, limit int) int {
	tasks = tasks[:min(limit, len(tasks))]
	e.reserve(tasks)
	start := len(e.buf)
	e.raw("[")
	for i := range tasks {
		end := len(e.buf)
		e.separate(i)
		e.task(&tasks[i])
		if len(e.buf)-start >= maxPageBytes && i > 0 {
			e.buf = e.buf[:end]
			tasks = tasks[:i]
			break
		}
	}
	e.raw("]")
	return len(tasks)
}

func (e *encoder) changes(c *changes) {
	e.raw(`{"tasks":`)
	e.tasks(c.tasks)
	e.raw(`,"deleted":[`)
	for i := range c.deleted {
		e.separate(i)
		e.id(c.deleted[i].ID)
	}
	e.raw(`],"cursor":`)
	e.string(c.cursor)
	e.raw(`,"more":`)
	e.buf = strconv.AppendBool(e.buf, c.more)
	e.raw("}")
}

// deletionSize is what an id takes, with its comma.
const deletionSize = 39

// maxSize is at least what a task takes, with its comma: exactly for its texts, and the
// longest that the rest can be.
func maxSize(t *db.Task) int {
	size := 320 + quotedSize(t.UserID) + quotedSize(t.Title)
	if t.Description != nil {
		size += quotedSize(*t.Description)
	}
	for _, tag := range t.Tags {
		size += quotedSize(tag) + 1
	}
	return size
}

// quotedSize is what a text takes as a JSON string, at most.
func quotedSize(s string) int {
	size := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ':
			size += 5 // \u0001; the most that any takes
		case c == '"', c == '\\':
			size++
		}
	}
	return size
}

// separate precedes the element i of an array.
func (e *encoder) separate(i int) {
	if i > 0 {
		e.raw(",")
	}
}

// appendUUID appends the 36 characters of RFC 9562, section 4.
func appendUUID(b []byte, id uuid.UUID) []byte {
	b = append(hex.AppendEncode(b, id[:4]), '-')
	b = append(hex.AppendEncode(b, id[4:6]), '-')
	b = append(hex.AppendEncode(b, id[6:8]), '-')
	b = append(hex.AppendEncode(b, id[8:10]), '-')
	return hex.AppendEncode(b, id[10:])
}

// appendTimestamp appends RFC 3339 in UTC with always six fractional digits, so that two
// of them compare as strings.
func appendTimestamp(b []byte, t time.Time) []byte {
	t = t.UTC()
	b = t.AppendFormat(b, time.RFC3339)
	point := len(b) - len("Z")
	// A million more has all six digits behind a 1, where the point belongs.
	b = strconv.AppendInt(b[:point], int64(1_000_000+t.Nanosecond()/1000), 10)
	b[point] = '.'
	return append(b, 'Z')
}

// appendDueDate appends RFC 3339: of a day its bare date, of an instant a date-time in
// UTC with as many fractional digits as it needs. A day is at its midnight in UTC: the
// release before moves due_date and leaves due_all_day as it was.
func appendDueDate(b []byte, due time.Time, allDay bool) []byte {
	due = due.UTC()
	if allDay && due.Equal(due.Truncate(24*time.Hour)) {
		return due.AppendFormat(b, time.DateOnly)
	}
	return due.AppendFormat(b, time.RFC3339Nano)
}

// etag is the entity tag of a task (RFC 9110, section 8.8.3).
func etag(t *db.Task) string {
	b := strconv.AppendInt(append(make([]byte, 0, 32), '"'), t.Version, 10)
	return string(append(b, '"'))
}

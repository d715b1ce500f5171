package db

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// decoder reads the values of rows in PostgreSQL's binary format. pgx plans each column
// of each result anew, and makes an object of each text; a page of tasks is thousands of
// those. The texts of a decoder share memory, which lasts as long as any of them.
type decoder struct {
	texts   strings.Builder
	strings []string
}

// row reads a whole row, or nothing: where it does not know how to read one of the
// columns into its destination, pgx must.
func (d *decoder) row(fields []pgconn.FieldDescription, values [][]byte, dest []any) bool {
	if len(fields) != len(values) || len(fields) != len(dest) {
		return false
	}
	for i, field := range fields {
		if field.Format != pgtype.BinaryFormatCode || !d.value(field.DataTypeOID, values[i], dest[i]) {
			return false
		}
	}
	return true
}

func (d *decoder) value(oid uint32, src []byte, dest any) bool {
	switch dest := dest.(type) {
	case *string:
		return oid == pgtype.TextOID && src != nil && d.text(src, dest)
	case **string:
		if *dest = nil; src != nil {
			*dest = &d.room(1)[0]
			return oid == pgtype.TextOID && d.text(src, *dest)
		}
		return true
	case *bool:
		return oid == pgtype.BoolOID && len(src) == 1 && set(dest, src[0] == 1)
	case *int64:
		return oid == pgtype.Int8OID && len(src) == 8 && set(dest, int64(binary.BigEndian.Uint64(src)))
	case *time.Time:
		return oid == pgtype.TimestamptzOID && timestamptz(src, dest)
	case **time.Time:
		if *dest = nil; src != nil {
			*dest = new(time.Time)
			return oid == pgtype.TimestamptzOID && timestamptz(src, *dest)
		}
		return true
	case *uuid.UUID:
		return oid == pgtype.UUIDOID && len(src) == 16 && set(dest, uuid.UUID(src))
	case *[]string:
		return oid == pgtype.TextArrayOID && d.textArray(src, dest)
	}
	return false
}

func set[T any](dest *T, value T) bool { *dest = value; return true }

// text copies a text into the shared memory.
func (d *decoder) text(src []byte, dest *string) bool {
	start := d.texts.Len()
	if start+len(src) > d.texts.Cap() {
		size := max(min(2*d.texts.Cap(), 4<<10), 128, len(src))
		d.texts, start = strings.Builder{}, 0
		d.texts.Grow(size)
	}
	d.texts.Write(src)
	return set(dest, d.texts.String()[start:])
}

// room returns n texts.
func (d *decoder) room(n int) []string {
	if len(d.strings) < n {
		d.strings = make([]string, max(n, 16))
	}
	room := d.strings[:n:n]
	d.strings = d.strings[n:]
	return room
}

// timestamptz reads microseconds since 2000 (timestamptz_send), of the years that a task's
// times are in.
func timestamptz(src []byte, dest *time.Time) bool {
	if len(src) != 8 {
		return false
	}
	microseconds := int64(binary.BigEndian.Uint64(src))
	if microseconds < year1 || microseconds >= year10000 {
		return false
	}
	return set(dest, time.Unix(year2000+microseconds/1e6, microseconds%1e6*1e3))
}

const (
	year2000  = 946684800 // in Unix time
	year1     = -63082281600e6
	year10000 = 252455616000e6
)

// textArray reads an array of one dimension without NULLs (array_send).
func (d *decoder) textArray(src []byte, dest *[]string) bool {
	read := func() (n int, ok bool) {
		if len(src) < 4 {
			return 0, false
		}
		n = int(int32(binary.BigEndian.Uint32(src)))
		src = src[4:]
		return n, true
	}
	var header [5]int // dimensions, has NULLs, type, length, lower bound
	for i := range header {
		var ok bool
		if header[i], ok = read(); !ok {
			return i == 3 && header[0] == 0 && len(src) == 0 && set(dest, []string{})
		}
	}
	if header[0] != 1 || header[1] != 0 || header[2] != pgtype.TextOID || header[3] < 1 || header[3] > len(src)/4 {
		return false
	}
	elements := d.room(header[3])
	for i := range elements {
		n, ok := read()
		if !ok || n < 0 || n > len(src) {
			return false
		}
		d.text(src[:n], &elements[i])
		src = src[n:]
	}
	return len(src) == 0 && set(dest, elements)
}

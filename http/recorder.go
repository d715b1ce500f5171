package http

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
)

// recorder is a ResponseWriter that records the status and the size of the reply.
type recorder struct {
	http.ResponseWriter
	info   *info
	isHead bool // the reply has a length and no body
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

// begin is called before the headers are sent.
func (r *recorder) begin(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	if t := r.info.timing; t.Query != "" {
		// Server Timing (W3C), in milliseconds. A query's name is one of this program's.
		timing := append(make([]byte, 0, 64), "db;dur="...)
		timing = strconv.AppendFloat(timing, float64(t.Duration.Microseconds())/1000, 'f', 3, 64)
		timing = append(append(append(timing, `;desc="`...), t.Query...), '"')
		r.info.header[1] = string(timing)
		r.Header()["Server-Timing"] = r.info.header[1:2:2]
	}
}

// Hijack hands the connection over to a stream, which begins with 200.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.begin(http.StatusOK)
	}
	return conn, buffered, err
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

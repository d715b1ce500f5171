package http

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

const eventStream = "text/event-stream"

// acceptsEvents reports whether a client asks for Server-Sent Events, and for JSON no
// more than for them.
func acceptsEvents(r *http.Request) bool {
	events := quality(r, "Accept", eventStream)
	return events > 0 && events >= quality(r, "Accept", "application/json")
}

func acceptsGzip(r *http.Request) bool { return quality(r, "Accept-Encoding", "gzip") > 0 }

// quality is the weight that a request gives a media type or a coding (RFC 9110, section
// 12.4.2), 0 where it does not name it.
func quality(r *http.Request, header, name string) float64 {
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values(header), ","), ",") {
		value, weighted, hasParameters := strings.Cut(accepted, ";")
		if !strings.EqualFold(strings.TrimSpace(value), name) {
			continue
		}
		if !hasParameters {
			return 1
		}
		_, parameters, err := mime.ParseMediaType(name + ";" + weighted)
		if err != nil {
			continue
		}
		weight, given := parameters["q"]
		if !given {
			return 1
		}
		q, err := strconv.ParseFloat(weight, 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 0
}

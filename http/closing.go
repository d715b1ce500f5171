package http

import "net/http"

var closeConnection = []string{"close"}

// closing has a connection closed after its reply
//
//   - of a server that stops: whoever keeps it open must not send the next request on it
//     just when it is closed;
//   - to a request that is chunked, or HTTP/1.0. It may have had a Content-Length beside
//     its Transfer-Encoding, which is how requests are smuggled past a proxy that believes
//     the other one of them. RFC 9112, section 6.1, has the connection closed; net/http
//     goes by the one that the RFC tells it to, but removes both, so one cannot tell.
//     It costs a client a connection for each body whose length it does not say.
//
// What else net/http accepts stays accepted, such as a bare LF at the end of a header line
// (RFC 9112, section 2.2, allows it). Within chunks it is refused.
func closing(stop <-chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) || isClosed(stop) {
			w.Header()["Connection"] = closeConnection
		}
		next.ServeHTTP(w, r)
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

package authtest

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Fault is a way in which the server of a key set fails.
type Fault string

// The faults. Slow replies after a minute; Flapping replies to every second request
// with 500; OneBroken serves a broken key before the good ones.
const (
	None      Fault = ""
	Down      Fault = "down"
	Slow      Fault = "slow"
	Status500 Fault = "500"
	Empty     Fault = "{}"
	NoKeys    Fault = "no keys"
	Garbage   Fault = "garbage"
	Huge      Fault = "10 MB"
	Redirect  Fault = "redirect"
	Flapping  Fault = "flapping"
	OneBroken Fault = "one broken key"
	RSAOnly   Fault = "every key broken but the RSA one"
)

// Faults are those during which no key can be fetched.
var Faults = []Fault{Down, Slow, Status500, Empty, NoKeys, Garbage, Huge, Redirect}

// SetFault sets how the server fails from now on; [None] for not at all.
func (i *Issuer) SetFault(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = f
}

// Fetches returns the number of requests to the server.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// ServeHTTP serves the key set.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.fetches++
	fault, n := i.fault, i.fetches
	set := encode(map[string]any{"keys": i.published})
	i.mu.Unlock()

	switch fault {
	case Down:
		panic(http.ErrAbortHandler)
	case Slow:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	case Status500:
		w.WriteHeader(http.StatusInternalServerError)
	case Empty:
		set = "{}"
	case NoKeys:
		set = `{"keys":[]}`
	case Garbage:
		set = "<html>" + set
	case Huge:
		set += strings.Repeat(" ", 10<<20)
	case Redirect:
		if r.URL.Path != "/moved" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
	case Flapping:
		if n%2 == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	case OneBroken:
		set = strings.Replace(set, "[", `[{"kty":"OKP","crv":"Ed25519","kid":"broken","x":"AA"},`, 1)
	case RSAOnly:
		set = strings.ReplaceAll(set, `"x":"`, `"x":"!`)
	}
	_, _ = io.WriteString(w, set)
}

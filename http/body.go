package http

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readBody returns the body, nil where there is none. Its media type counts only
// where there is one: frontends set Content-Type on requests without a body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, badRequest("the body did not arrive in time")
	case err != nil:
		return nil, badRequest("the body is incomplete")
	case len(body) == 0:
		return nil, nil
	}
	return body, checkMediaType(r)
}

// checkMediaType refuses what is not JSON in UTF-8 as it stands. A header that is given
// twice may have been read as its other half on the way; an empty one says nothing.
func checkMediaType(r *http.Request) error {
	types, codings := r.Header.Values("Content-Type"), r.Header.Values("Content-Encoding")
	if len(types) > 1 || len(codings) > 1 {
		return errMediaType
	}
	if len(codings) == 1 && codings[0] != "" && !strings.EqualFold(codings[0], "identity") {
		return errMediaType
	}
	if len(types) == 0 || types[0] == "" {
		return nil
	}
	if types[0] == "application/json" {
		return nil // as nearly all requests have it
	}
	mediaType, parameters, err := mime.ParseMediaType(types[0])
	isJSON := mediaType == "application/json" || mediaType == "application/merge-patch+json" && r.Method == http.MethodPatch
	charset, given := parameters["charset"]
	if err != nil || !isJSON || given && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return errMediaType
	}
	return nil
}

// member is a name and its value in a JSON object.
type member struct {
	name  string
	value jsontext.Value
}

// decodeObject returns the members of a JSON object in their order. What is not
// exactly one object (RFC 8259), or has a name more than once, is a 400. The values are
// parts of body.
func decodeObject(body []byte) ([]member, error) {
	o := object{body: body, members: make([]member, 0, 8)}
	err := json.Unmarshal(body, &o)
	switch {
	case err == nil:
		return o.members, nil
	case o.complete:
		return nil, badRequest("there is more in the body than one JSON object")
	case errors.Is(err, errNoObject):
		return nil, errNoObject
	}
	return nil, notJSON(err)
}

// object is what json.Unmarshal, which uses its decoders again, decodes a body into.
type object struct {
	body     []byte
	members  []member
	complete bool // the object has ended
}

var errNoObject = badRequest("the body is not a JSON object")

func (o *object) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	start, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	if start.Kind() != '{' {
		return errNoObject
	}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		// A token is valid until the next read only.
		m := member{name: name.String()}
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		end := decoder.InputOffset()
		m.value = o.body[end-int64(len(value)) : end]
		o.members = append(o.members, m)
	}
	_, err = decoder.ReadToken()
	o.complete = err == nil
	return err
}

func notJSON(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return badRequest("a name is given more than once in an object of the body")
	}
	return badRequest("the body is not valid JSON")
}

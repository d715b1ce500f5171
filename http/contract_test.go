package http_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"

	todohttp "github.com/securetodo/securetodo/http"
)

var contract = sync.OnceValues(func() (*openapi3.T, error) {
	// kin-openapi asserts no format that it does not know, and knows neither of these.
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(s string) error {
		if len(s) != 36 {
			return errors.New("not the 36 characters of a UUID")
		}
		return uuid.Validate(s)
	}))
	openapi3.DefineStringFormatValidator("json-pointer", openapi3.NewRegexpFormatValidator("^(/([^/~]|~[01])*)*$"))
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background(), openapi3.EnableExamplesValidation())
})

// checkContract holds a request and its reply against openapi.yaml. A request that
// was refused may be anything; every other request, and every reply, must be what
// the contract says and carry no header that it does not.
func checkContract(t testing.TB, request *http.Request, requestBody []byte, reply *http.Response, replyBody []byte) {
	t.Helper()
	var key [sha256.Size]byte
	recurs := len(replyBody) < 64<<10 // No larger one does, and its key takes long.
	if recurs {
		key = exchangeKey(request, requestBody, reply, replyBody)
		if _, ok := allowedExchanges.Load(key); ok {
			return
		}
	}
	if err := breach(request, requestBody, reply, replyBody); err != nil {
		t.Errorf("%s %s: %d %v %s\nbreaks the contract: %v", request.Method, request.URL, reply.StatusCode, reply.Header, replyBody, err)
		return
	}
	if recurs {
		allowedExchanges.Store(key, nil)
	}
}

// allowedExchanges has the key of each exchange that was found to keep the contract.
// kin-openapi compiles a schema anew for each value, which would be half of the
// processor time of these tests.
var allowedExchanges sync.Map

// arbitrary finds what differs from one exchange to the next and is alike to the
// contract: UUIDs, timestamps, durations.
var arbitrary = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z|dur=\d+\.\d+`)

// exchangeKey is the same for two exchanges that the contract cannot tell apart.
func exchangeKey(request *http.Request, requestBody []byte, reply *http.Response, replyBody []byte) [sha256.Size]byte {
	requestHeader, replyHeader := request.Header.Clone(), reply.Header.Clone()
	if scheme, token, _ := strings.Cut(requestHeader.Get("Authorization"), " "); token != "" {
		requestHeader.Set("Authorization", scheme+" token")
	}
	replyHeader.Del("Date")
	key := fmt.Sprintf("%s %q %v %q %d %v %q", request.Method, request.URL.RequestURI(), requestHeader, requestBody, reply.StatusCode, replyHeader, replyBody)
	return sha256.Sum256([]byte(arbitrary.ReplaceAllStringFunc(key, func(found string) string {
		if strings.HasPrefix(found, "dur=") {
			return "<duration>"
		}
		if uuid.Validate(found) == nil {
			return "<uuid>"
		}
		if _, err := time.Parse(time.RFC3339, found); err == nil {
			return "<time>"
		}
		return found
	})))
}

// breach says how a request and its reply break the contract.
func breach(request *http.Request, requestBody []byte, reply *http.Response, replyBody []byte) error {
	doc, err := contract()
	if err != nil {
		return err
	}
	if reply.StatusCode == http.StatusRequestHeaderFieldsTooLarge {
		return nil // net/http's own, before any handler.
	}
	path := request.URL.EscapedPath()
	if strings.HasPrefix(path, "/docs/") && reply.StatusCode < 400 {
		return nil // The page's own scripts and styles.
	}
	var response *openapi3.Response
	if route, variables := routeOf(doc, request.Method, path); route != nil {
		if reply.StatusCode < 400 {
			if err := checkRequest(route, variables, request, requestBody); err != nil {
				return fmt.Errorf("a request that was not refused: %w", err)
			}
		}
		if documented := route.Operation.Responses.Status(reply.StatusCode); documented != nil {
			response = documented.Value
		}
	} else {
		response = outsideOperations(doc, request.Method, reply.StatusCode)
	}
	if response == nil {
		return errors.New("an undocumented status, path or method")
	}
	return checkReply(doc, response, request.Method, reply.Header, replyBody)
}

// routeOf finds the operation and the path's variables, nil where there is none.
// kin-openapi's own routers know no trailing slashes and no HEAD.
func routeOf(doc *openapi3.T, method, path string) (*routers.Route, map[string]string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for template, item := range doc.Paths.Map() {
		variables, ok := match(template, path)
		if !ok {
			continue
		}
		operation := item.GetOperation(method)
		if operation == nil {
			return nil, nil
		}
		return &routers.Route{Spec: doc, Path: template, PathItem: item, Method: method, Operation: operation}, variables
	}
	return nil, nil
}

// match compares segments while they are encoded: a user id may hold a slash.
func match(template, path string) (map[string]string, bool) {
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	names := strings.Split(template, "/")
	if len(segments) != len(names) {
		return nil, false
	}
	variables := map[string]string{}
	for i, name := range names {
		if !strings.HasPrefix(name, "{") {
			if segments[i] != name {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segments[i])
		if err != nil || value == "" {
			return nil, false
		}
		variables[strings.Trim(name, "{}")] = value
	}
	return variables, true
}

// outsideOperations is what a path or method that the contract does not list may
// get: the replies that precede the choice of an operation, and the router's own.
func outsideOperations(doc *openapi3.T, method string, status int) *openapi3.Response {
	common := openapi3.Headers{}
	for _, name := range []string{"X-Request-Id", "Cache-Control", "X-Content-Type-Options", "RateLimit", "RateLimit-Policy"} {
		common[name] = doc.Components.Headers[name]
	}
	allow := &openapi3.Header{Parameter: openapi3.Parameter{Schema: openapi3.NewStringSchema().WithPattern("^[A-Z]+(, [A-Z]+)*$").NewRef()}}
	common["Allow"] = &openapi3.HeaderRef{Value: allow}
	if method == http.MethodOptions && status == http.StatusNoContent {
		return &openapi3.Response{Headers: common}
	}
	if status == http.StatusMethodNotAllowed {
		allow.Required = true
		own := openapi3.NewSchema().WithProperty("type", openapi3.NewStringSchema().WithEnum("/problems/method-not-allowed")).
			WithProperty("status", openapi3.NewIntegerSchema().WithEnum(http.StatusMethodNotAllowed))
		schema := &openapi3.Schema{AllOf: openapi3.SchemaRefs{doc.Components.Schemas["Problem"], own.NewRef()}}
		return &openapi3.Response{Headers: common, Content: openapi3.NewContentWithSchema(schema, []string{"application/problem+json"})}
	}
	name := map[int]string{
		400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests", 500: "Internal", 503: "Unavailable",
	}[status]
	if name == "" {
		return nil
	}
	return doc.Components.Responses[name].Value
}

func checkRequest(route *routers.Route, variables map[string]string, request *http.Request, body []byte) error {
	parameters := append(slices.Clone(route.Operation.Parameters), route.PathItem.Parameters...)
	for name, values := range request.URL.Query() {
		parameter := parameters.GetByInAndName("query", name)
		if parameter == nil {
			return fmt.Errorf("the query parameter %q is not documented", name)
		}
		if len(values) > 1 && !parameter.Schema.Value.Type.Is("array") {
			return fmt.Errorf("the query parameter %q is given more than once", name)
		}
	}
	copied := request.Clone(context.Background())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	copied.GetBody = nil
	if request.Header.Get("Content-Type") == "" {
		copied.Header.Set("Content-Type", "application/json")
	}
	return openapi3filter.ValidateRequest(copied.Context(), &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: variables, Route: route,
		Options: &openapi3filter.Options{SkipSettingDefaults: true, AuthenticationFunc: bearsToken},
	})
}

func bearsToken(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	scheme, token, _ := strings.Cut(input.RequestValidationInput.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, input.SecurityScheme.Scheme) || token == "" {
		return errors.New("no token")
	}
	return nil
}

func checkReply(doc *openapi3.T, response *openapi3.Response, method string, header http.Header, body []byte) error {
	for name, values := range header {
		_, documented := response.Headers[name]
		for known := range response.Headers {
			documented = documented || http.CanonicalHeaderKey(known) == name
		}
		switch {
		case documented && len(values) > 1:
			return fmt.Errorf("the header %s is given more than once", name)
		case documented, strings.HasPrefix(name, "Access-Control-"),
			slices.Contains([]string{"Connection", "Content-Length", "Content-Type", "Date", "Vary"}, name):
		default:
			return fmt.Errorf("the header %s is not documented", name)
		}
	}
	bodiless := method == http.MethodHead || len(response.Content) == 0
	if bodiless && len(body) > 0 {
		return errors.New("a body where there is none")
	}
	// Called GET and 200, because kin-openapi looks at no reply to HEAD and at no 304.
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: http.MethodGet},
			Route: &routers.Route{Spec: doc, Operation: &openapi3.Operation{
				Responses: openapi3.NewResponses(openapi3.WithStatus(http.StatusOK, &openapi3.ResponseRef{Value: response})),
			}},
		},
		Status: http.StatusOK, Header: header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: bodiless},
	}
	return openapi3filter.ValidateResponse(context.Background(), input.SetBodyBytes(body))
}

func TestContractAndRouterHaveTheSamePathsAndMethods(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	documented, served := map[string]bool{}, map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	for path, methods := range todohttp.Resources() {
		if strings.HasPrefix(path, "/docs/") {
			continue // The page's own scripts and styles.
		}
		for _, method := range methods {
			served[method+" "+path] = true
		}
	}
	for operation := range documented {
		if !served[operation] {
			t.Errorf("the contract has %s and the router lacks it", operation)
		}
	}
	for operation := range served {
		if !documented[operation] {
			t.Errorf("the router has %s and the contract lacks it", operation)
		}
	}
}

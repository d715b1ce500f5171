package http_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

// behindPrefix serves the API behind a proxy that strips a prefix off the path, as its
// public URL says, and returns the API as the proxy's clients see it.
func behindPrefix(t *testing.T, prefix string, change ...func(*todohttp.Config)) (proxied *api) {
	t.Helper()
	var target *url.URL
	proxy := httptest.NewServer(http.StripPrefix(prefix, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
	}))
	t.Cleanup(proxy.Close)
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), append(change, func(c *todohttp.Config) { c.PublicURL = proxy.URL + prefix })...)
	var err error
	if target, err = url.Parse(a.url); err != nil {
		t.Fatal(err)
	}
	return &api{t: t, url: proxy.URL + prefix, database: a.database, log: a.log, offContract: true}
}

func TestPublicURLIsWhereLocationLinkAndTypeLead(t *testing.T) {
	t.Parallel()
	a := behindPrefix(t, "/todo")
	// at asks for a URL that a reply has in it, as it is.
	at := func(user, address string) response {
		return (&api{t: t, offContract: true}).do(user, "GET", address, "")
	}
	created := a.do(alice, "POST", tasksOf(alice), `{"title":"behind a proxy"}`).must(t, 201)
	location := created.Header.Get("Location")
	if location != a.url+tasksOf(alice)+"/"+created.task(t).ID {
		t.Errorf("Location: %s", location)
	}
	if got := at(alice, location).must(t, 200); got.task(t).ID != created.task(t).ID {
		t.Errorf("Location leads to %s", got.body)
	}
	undone := a.do(alice, "PUT", tasksOf(alice)+"/019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20", `{"title":"undone"}`, "If-None-Match: *").must(t, 201)
	at(alice, undone.Header.Get("Location")).must(t, 200)

	refused := a.do(alice, "GET", tasksOf(alice)+"?tag=", "").must(t, 400)
	list := a.do(alice, "GET", tasksOf(alice)+"?search=&limit=1", "").must(t, 200)
	link := regexp.MustCompile(`^<(.+)>; rel="next"$`).FindStringSubmatch(list.Header.Get("Link"))
	if link == nil || !strings.HasPrefix(link[1], a.url+tasksOf(alice)+"?") {
		t.Fatalf("Link: %s", list.Header.Get("Link"))
	}
	if next := at(alice, link[1]).must(t, 200); next.Header.Get("Link") != "" || next.body == list.body {
		t.Errorf("Link leads to %s", next.body)
	}

	documented := loadContract(t, a)
	if servers := documented.Servers; len(servers) != 1 || servers[0].URL != a.url {
		t.Errorf("the servers of the contract are %v", servers)
	}
	for _, reply := range []response{created, undone, list, refused, a.do("", "GET", tasksOf(alice), "").must(t, 401), a.do(alice, "GET", tasksOf(bob), "").must(t, 403)} {
		path := strings.TrimPrefix(reply.Request.URL.EscapedPath(), "/todo")
		route, _ := routeOf(documented, reply.Request.Method, path)
		if route == nil {
			t.Fatalf("the contract has no %s", path)
		}
		if err := checkReply(documented, route.Operation.Responses.Status(reply.StatusCode).Value, reply.Request.Method, reply.Header, []byte(reply.body)); err != nil {
			t.Errorf("%d: not as the contract of this server has it: %v", reply.StatusCode, err)
		}
	}
	var types []string
	for _, value := range documented.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum {
		types = append(types, value.(string))
		page := at("", value.(string)).must(t, 200)
		if !strings.Contains(page.body, "<code>"+value.(string)+"</code>") || !strings.Contains(page.body, `href="`+a.url+`/openapi.yaml"`) {
			t.Errorf("%s: %s", value, page.body)
		}
	}
	if !slices.Contains(types, a.url+"/problems/bad-request") {
		t.Errorf("the types are %v", types)
	}
}

// loadContract reads the contract that a server serves, which must be the same as YAML
// and as JSON.
func loadContract(t *testing.T, a *api) *openapi3.T {
	t.Helper()
	var documents [2]*openapi3.T
	for i, path := range []string{"/openapi.yaml", "/openapi.json"} {
		var err error
		if documents[i], err = openapi3.NewLoader().LoadFromData([]byte(a.do("", "GET", path, "").must(t, 200).body)); err != nil {
			t.Fatal(err)
		}
	}
	if documents[0].Servers[0].URL != documents[1].Servers[0].URL {
		t.Errorf("%v and %v", documents[0].Servers[0], documents[1].Servers[0])
	}
	return documents[0]
}

// TestPublicURLOfAnyShapeLeavesAContract has those that YAML or a pattern would read as
// something else.
func TestPublicURLOfAnyShapeLeavesAContract(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t, dbtest.NeonOwner)
	for _, base := range []string{"https://example.com", "http://[::1]:8000/a.b/~c", "https://xn--mnchen-3ya.example/todo"} {
		a := serveDatabase(t, database, func(c *todohttp.Config) { c.PublicURL = base })
		a.offContract = true
		documented := loadContract(t, a)
		location := a.do(alice, "POST", tasksOf(alice), `{"title":"a task"}`).must(t, 201).Header.Get("Location")
		if err := documented.Components.Headers["Location"].Value.Schema.Value.VisitJSON(location); err != nil || !strings.HasPrefix(location, base+"/api/") {
			t.Errorf("%s: %s: %v", base, location, err)
		}
		if documented.Servers[0].URL != base {
			t.Errorf("%s: %s", base, documented.Servers[0].URL)
		}
	}
}

func TestPublicURLIsChecked(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://example.com":               "https://example.com",
		"https://example.com/todo":          "https://example.com/todo",
		"http://localhost:8080/a/b-c_d.e~f": "http://localhost:8080/a/b-c_d.e~f",
		"HTTPS://Example.COM:443/Todo":      "https://example.com/Todo",
		"https://münchen.example/todo":      "https://xn--mnchen-3ya.example/todo",
		"http://[::1]:8000":                 "http://[::1]:8000",

		"https://example.com/":          "must not end in a slash",
		"https://example.com/todo/":     "must not end in a slash",
		"https://example.com/todo?":     "must have no query",
		"https://example.com/todo?a=b":  "must have no query",
		"https://example.com/todo#":     "must have no fragment",
		"https://example.com#top":       "must have no fragment",
		"https://me:hunter2@e.example":  "must have no user and no password",
		"ftp://example.com/todo":        "must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo",
		"example.com/todo":              "must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo",
		"/todo":                         "must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo",
		"https:///todo":                 "must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo",
		"https://example.com/todo\n":    "must be a URL that begins with https:// or http:// and a host, such as https://example.com/todo",
		"https://example.com/a//b":      "must have a path of letters, digits, -, ., _ and ~ between single slashes, or none",
		"https://example.com/a/../b":    "must have a path of letters, digits, -, ., _ and ~ between single slashes, or none",
		"https://example.com/a%2Fb":     "must have a path of letters, digits, -, ., _ and ~ between single slashes, or none",
		"https://example.com/a b":       "must have a path of letters, digits, -, ., _ and ~ between single slashes, or none",
		"https://example.com/a>;rel=\"": "must have a path of letters, digits, -, ., _ and ~ between single slashes, or none",
		"https://*.example.com/todo":    "must have a host that is a name or an address",
		"https://exa\"mple.com":         "must have a host that is a name or an address",
	} {
		got, err := todohttp.ParsePublicURL(given)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

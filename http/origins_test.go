package http_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
	todohttp "github.com/securetodo/securetodo/http"
)

var originForms = map[string]string{
	"*":                              "*",
	"https://app.example":            "https://app.example",
	"https://APP.Example":            "https://app.example",
	"HTTPS://app.example":            "https://app.example",
	"https://a.example:443":          "https://a.example",
	"https://a.example:0443":         "https://a.example",
	"https://a.example:":             "https://a.example",
	"http://a.example:80":            "http://a.example",
	"http://a.example:443":           "http://a.example:443",
	"https://a.example:80":           "https://a.example:80",
	"http://localhost:3000":          "http://localhost:3000",
	"http://localhost:03000":         "http://localhost:3000",
	"https://bücher.example":         "https://xn--bcher-kva.example",
	"https://BÜCHER.example":         "https://xn--bcher-kva.example",
	"https://bu\u0308cher.example":   "https://xn--bcher-kva.example",
	"https://straße.example":         "https://xn--strae-oqa.example",
	"https://例え。テスト":                 "https://xn--r8jz45g.xn--zckzah",
	"https://xn--bcher-kva.example":  "https://xn--bcher-kva.example",
	"https://my_app.example":         "https://my_app.example",
	"https://r3---sn.example":        "https://r3---sn.example",
	"https://app.example.":           "https://app.example.",
	"http://127.0.0.1:5173":          "http://127.0.0.1:5173",
	"http://[::1]:3000":              "http://[::1]:3000",
	"http://[2001:DB8:0:0:0:0:0:1]":  "http://[2001:db8::1]",
	"https://*.app.example":          "https://*.app.example",
	"https://*.APP.example:443":      "https://*.app.example",
	"https://*.vercel.app":           "https://*.vercel.app",
	"https://api.*.bücher.example":   "https://api.*.xn--bcher-kva.example",
	"http://*.localhost:3000":        "http://*.localhost:3000",
	"capacitor://localhost":          "capacitor://localhost",
	"Chrome-Extension://abcdefghijk": "chrome-extension://abcdefghijk",
}

func TestOriginIsBroughtIntoTheFormThatBrowsersSend(t *testing.T) {
	t.Parallel()
	for given, want := range originForms {
		if got, err := todohttp.ParseOrigin(given); got != want {
			t.Errorf("%s: %q, %v, want %s", given, got, err, want)
		}
	}
}

// TestOriginHasTheFormOfTheURLStandard asks an implementation of it that is not ours.
func TestOriginHasTheFormOfTheURLStandard(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), dbtest.Need(t, "node"), "-e", "for (const url of process.argv.slice(1)) console.log(new URL(url).origin)", "--")
	var want []string
	for given, form := range originForms {
		if given != "*" && strings.HasPrefix(form, "http") { // node gives other schemes no origin
			command.Args, want = append(command.Args, given), append(want, form)
		}
	}
	said, err := command.CombinedOutput()
	if got := strings.Fields(string(said)); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: %q, want %q", err, got, want)
	}
}

func TestOriginThatNoBrowserSendsIsRefused(t *testing.T) {
	t.Parallel()
	for _, hunter2 := range []string{
		"", "null", "hunter2", "hunter2.example", "//hunter2.example", "hunter2.example:443", "https:hunter2.example", "https://", "https://:443",
		"https://hunter2.example/", "https://hunter2.example/path", "https://hunter2.example?q", "https://hunter2.example#f", "https://user@hunter2.example",
		"https://hunter2.example:port", "https://hunter2.example:*", "https://hunter2 .example", "https://hunter2%2e.example", "https://hunter2..example", "https://.hunter2.example",
		"https://hunter2.example,https://b.example", "https://xn--hunter2-.example", "https://hunter2<.example", "https://hunter2|.example",
		"http://127.1", "http://127.0.0.01", "http://0x7f.1", "http://256.0.0.1", "http://hunter2.1", "http://[::ffff:1.2.3.4]", "http://[127.0.0.1]", "http://[::1%25eth0]", "http://[::1", "http://::1",
		"https://*", "https://hunter2.*", "https://*.*.hunter2.example", "https://*hunter2.example", "https://hunter2-*.example", "https://**.hunter2.example", "https://*.", "*://hunter2.example", "chrome-extension://*",
	} {
		if got, err := todohttp.ParseOrigin(hunter2); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q, %v", hunter2, got, err)
		}
	}
}

func TestCORSAllowsOneLabelForAnAsterisk(t *testing.T) {
	t.Parallel()
	a := serveDatabase(t, dbtest.New(t, dbtest.NeonOwner), func(c *todohttp.Config) {
		c.CORSOrigins = []string{"https://*.app.example", "http://api.*.example:8080", "https://one.example"}
	})
	for origin, allowed := range map[string]bool{
		"https://a.app.example":              true,
		"https://pr-12_b.app.example":        true,
		"https://xn--bcher-kva.app.example":  true,
		"https://one.example":                true,
		"http://api.b.example:8080":          true,
		"https://app.example":                false,
		"https://.app.example":               false,
		"https://a.b.app.example":            false,
		"http://a.app.example":               false,
		"https://a.app.example:8443":         false,
		"https://a.app.example.evil.example": false,
		"https://evilapp.example":            false,
		"https://evil.example/.app.example":  false,
		"https://evil.example#.app.example":  false,
		"https://u@a.app.example":            false,
		"https://A.app.example":              false,
		"http://api.b.c.example:8080":        false,
		"http://api.b.example":               false,
		"https://*.app.example":              false,
		"null":                               false,
	} {
		want := ""
		if allowed {
			want = origin
		}
		simple := a.do(alice, "GET", tasksOf(alice), "", "Origin: "+origin).must(t, 200).Header
		preflight := a.do("", "OPTIONS", tasksOf(alice), "", "Origin: "+origin, "Access-Control-Request-Method: DELETE", "Access-Control-Request-Headers: authorization").must(t, 204).Header
		if got, asked := simple.Get("Access-Control-Allow-Origin"), preflight.Get("Access-Control-Allow-Origin"); got != want || asked != want {
			t.Errorf("%s: %q, to a preflight %q", origin, got, asked)
		}
	}
}

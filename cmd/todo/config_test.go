package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the README's configuration table and .env.example")

func TestConfigurationIsDocumented(t *testing.T) {
	const readme, start, end = "../../README.md", "<!-- configuration -->\n", "<!-- /configuration -->"
	content, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(content), start)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("README.md has no markers for the configuration table")
	}
	mustHold(t, readme, before+start+configurationTable()+end+after)
	mustHold(t, "../../.env.example", environmentExample())
}

func mustHold(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is stale: run `make docs` (%v)", path, err)
	}
}

func configurationTable() string {
	var b strings.Builder
	b.WriteString("| variable | meaning | default |\n|---|---|---|\n")
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		standard := field.Tag.Get("envDefault")
		if standard != "" {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", variable(field), field.Tag.Get("doc"), standard)
	}
	return b.String()
}

func environmentExample() string {
	var b strings.Builder
	b.WriteString("# All variables of the server; remove the # of those that you set. Copied to .env, which\n" +
		"# git ignores, `todo dev` reads it for what is not set, and nothing else does. `todo dev`\n" +
		"# also reads PG_BIN and POSTGRES_MIRROR_URL: see README.md.\n")
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config]()) {
		value := field.Tag.Get("example")
		if value == "" {
			value = field.Tag.Get("envDefault")
		}
		fmt.Fprintf(&b, "\n# %s\n# %s=%s\n", field.Tag.Get("doc"), variable(field), value)
	}
	return b.String()
}

func variable(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
	return name
}

func TestConfigurationErrorNamesTheVariableWithoutItsValue(t *testing.T) {
	for name, value := range map[string]string{
		"BETTER_AUTH_SECRET": "hunter2",
		"LOG_LEVEL":          "hunter2",
		"ADDR":               "hunter2",
		"DOCS":               "hunter2",
		"JWKS_MAX_STALE":     "hunter2",
		"TOKEN_CACHE_SIZE":   "hunter2",
		"JWKS_URL":           "http://hunter2/jwks",
		"JWT_USER_CLAIM":     "iss",
		"HS256_USER_CLAIM":   "exp.at",
		"TRUSTED_PROXIES":    "10.0.0.0/8,hunter2",
		"AUTH_FAILURE_LIMIT": "hunter2",
		"RATE_LIMIT":         "hunter2",
		"MAX_TASKS_PER_USER": "hunter2",
		"PUBLIC_URL":         "https://me:hunter2@example.com",
		"CORS_ORIGINS":       "https://ok.example,https://hunter2/path",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := readConfig()
			if err == nil || !strings.HasPrefix(err.Error(), name+": ") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestConfigurationHasOriginsAsBrowsersSendThem(t *testing.T) {
	t.Setenv("CORS_ORIGINS", "https://APP.example, https://a.example:443,https://*.vercel.app,https://b\u00fccher.example")
	c, err := readConfig()
	if want := []string{"https://app.example", "https://a.example", "https://*.vercel.app", "https://xn--bcher-kva.example"}; err != nil || !slices.Equal(c.CORSOrigins, want) {
		t.Errorf("%q, %v", c.CORSOrigins, err)
	}
	for value, want := range map[string]string{
		"https://a.example/":               "CORS_ORIGINS: each must be an origin like https://app.example, without a path or a trailing slash, or * for all",
		"https://a.example,":               "CORS_ORIGINS: has an empty member: is there a comma too many?",
		"https://pr-*.a.example":           "CORS_ORIGINS: a * stands for one whole label of an http or https origin's host, as in https://*.app.example, and not for the last",
		"https://a.example,http://127.0.1": "CORS_ORIGINS: the host of an origin is no name and no address that a browser would send",
	} {
		t.Setenv("CORS_ORIGINS", value)
		if _, err := readConfig(); err == nil || err.Error() != want {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestDirectURLIsNeverThatOfAPooler(t *testing.T) {
	const direct, pooled = "postgres://u@ep-x.neon.tech/d", "postgres://u@ep-x-pooler.eu.neon.tech/d"
	for _, c := range []struct{ unpooled, url, want string }{
		{"", direct, direct},
		{direct, pooled, direct},
		{"", pooled, ""},
		{"", "host=ep-x-pooler.neon.tech user=u dbname=d", ""},
		{"", "postgres://u@ep-x.neon.tech,ep-x-pooler.neon.tech/d", ""},
		{"", "", ""},
	} {
		got, err := config{DatabaseURL: c.url, DatabaseURLUnpooled: c.unpooled}.directURL()
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "DATABASE_URL_UNPOOLED") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestConfigurationOfLimitsIsChecked(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"RATE_LIMIT", "-1", "RATE_LIMIT: must be 0 for no limit, or 0.001 to 1000000 requests a second"},
		{"RATE_LIMIT", "NaN", "RATE_LIMIT: must be 0 for no limit, or 0.001 to 1000000 requests a second"},
		{"RATE_LIMIT", "Inf", "RATE_LIMIT: must be 0 for no limit, or 0.001 to 1000000 requests a second"},
		{"AUTH_FAILURE_LIMIT", "-0.5", "AUTH_FAILURE_LIMIT: must be 0 for no limit, or 0.001 to 1000000 requests a second"},
		{"TRUSTED_PROXIES", "10.0.0.1,", "TRUSTED_PROXIES: has an empty member: is there a comma too many?"},
		{"TRUSTED_PROXIES", "10.0.0.1 10.0.0.2", "TRUSTED_PROXIES: each must be an address such as 10.0.0.5 or a CIDR block such as 10.0.0.0/8 or fd00::/8"},
		{"TRUSTED_PROXIES", "0.0.0.0/0", "TRUSTED_PROXIES: a block of all addresses would let each client choose its own: name those of the proxies"},
		{"MAX_TASKS_PER_USER", "-1", "MAX_TASKS_PER_USER: must be 0 for no limit, or more"},
		{"RATE_LIMIT", "0.5", ""},
		{"MAX_TASKS_PER_USER", "1000", ""},
		{"AUTH_FAILURE_LIMIT", "0", ""},
		{"TRUSTED_PROXIES", " 10.0.0.0/8, ::1", ""},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			if _, err := readConfig(); err == nil && c.want != "" || err != nil && err.Error() != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

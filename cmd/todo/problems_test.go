package main

import (
	"os"
	"strings"
	"testing"
)

// wellConfigured sets what a server needs.
func wellConfigured(t *testing.T) {
	t.Helper()
	for _, name := range variables() {
		if _, ok := os.LookupEnv(name); ok {
			t.Setenv(name, "") // restored at the end
			_ = os.Unsetenv(name)
		}
	}
	t.Setenv("DATABASE_URL", "postgres://todo:pw@db.example/todo")
	t.Setenv(secretVariable, testSecret)
	t.Setenv("JWT_ISSUER", "https://issuer.example")
}

// TestConfigurationRefusesAValueThatNobodyMeant has what shells, editors and manifests put
// around values, for each kind of variable.
func TestConfigurationRefusesAValueThatNobodyMeant(t *testing.T) {
	good := map[string]string{
		secretVariable: testSecret, "DATABASE_URL": "postgres://todo:hunter2@db.example/todo", "DATABASE_URL_UNPOOLED": "postgres://todo:hunter2@db.example/todo",
		"JWKS_URL": "https://hunter2.example/jwks", "JWT_ISSUER": "https://hunter2.example", "JWT_AUDIENCE": "hunter2", "JWT_USER_CLAIM": "hunter2",
		"HS256_ISSUER": "https://hunter2.example", "HS256_AUDIENCE": "hunter2", "HS256_USER_CLAIM": "hunter2",
		"CORS_ORIGINS": "https://hunter2.example", "TRUSTED_PROXIES": "10.0.0.1", "ADDR": "127.0.0.1:8000", "ADMIN_ADDR": "127.0.0.1:8001",
		"LOG_LEVEL": "INFO", "RATE_LIMIT": "5", "DRAIN": "5s", "DOCS": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://hunter2.example:4318", "PORT": "8080",
	}
	for name, value := range good {
		for odd, says := range map[string]string{
			"V\n": "ends with a line feed: was it made with echo", "V\r\n": "ends with a carriage return", "V\r": "ends with a carriage return",
			"\nV": "begins with a line feed", "V\t": "ends with a tab", "V\u00a0": "ends with a space of another kind (U+00A0)",
			`"V"`: "is in quotes", "'V'": "is in quotes", "\u201cV\u201d": "is in quotes", "\ufeffV": "invisible character (U+FEFF)", "V\u200b": "invisible character (U+200B)",
			" V": "begins with a space", "V ": "ends with a space",
		} {
			isList := name == "CORS_ORIGINS" || name == "TRUSTED_PROXIES"
			if isList && strings.Contains(says, "with a space") && !strings.Contains(says, "kind") {
				continue // spaces around a member are left out
			}
			t.Run(name+"="+odd, func(t *testing.T) {
				wellConfigured(t)
				t.Setenv(name, strings.Replace(odd, "V", value, 1))
				_, err := readConfig()
				if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), says) {
					t.Fatalf("%v, want %q", err, says)
				}
				if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), testSecret) || len(linesOf(err)) != 1 || strings.Contains(err.Error(), "\n") {
					t.Error(err)
				}
			})
		}
	}
	wellConfigured(t)
	for name, value := range good {
		t.Setenv(name, value)
	}
	if _, err := readConfig(); err != nil {
		t.Errorf("as they should be: %v", err)
	}
}

func TestConfigurationAcceptsWhateverASecretHasWithin(t *testing.T) {
	wellConfigured(t)
	for _, value := range []string{`"` + testSecret, testSecret + `'`, "a secret of the tests, 'with' \"quotes\"", "gehei\u200bm-" + testSecret, testSecret + "\x01" + "end"} {
		t.Setenv(secretVariable, value)
		if c, err := readConfig(); err != nil || c.Secret != value {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestConfigurationSaysAllThatIsWrongAtOnce has a line for each variable, in whichever way
// it is wrong.
func TestConfigurationSaysAllThatIsWrongAtOnce(t *testing.T) {
	wellConfigured(t)
	wrong := map[string]string{
		"DATABASE_URL": "", secretVariable: "change-me-to-at-least-32-random-bytes", "JWT_USER_CLAIM": "user..id", "HS256_USER_CLAIM": "iss",
		"JWT_ISSUER": "https://issuer.example\n", "DATABASE_URL_UNPOOLED": "postgres://u:p@h/d?pgbouncer=true", "JWKS_URL": "http://issuer.example/jwks",
		"ADDR": ":99999", "ADMIN_ADDR": "8001", "CORS_ORIGINS": "https://a.example, b", "TRUSTED_PROXIES": "10.0.0.1,,10.0.0.2",
		"RATE_LIMIT": "many", "DRAIN": "5", "LOG_LEVEL": "loud", "JWT_MAX_TTL": "-1h", "LIVE_POLL": "0s", "TOKEN_CACHE_SIZE": "-1", "JWKS_MAX_STALE": "soon",
	}
	for name, value := range wrong {
		t.Setenv(name, value)
	}
	_, err := readConfig(needDatabase, needKeys)
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	lines := linesOf(err)
	if len(lines) != len(wrong) {
		t.Errorf("%d lines, want %d:\n%s", len(lines), len(wrong), strings.Join(lines, "\n"))
	}
	for name := range wrong {
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, name+": ") || strings.HasPrefix(line, name+" is not set")
		}
		if !found {
			t.Errorf("no line for %s:\n%s", name, strings.Join(lines, "\n"))
		}
	}
}

func TestConfigurationOfAddressesIsChecked(t *testing.T) {
	for _, c := range []struct{ set, says string }{
		{"ADDR=:8000", ""},
		{"ADDR=[::1]:8000", ""},
		{"ADDR=localhost:http", ""},
		{"ADDR=8000", "ADDR: is a port alone: write a colon before it, as in :8000"},
		{"ADDR=:99999", "ADDR: has a port above 65535"},
		{"ADDR=:-1", "ADDR: must end with the number of a port"},
		{"ADDR=http://0.0.0.0:8000", "ADDR: is a URL: write host:port alone"},
		{"ADDR=::1:8000", "ADDR: must be host:port with an IPv6 address in brackets"},
		{"ADDR=127.0.0.1", "ADDR: must be host:port"},
		{"ADDR=127.0.0.1:", "ADDR: has no port"},
		{"ADDR=a, b:8000", "ADDR: must be host:port with one host"},
		{"ADMIN_ADDR=8001", "ADMIN_ADDR: is a port alone"},
		{"ADMIN_ADDR=:8000", "ADMIN_ADDR: has the port of ADDR"},
		{"ADMIN_ADDR=127.0.0.1:8000", "ADMIN_ADDR: has the port of ADDR"},
		{"ADMIN_ADDR=127.0.0.1:8001", ""},
		{"PORT=8080", ""},
		{"PORT=0", "PORT: must be a port, 1 to 65535"},
		{"PORT=65536", "PORT: must be a port, 1 to 65535"},
		{"PORT=:8080", "PORT: must be a port, 1 to 65535"},
		{"PORT=http", "PORT: must be a port, 1 to 65535"},
	} {
		t.Run(c.set, func(t *testing.T) {
			wellConfigured(t)
			name, value, _ := strings.Cut(c.set, "=")
			t.Setenv(name, value)
			_, err := readConfig()
			if (err == nil) != (c.says == "") || err != nil && (!strings.HasPrefix(err.Error(), c.says) || len(linesOf(err)) != 1) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestConfigurationOfCollectorsShowsNoPassword(t *testing.T) {
	t.Parallel()
	for password, says := range map[string]string{
		"qzx/wvu": "%2F", "12/wvu": "%2F", "qzx?wvu": "%3F", "qzx#wvu": "%23", "qzx%wvu": "%25", "qzx wvu": "%20", "qzx@wvu": "", "qzx%2Fwvu": "",
	} {
		err := checkCollectorURL("https://user:" + password + "@collector.example:4318")
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "wvu") || strings.Contains(err.Error(), "qzx")) {
			t.Errorf("%s: %v", password, err)
		}
	}
	for _, text := range []string{"", "http://localhost:4318", "localhost:4317", "127.0.0.1:4317", "https://collector.example/v1/traces"} {
		if err := checkCollectorURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConfigurationHonoursPortWhereAddrIsNotSet(t *testing.T) {
	for _, c := range []struct{ port, addr, want string }{
		{"", "", ":8000"},
		{"8080", "", ":8080"},
		{"8080", "127.0.0.1:9000", "127.0.0.1:9000"},
		{"nonsense", ":9000", ":9000"}, // is not used
	} {
		wellConfigured(t)
		t.Setenv("PORT", c.port)
		t.Setenv("ADDR", c.addr)
		if got, err := readConfig(); err != nil || got.Addr != c.want {
			t.Errorf("%+v: %q, %v", c, got.Addr, err)
		}
	}
}

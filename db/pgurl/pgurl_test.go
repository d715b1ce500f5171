package pgurl_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/securetodo/securetodo/db/pgurl"
)

// passwords have each character that means something in a URL, at the beginning, within
// and at the end, behind digits, which make a port of what comes first, and together.
func passwords() (list []string) {
	for _, c := range []string{"/", "?", "#", "@", "%", " ", ":", "&", "=", "+", "%zz", "//", "@@", "/@", "@/", "?@", "#@", "[", "]", "\\", "'", "\"", "ü", "%41/"} {
		list = append(list, "qzx"+c+"wvu", c+"qzxwvu", "qzxwvu"+c, "4321"+c+"wvukj", "qzx"+c+"wvu"+c+"kjy", "qzx"+c+"wvu=kjy", "qzx"+c+"wvu@kjy/hgf")
	}
	return list
}

// holdsPart reports whether text has three bytes in a row of a password, but for what is
// of the URL or of the advice.
func holdsPart(text, password string) string {
	for i := 0; i+3 <= len(password); i++ {
		if part := password[i : i+3]; strings.Trim(part, "/?#@% :&=+[]\\'\"0123456789") != "" && strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

func TestCheckShowsNoPartOfAPassword(t *testing.T) {
	t.Parallel()
	for _, password := range passwords() {
		for _, form := range []string{
			"postgres://user:PW@127.0.0.1:1/data", "postgresql://user:PW@host.invalid/data?sslmode=require", "postgres://PW@127.0.0.1/data",
			"postgres://user:PW@127.0.0.1:1,127.0.0.2:2/data?pgbouncer=true", "postgres://127.0.0.1/data?user=user&password=PW",
			"host=127.0.0.1 user=user password=PW dbname=data", "mysql://user:PW@host/data", "PW",
		} {
			text := strings.Replace(form, "PW", password, 1)
			err := pgurl.Check(text)
			if err == nil {
				// What passes is read as it was meant: PostgreSQL may say where it connects to.
				config, err := pgx.ParseConfig(text)
				if err != nil {
					t.Fatal(err)
				}
				target, err := pgurl.Describe(text)
				if err != nil {
					t.Fatal(err)
				}
				said := strings.Join(target.Addresses, " ") + " " + target.Database
				for name := range config.RuntimeParams {
					said += " " + name
				}
				if part := holdsPart(said, password); part != "" {
					t.Errorf("%s passes and says %q of the password: %s", text, part, said)
				}
				continue
			}
			if part := holdsPart(err.Error(), password); part != "" {
				t.Errorf("%s: the error says %q of it: %v", text, part, err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: more than a line: %v", text, err)
			}
		}
	}
}

func TestCheckSaysWhichCharacterIsNotEscaped(t *testing.T) {
	t.Parallel()
	for password, says := range map[string]string{
		"qzx/wvu": `'/' as %2F`, "12/wvu": `'/' as %2F`, "qzx@wvu": `'@' as %40`, "qzx%wvu": `'%' as %25`, "qzx wvu": `' ' as %20`,
		"q@z/x": `'@' as %40, '/' as %2F`, "q/z#x": `'/' as %2F, '#' as %23`, "q/z?x": `'/' as %2F, '?' as %3F`, "q/z%x": `'/' as %2F, '%' as %25`,
		"qzx%2Fwvu": "", "qzx#wvu": "", "qzx?wvu": "", // libpq and pgx read these as they are
	} {
		err := pgurl.Check("postgres://user:" + password + "@host/data")
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", password, err, says)
		}
	}
}

func TestCheckSaysWhatToWriteInsteadOfAnotherClientsParameter(t *testing.T) {
	t.Parallel()
	const base = "postgres://user:hunter2@host/data"
	for parameters, says := range map[string]string{
		"?pgbouncer=true&connection_limit=1":            "connection_limit is Prisma's: write pool_max_conns, or leave it out; pgbouncer is Prisma's",
		"?schema=public":                                "schema is Prisma's",
		"?sslmode=no-verify":                            "the value of sslmode is none that it takes: disable, allow",
		"?ssl=1":                                        "sslmode=require",
		"?pool_max_conns=0":                             "the value of pool_max_conns",
		"?pool_max_conns=many":                          "the value of pool_max_conns",
		"?connect_timeout=2s":                           "the value of connect_timeout",
		"?sslmode=verify-full&sslrootcert=/absent/file": "the value of sslrootcert",
		"?pool_max_con=3":                               "pool_max_con is not known: pool_health_check_period, pool_max_conn",
		"?sslmod=require":                               "sslmod is not known: sslcert",
		"?keepalives=1":                                 "keepalives is libpq's",
		"?a-b=c":                                        "no setting of PostgreSQL can have",
		"?sslmode":                                      "the value of sslmode",
		"?ssl=true":                                     "", // pgx has JDBC's meaning
		"?sslmode=require&pool_max_conns=5&application_name=x&default_query_exec_mode=exec&channel_binding=require": "",
		"?statement_timeout=5s&app.setting=x&options=-c%20geqo%3Doff":                                               "",
		"?target_session_attrs=read-write":                                                                          "",
	} {
		err := pgurl.Check(base + parameters)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", parameters, err, says)
		}
	}
	for text, says := range map[string]string{
		"jdbc:postgresql://host/data":             "leave jdbc: out",
		"postgresql+asyncpg://u:p@host/data":      "leave the + and what follows it out",
		"mysql://u:p@host/data":                   "not a PostgreSQL URL like postgres://",
		"host":                                    "not a PostgreSQL URL like postgres://",
		"host=h user=u password=hun ter=2":        "quote a password with spaces",
		"host=h user=u password='hun ter' jit=on": "",
	} {
		err := pgurl.Check(text)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// TestDescribeSaysWhereAURLLeads has no password of a URL or a variable in it.
func TestDescribeSaysWhereAURLLeads(t *testing.T) {
	t.Setenv("PGPASSWORD", "hunter2")
	t.Setenv("PGSSLMODE", "require")
	for text, want := range map[string]string{
		"postgres://alice:hunter2@db.example:6000/todo?sslmode=disable": "db.example:6000 todo alice not encrypted",
		"postgres://alice@db.example":                                   "db.example:5432 alice alice encrypted, whoever the server is: its certificate is not verified",
		"postgres://alice@db.example/todo?sslmode=prefer":               "db.example:5432 todo alice encrypted only where the server offers it",
		"postgres://alice@db.example/todo?sslmode=verify-full":          "db.example:5432 todo alice encrypted, and the server's certificate verified",
		"postgres://alice@db.example/todo?sslmode=verify-ca":            "db.example:5432 todo alice encrypted, with a certificate of a known authority",
		"postgres://alice@a.example:1,b.example:2/todo":                 "a.example:1 b.example:2 todo alice encrypted, whoever the server is: its certificate is not verified",
		"host=/run/postgresql user=alice dbname=todo":                   "/run/postgresql todo alice a socket of this machine",
	} {
		target, err := pgurl.Describe(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(append(target.Addresses, target.Database, target.User, target.Encryption), " "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if got := strings.Join(target.Variables, " "); got != "PGPASSWORD PGSSLMODE" {
			t.Errorf("the variables that count are %q", got)
		}
	}
}

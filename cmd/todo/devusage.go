package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// usage is what dev prints: how to use what it serves.
type usage struct {
	base     string // URL of the API
	data     string // folder
	token    string // of the demo user; empty if there is none
	database string // URL of dev's own; empty if it uses another
	keySet   bool   // whether dev publishes one
}

func (u usage) print(out io.Writer) {
	program := shellQuote(os.Args[0])
	if u.token == "" {
		fmt.Fprintf(out, `
The API is at %[1]s. It accepts the tokens of BETTER_AUTH_SECRET and of JWKS_URL; for a
token that `+"`todo dev`"+` signs with a key of its own, unset one of them.

Try it in a browser: %[1]s/docs
`, u.base)
	} else {
		fmt.Fprintf(out, `
The API is at %[1]s. A token for the user %[3]s:

%[2]s

Try it in a browser, with this token filled in: %[1]s/docs

List the tasks:

curl -H 'Authorization: Bearer %[2]s' %[1]s/api/%[3]s/tasks

Create one:

curl -H 'Authorization: Bearer %[2]s' -H 'Content-Type: application/json' -d '{"title":"Buy milk"}' %[1]s/api/%[3]s/tasks
`, u.base, u.token, demoUser)
	}
	if u.keySet {
		fmt.Fprintf(out, `
EdDSA tokens of the key set %[1]s%[2]s are accepted too. To make one:

%[3]s token --user %[4]s --key %[5]s
`, u.base, keySetPath, program, demoUser, shellQuote(filepath.Join(u.data, "key.pem")))
	}
	if u.database != "" {
		fmt.Fprintf(out, `
Give %[1]s twenty tasks:

DATABASE_URL=%[2]s %[3]s seed --user %[1]s --tasks-per-user 20 --append

Look into the database:

psql %[2]s
`, demoUser, shellQuote(u.database), program)
	}
	fmt.Fprint(out, "\nCtrl-C stops it; the data is kept.\n")
}

// shellQuote returns a word for a POSIX shell.
func shellQuote(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

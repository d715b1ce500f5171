package dbtest

import (
	"net/url"
	"testing"
)

// Clone returns a superuser's URL of a copy of a database, to which nobody may be
// connected meanwhile. It is dropped after the test.
func Clone(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return the.create(t, Superuser, u.Path[1:])
}

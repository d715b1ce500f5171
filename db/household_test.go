package db_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// modes are the ways into a scope.
var modes = map[string][]db.Option{"set_config": nil, "distributed": {db.Distributed}}

// household is a database with a task of alice's and one of bob's.
type household struct {
	url, super string
	pool       *db.Pool
	secret     uuid.UUID // alice's task
}

func newHousehold(t *testing.T, login dbtest.Login, options ...db.Option) household {
	t.Helper()
	url := dbtest.New(t, login)
	h := household{url: url, super: dbtest.SuperuserURL(t, url), pool: dbtest.Pool(t, url, options...), secret: uuid.Must(uuid.NewV7())}
	for user, id := range map[string]uuid.UUID{alice: h.secret, bob: uuid.Must(uuid.NewV7())} {
		_, err := h.pool.As(user).CreateTask(t.Context(), db.CreateTaskParams{UserID: user, ID: id, Title: "of " + user, Email: new(user + "@example.test"), Priority: "medium", Tags: []string{}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// rowsOfAlice is everything of alice's, as a superuser sees it.
func (h household) rowsOfAlice(t *testing.T) string {
	t.Helper()
	return dbtest.Value[string](t, h.super, `
		SELECT (SELECT json_agg(u ORDER BY id) FROM users u WHERE id = 'alice')::text
		    || (SELECT json_agg(t ORDER BY id) FROM tasks t WHERE user_id = 'alice')::text`)
}

// mustStayAlices runs an attempt of bob's and checks that it showed and changed
// nothing of alice's.
func (h household) mustStayAlices(t *testing.T, attempt func() ([]db.Task, int64, error)) {
	t.Helper()
	before := h.rowsOfAlice(t)
	seen, changed, err := attempt()
	if err != nil {
		seen = nil
	}
	for _, task := range seen {
		if task.UserID == alice || task.Title == "of alice" {
			t.Errorf("bob sees %+v", task)
		}
	}
	if changed != 0 {
		t.Errorf("bob changed %d rows", changed)
	}
	if after := h.rowsOfAlice(t); after != before {
		t.Errorf("alice's rows were\n%s\nand are now\n%s", before, after)
	}
}

// inEachHousehold runs a test as each login and in each mode.
func inEachHousehold(t *testing.T, test func(t *testing.T, h household)) {
	for _, login := range dbtest.Logins {
		for mode, options := range modes {
			t.Run(fmt.Sprint(login, "/", mode), func(t *testing.T) {
				t.Parallel()
				test(t, newHousehold(t, login, options...))
			})
		}
	}
}

func forEachQuery(t *testing.T, test func(t *testing.T, h household, name string)) {
	for name := range attempts {
		t.Run(name, func(t *testing.T) {
			inEachHousehold(t, func(t *testing.T, h household) { test(t, h, name) })
		})
	}
}

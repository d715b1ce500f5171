package http_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

func TestAccountIsSummedUpAndErased(t *testing.T) {
	t.Parallel()
	a := newAPI(t, dbtest.NeonOwner)
	summary := func(user string) string { return a.do(user, "GET", "/api/"+user, "").must(t, 200).body }
	const before = `{"id":"alice","email":null,"created_at":null,"tasks":{"total":0,"completed":0,"pending":0,"overdue":0}}`
	if got := summary(alice); got != before {
		t.Errorf("before the first write: %s", got)
	}
	a.post(`{"title":"a","due_date":"2020-01-01"}`)
	a.post(`{"title":"b","due_date":"2020-01-01","completed":true}`)
	a.post(`{"title":"c","due_date":"9999-01-01"}`)
	var got struct {
		ID, Email string
		CreatedAt string `json:"created_at"`
		Tasks     struct{ Total, Completed, Pending, Overdue int }
	}
	if err := json.Unmarshal([]byte(summary(alice)), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != alice || got.Email != "alice@example.test" || len(got.CreatedAt) != len("2026-11-23T18:05:01.123456Z") || fmt.Sprint(got.Tasks) != "{3 1 2 1}" {
		t.Errorf("%+v", got)
	}
	bobs := a.create(bob, "bob's")
	a.do(bob, "DELETE", "/api/alice", "").must(t, 403)
	for range 2 {
		a.do(alice, "DELETE", "/api/alice", "").must(t, 204)
	}
	if got := summary(alice); got != before {
		t.Errorf("after the erasure: %s", got)
	}
	if n := dbtest.Value[int](t, a.database, "SELECT (SELECT count(*) FROM users) * 10 + (SELECT count(*) FROM tasks)"); n != 11 {
		t.Errorf("%d: not one user and one task are left", n)
	}
	a.do(bob, "GET", pathOf(bobs), "").must(t, 200)
	a.create(alice, "back again")
}

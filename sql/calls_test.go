package sql_test

import (
	"cmp"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// owner is a user whose queries are planned, with the task in the middle of theirs.
type owner struct {
	id, email string
	middle    db.Task
	deleted   uuid.UUID // a task that was
	tasks     int
	oldest    string // title, which few others have in theirs
}

// calls has, for every generated query but the lists, which are alike, the parameters of
// an ordinary request: no filters, and the e-mail that is stored already.
var calls = withListCalls(map[string]func(owner) any{
	"GetTask": func(o owner) any { return db.GetTaskParams{UserID: o.id, ID: o.middle.ID} },
	"AddTask": func(o owner) any {
		return db.AddTaskParams{UserID: o.id, ID: newIDs[0], Title: "Buy milk", Priority: "medium", Tags: []string{}, Email: &o.email}
	},
	"CreateTask": func(o owner) any {
		return db.CreateTaskParams{UserID: o.id, ID: newIDs[0], Title: "Buy milk", Priority: "medium", Tags: []string{}, Email: &o.email}
	},
	"GetTaskBehind": func(o owner) any { return db.GetTaskBehindParams{UserID: o.id, Others: int64(o.tasks - 1)} },
	"UpdateTask": func(o owner) any {
		return db.UpdateTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email, Title: new("Buy oat milk"), IfMatch: []int64{o.middle.Version}}
	},
	"CompleteTask":   func(o owner) any { return db.CompleteTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email} },
	"DeleteTask":     func(o owner) any { return db.DeleteTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email} },
	"GetDeletedTask": func(o owner) any { return db.GetDeletedTaskParams{UserID: o.id, ID: o.deleted} },
	"GetCounter":     func(o owner) any { return db.GetCounterParams{UserID: o.id} },
	"GetVersion":     func(o owner) any { return db.GetVersionParams{UserID: o.id} },
	"ListChanges": func(o owner) any {
		if o.tasks <= pageSize {
			return db.ListChangesParams{UserID: o.id, PageSize: pageSize}
		}
		place := db.PlaceOf(o.middle)
		return db.ListChangesParams{UserID: o.id, Version: place.Version, Since: time.UnixMilli(place.Version), AfterID: place.ID, PageSize: pageSize}
	},
	"ListDeletions": func(o owner) any {
		if o.tasks <= pageSize {
			return db.ListDeletionsParams{UserID: o.id, PageSize: pageSize}
		}
		return db.ListDeletionsParams{UserID: o.id, Version: o.middle.Version, PageSize: pageSize}
	},
	"SeedTasks": func(o owner) any {
		titles := make([]string, len(newIDs))
		for i := range titles {
			titles[i] = "Buy milk"
		}
		return db.SeedTasksParams{UserID: o.id, Ids: newIDs, Titles: titles, Completed: make([]bool, len(newIDs))}
	},
	"SeedUser": func(o owner) any { return db.SeedUserParams{UserID: o.id, Email: &o.email} },
	"CompleteTasks": func(o owner) any {
		return db.CompleteTasksParams{UserID: o.id, Tags: []string{}, Email: &o.email, SetCompleted: true}
	},
	"ClearTasks": func(o owner) any {
		return db.ClearTasksParams{UserID: o.id, Completed: new(true), Tags: []string{}, Email: &o.email}
	},
	"GetAccount": func(o owner) any {
		return db.GetAccountParams{UserID: o.id, Today: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	},
	"GetUser":      func(o owner) any { return db.GetUserParams{UserID: o.id} },
	"EmptyAccount": func(o owner) any { return db.EmptyAccountParams{UserID: o.id} },
	"EraseAccount": func(o owner) any { return db.EraseAccountParams{UserID: o.id} },
	"ExportTasks":  func(o owner) any { return db.ExportTasksParams{UserID: o.id, PageSize: 10_000} },
})

// asked is a request that costs more than an ordinary one.
type asked struct {
	query, what string
	params      func(owner) any
}

// searches are the costliest: no index has what they look for, so they look at every task.
// What is searched for is lower case, and not all of it ASCII.
var searches = []asked{
	{"ListTasksByCreatedAtDesc", "searching for what no task has", func(o owner) any {
		return db.ListTasksByCreatedAtDescParams{UserID: o.id, Search: new("käse"), Tags: []string{}, PageSize: pageSize}
	}},
	{"ListTasksByCreatedAtDesc", "searching for the title of the oldest task", func(o owner) any {
		return db.ListTasksByCreatedAtDescParams{UserID: o.id, Search: &o.oldest, Tags: []string{}, PageSize: pageSize}
	}},
	{"ListTasksByTitleAsc", "searching for what no task has", func(o owner) any {
		return db.ListTasksByTitleAscParams{UserID: o.id, Search: new("käse"), Tags: []string{}, PageSize: pageSize}
	}},
	{"CompleteTasks", "searching for what no task has", func(o owner) any {
		return db.CompleteTasksParams{UserID: o.id, Search: new("käse"), Tags: []string{}, Email: &o.email, SetCompleted: true}
	}},
}

// withListCalls adds the list queries, with the first page of a user with few tasks and
// one from the middle of many. The name of the query says which field is its sort key.
func withListCalls(calls map[string]func(owner) any) map[string]func(owner) any {
	for name := range db.Statements() {
		sort, isList := strings.CutPrefix(name, "ListTasks")
		if !isList {
			continue
		}
		field := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(sort, "Behind"), "By"), "Asc"), "Desc")
		calls[name] = func(o owner) any {
			first := dbtest.ListParams(name, o.id, pageSize)
			p := reflect.New(reflect.TypeOf(first)).Elem()
			p.Set(reflect.ValueOf(first))
			if after := p.FieldByName("After"); o.tasks > pageSize && after.IsValid() {
				key := reflect.Indirect(reflect.ValueOf(o.middle).FieldByName(cmp.Or(field, "CreatedAt")))
				id := reflect.ValueOf(o.middle.ID)
				if after.Kind() == reflect.Pointer {
					key, id = pointerTo(key), pointerTo(id)
				}
				after.Set(key)
				p.FieldByName("AfterID").Set(id)
				if created := p.FieldByName("AfterCreatedAt"); created.IsValid() {
					created.Set(reflect.ValueOf(&o.middle.CreatedAt))
				}
			}
			return p.Interface()
		}
	}
	return calls
}

func pointerTo(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// newIDs are of ten tasks that are made after all others.
var newIDs = func() []uuid.UUID {
	ids := make([]uuid.UUID, 10)
	for i := range ids {
		ids[i] = uuid.MustParse("01a40000-0000-7000-8000-000000000000")
		ids[i][5], ids[i][15] = byte(i), byte(i)
	}
	return ids
}()

// pageSize is what the server asks for where a client names no limit: one more than
// a page, which tells whether there is another.
const pageSize = 1001

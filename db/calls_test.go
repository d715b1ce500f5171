package db_test

import (
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// owner is a user whose queries are planned, and the task in the middle of theirs.
type owner struct {
	id, email string
	middle    db.Task
	tasks     int
}

// calls has, for every generated query, the parameters of an ordinary request: no
// filters, and the e-mail that is stored already.
var calls = map[string]func(owner) any{
	"ListTasksByCreatedAtDesc": func(o owner) any { return db.ListTasksByCreatedAtDescParams(pageByTime(o, o.middle.CreatedAt)) },
	"ListTasksByCreatedAtAsc":  func(o owner) any { return db.ListTasksByCreatedAtAscParams(pageByTime(o, o.middle.CreatedAt)) },
	"ListTasksByUpdatedAtDesc": func(o owner) any { return db.ListTasksByUpdatedAtDescParams(pageByTime(o, o.middle.UpdatedAt)) },
	"ListTasksByUpdatedAtAsc":  func(o owner) any { return db.ListTasksByUpdatedAtAscParams(pageByTime(o, o.middle.UpdatedAt)) },
	"ListTasksByDueDateDesc":   func(o owner) any { return db.ListTasksByDueDateDescParams(pageByTime(o, *o.middle.DueDate)) },
	"ListTasksByDueDateAsc":    func(o owner) any { return db.ListTasksByDueDateAscParams(pageByTime(o, *o.middle.DueDate)) },
	"ListTasksByPriorityDesc":  func(o owner) any { return db.ListTasksByPriorityDescParams(pageByText(o, o.middle.Priority)) },
	"ListTasksByPriorityAsc":   func(o owner) any { return db.ListTasksByPriorityAscParams(pageByText(o, o.middle.Priority)) },
	"ListTasksByTitleDesc":     func(o owner) any { return db.ListTasksByTitleDescParams(pageByText(o, o.middle.Title)) },
	"ListTasksByTitleAsc":      func(o owner) any { return db.ListTasksByTitleAscParams(pageByText(o, o.middle.Title)) },
	"GetTask":                  func(o owner) any { return db.GetTaskParams{UserID: o.id, ID: o.middle.ID} },
	"CreateTask": func(o owner) any {
		return db.CreateTaskParams{UserID: o.id, ID: newIDs[0], Title: "Buy milk", Priority: "medium", Tags: []string{}, Email: &o.email}
	},
	"UpdateTask": func(o owner) any {
		return db.UpdateTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email, Title: new("Buy oat milk"), IfMatch: []int64{1}}
	},
	"CompleteTask": func(o owner) any { return db.CompleteTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email} },
	"DeleteTask":   func(o owner) any { return db.DeleteTaskParams{UserID: o.id, ID: o.middle.ID, Email: &o.email} },
	"SeedTasks": func(o owner) any {
		titles := make([]string, len(newIDs))
		for i := range titles {
			titles[i] = "Buy milk"
		}
		return db.SeedTasksParams{UserID: o.id, Email: &o.email, Ids: newIDs, Titles: titles, Completed: make([]bool, len(newIDs))}
	},
	"CompleteTasks": func(o owner) any {
		return db.CompleteTasksParams{UserID: o.id, Tags: []string{}, Email: &o.email, SetCompleted: true}
	},
	"ClearTasks": func(o owner) any {
		return db.ClearTasksParams{UserID: o.id, Completed: new(true), Tags: []string{}, Email: &o.email}
	},
	"GetAccount":   func(o owner) any { return db.GetAccountParams{UserID: o.id} },
	"GetUser":      func(o owner) any { return db.GetUserParams{UserID: o.id} },
	"EraseAccount": func(o owner) any { return db.EraseAccountParams{UserID: o.id} },
	"ExportTasks":  func(o owner) any { return db.ExportTasksParams{UserID: o.id} },
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

// pageByTime is the first page of a user with few tasks, and one from the middle of
// many.
func pageByTime(o owner, after time.Time) db.ListTasksByCreatedAtDescParams {
	p := db.ListTasksByCreatedAtDescParams{UserID: o.id, Tags: []string{}, PageSize: pageSize}
	if o.tasks > pageSize {
		p.After, p.AfterID = &after, &o.middle.ID
	}
	return p
}

func pageByText(o owner, after string) db.ListTasksByTitleDescParams {
	p := db.ListTasksByTitleDescParams{UserID: o.id, Tags: []string{}, PageSize: pageSize}
	if o.tasks > pageSize {
		p.After, p.AfterID = &after, &o.middle.ID
	}
	return p
}

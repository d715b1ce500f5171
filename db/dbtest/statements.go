package dbtest

import (
	"context"
	"reflect"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
)

// Call returns what the generated query of that name sends for its parameters, which
// have the type that sqlc made for them, such as db.GetTaskParams.
func Call(name string, params any) (sql string, args []any) {
	recorder := &db.Recorder{}
	reflect.ValueOf(db.New(recorder)).MethodByName(name).Call([]reflect.Value{
		reflect.ValueOf(context.Background()), reflect.ValueOf(params),
	})
	return recorder.SQL, recorder.Args
}

// ListParams returns the parameters of a list query, whose name begins with ListTasks, for
// the first page of one user's tasks, without filters. It is of the type that sqlc made
// for them, such as db.ListTasksParams.
func ListParams(name, userID string, pageSize int32) any {
	p := reflect.New(reflect.ValueOf(db.New(nil)).MethodByName(name).Type().In(1)).Elem()
	p.FieldByName("UserID").SetString(userID)
	p.FieldByName("PageSize").SetInt(int64(pageSize))
	if tags := p.FieldByName("Tags"); tags.IsValid() {
		tags.Set(reflect.ValueOf([]string{}))
	}
	// A page that has to begin behind a task begins behind one that is newer than all.
	if after := p.FieldByName("After"); after.IsValid() && after.Type() == reflect.TypeFor[time.Time]() {
		after.Set(reflect.ValueOf(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
		p.FieldByName("AfterID").Set(reflect.ValueOf(uuid.Max))
	}
	return p.Interface()
}

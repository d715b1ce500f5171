package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

func (s *server) createTask(w http.ResponseWriter, r *http.Request) error {
	if err := refuseConditions(r); err != nil {
		return err
	}
	if _, err := readParameters(r); err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	f, err := decodeFields(body, writableAtCreation...)
	if err != nil {
		return err
	}
	if f.title == nil {
		return invalidError{{"/title", "is required"}}
	}
	id, err := newID(r, f.id)
	if err != nil {
		return err
	}
	row, err := s.create(r, id, f, false)
	if err != nil {
		return err
	}
	if !row.Created {
		return writeTask(w, r, http.StatusOK, row.Task)
	}
	return writeCreated(w, r, row.Task)
}

// create makes a task of this id where the user has none. One that was deleted is made
// again only with revive.
func (s *server) create(r *http.Request, id uuid.UUID, f fields, revive bool) (db.CreateTaskRow, error) {
	identity := identityOf(r)
	if f.tags == nil {
		f.tags = []string{}
	}
	row, err := s.db.CreateTask(r.Context(), db.CreateTaskParams{
		UserID: identity.UserID, ID: id, Revive: revive, MaxTasks: s.maxTasks, Email: emailOf(identity),
		Title: *f.title, Description: f.description, Completed: f.completed != nil && *f.completed,
		Priority: valueOr(f.priority, "medium"), DueDate: f.dueDate, DueAllDay: f.dueAllDay, Tags: f.tags,
	})
	if errors.Is(err, db.ErrTooManyTasks) {
		err = errTooManyTasks
	}
	return row, err
}

func writeCreated(w http.ResponseWriter, r *http.Request, row db.Task) error {
	w.Header().Set("Location", infoOf(r).base+"/api/"+url.PathEscape(row.UserID)+"/tasks/"+row.ID.String())
	return writeTask(w, r, http.StatusCreated, row)
}

func (s *server) getTask(w http.ResponseWriter, r *http.Request) error {
	id, ok := parseID(pathValue(r, "id"))
	if !ok {
		return errNoTask
	}
	user := identityOf(r).UserID
	row, err := s.db.As(user).GetTask(r.Context(), db.GetTaskParams{UserID: user, ID: id})
	if err != nil {
		return naming(errNoTask, err)
	}
	return writeTask(w, r, http.StatusOK, row)
}

// target is what the operations on one task have in common.
type target struct {
	id uuid.UUID
	conditions
	identity auth.Identity
	fields   fields
}

// readTarget reads the body, where there must or may be one, the condition and
// only then the id: one that is no UUID is a task that does not exist.
func readTarget(w http.ResponseWriter, r *http.Request, mustHaveBody bool, writable ...string) (t target, err error) {
	if len(writable) > 0 {
		body, err := readBody(w, r)
		if err != nil {
			return t, err
		}
		if body != nil || mustHaveBody {
			if t.fields, err = decodeFields(body, writable...); err != nil {
				return t, err
			}
		}
	}
	return t, t.readHead(r)
}

// readHead reads all but the body.
func (t *target) readHead(r *http.Request) (err error) {
	if t.conditions, err = readConditions(r); err != nil {
		return err
	}
	var ok bool
	if t.id, ok = parseID(pathValue(r, "id")); !ok {
		return errNoTask
	}
	t.identity = identityOf(r)
	return nil
}

// versions are what a query compares the task's version with. That there must be no
// task at all, no version fulfils.
func (t target) versions() (ifMatch, ifNoneMatch []int64) {
	if t.mustNotExist {
		return []int64{}, nil
	}
	return t.ifMatch, t.ifNoneMatch
}

// unmatched is a 412: the task is not in a state that the request names.
func (t target) unmatched(row db.Task) error {
	detail := "the task is in a state that If-None-Match excludes"
	switch stale := t.ifMatch != nil && !slices.Contains(t.ifMatch, row.Version); {
	case stale && t.weakMatch:
		detail = `If-Match has a weak entity tag, and one that begins with W/ never matches: send "` + strconv.FormatInt(row.Version, 10) + `" for the task as it is in current`
	case stale:
		detail = "the task has changed since you read it: If-Match does not name its current version"
	case t.mustNotExist:
		detail = "there is a task of this id, and If-None-Match: * asks that there be none"
	}
	var e encoder
	if e.task(&row); e.err != nil {
		return fmt.Errorf("encoding the task: %w", e.err)
	}
	return &preconditionError{detail, e.buf}
}

// updateTask serves PUT and PATCH alike: every existing client sends PUT with the
// fields it changes.
func (s *server) updateTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, true, writable...)
	if invalid, ok := errors.AsType[invalidError](err); ok && len(t.fields.legacy) > 0 {
		t, err = s.keepLegacy(r, t, invalid)
	}
	if err != nil {
		return err
	}
	if r.Method == http.MethodPut && t.mustNotExist && !t.mustExist {
		return s.putNewTask(w, r, t)
	}
	ifMatch, ifNoneMatch := t.versions()
	row, err := s.db.UpdateTask(r.Context(), db.UpdateTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
		Title: t.fields.title, DescriptionGiven: t.fields.descriptionGiven, Description: t.fields.description,
		Completed: t.fields.completed, Priority: t.fields.priority,
		DueDateGiven: t.fields.dueDateGiven, DueDate: t.fields.dueDate, DueAllDay: t.fields.dueAllDay, Tags: t.fields.tags,
	})
	return writeChanged(w, r, t, db.CompleteTaskRow(row), err)
}

// putNewTask makes the task where there is none, also one that was deleted: so a client
// undoes a deletion.
func (s *server) putNewTask(w http.ResponseWriter, r *http.Request, t target) error {
	if t.fields.title == nil {
		return invalidError{{"/title", "is required"}}
	}
	row, err := s.create(r, t.id, t.fields, true)
	if err != nil {
		return err
	}
	if !row.Created {
		return t.unmatched(row.Task)
	}
	return writeCreated(w, r, row.Task)
}

// completeTask sets completed to what the body says, and toggles it without one.
func (s *server) completeTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, false, "completed")
	if err != nil {
		return err
	}
	ifMatch, ifNoneMatch := t.versions()
	row, err := s.db.CompleteTask(r.Context(), db.CompleteTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
		Completed: t.fields.completed,
	})
	return writeChanged(w, r, t, row, err)
}

func (s *server) deleteTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, false)
	if err != nil {
		return err
	}
	ifMatch, ifNoneMatch := t.versions()
	row, err := s.db.DeleteTask(r.Context(), db.DeleteTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
	})
	if err != nil {
		return naming(errNoTask, err)
	}
	if !row.Matched {
		return t.unmatched(row.Task)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeChanged(w http.ResponseWriter, r *http.Request, t target, row db.CompleteTaskRow, err error) error {
	if err != nil {
		return naming(errNoTask, err)
	}
	if !row.Matched {
		return t.unmatched(row.Task)
	}
	return writeTask(w, r, http.StatusOK, row.Task)
}

// emailOf returns the token's e-mail, nil where it has none that can be stored.
func emailOf(identity auth.Identity) *string {
	if identity.Email == "" {
		return nil
	}
	return &identity.Email
}

func valueOr[T any](value *T, standard T) T {
	if value == nil {
		return standard
	}
	return *value
}

package http

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

func (s *server) createTask(w http.ResponseWriter, r *http.Request) error {
	if _, err := readParameters(r); err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	f, err := decodeFields(body, append([]string{"id"}, writable...)...)
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
	identity := identityOf(r)
	row, err := s.db.As(identity.UserID).CreateTask(r.Context(), db.CreateTaskParams{
		UserID: identity.UserID, ID: id, Email: emailOf(identity),
		Title: *f.title, Description: f.description, Completed: f.completed != nil && *f.completed,
		Priority: valueOr(f.priority, "medium"), DueDate: f.dueDate, Tags: append([]string{}, f.tags...),
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if row.Created {
		status = http.StatusCreated
		w.Header().Set("Location", "/api/"+url.PathEscape(row.Task.UserID)+"/tasks/"+row.Task.ID.String())
	}
	return writeTask(w, r, status, row.Task)
}

// newID is the client's choice, in the body or as Idempotency-Key, or a new one.
func newID(r *http.Request, chosen *uuid.UUID) (uuid.UUID, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) > 0 {
		key, ok := parseID(keys[0])
		if !ok || len(keys) > 1 {
			return key, badRequest("Idempotency-Key: must be one UUID")
		}
		if chosen != nil && *chosen != key {
			return key, badRequest("Idempotency-Key: differs from the id in the body")
		}
		return key, nil
	}
	if chosen != nil {
		return *chosen, nil
	}
	return uuid.NewV7()
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
	id       uuid.UUID
	ifMatch  []int64
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
	if t.ifMatch, err = ifMatch(r); err != nil {
		return t, err
	}
	var ok bool
	if t.id, ok = parseID(pathValue(r, "id")); !ok {
		return t, errNoTask
	}
	t.identity = identityOf(r)
	return t, nil
}

// unmatched returns why a task that existed did not change: without a condition, it
// was deleted concurrently.
func (t target) unmatched() error {
	if t.ifMatch == nil {
		return errNoTask
	}
	return errPrecondition
}

// updateTask serves PUT and PATCH alike: every existing client sends PUT with the
// fields it changes.
func (s *server) updateTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, true, writable...)
	if err != nil {
		return err
	}
	row, err := s.db.As(t.identity.UserID).UpdateTask(r.Context(), db.UpdateTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: t.ifMatch,
		Title: t.fields.title, DescriptionGiven: t.fields.descriptionGiven, Description: t.fields.description,
		Completed: t.fields.completed, Priority: t.fields.priority,
		DueDateGiven: t.fields.dueDateGiven, DueDate: t.fields.dueDate, Tags: t.fields.tags,
	})
	return writeChanged(w, r, t, db.CompleteTaskRow(row), err)
}

// completeTask sets completed to what the body says, and toggles it without one.
func (s *server) completeTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, false, "completed")
	if err != nil {
		return err
	}
	row, err := s.db.As(t.identity.UserID).CompleteTask(r.Context(), db.CompleteTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: t.ifMatch, Completed: t.fields.completed,
	})
	return writeChanged(w, r, t, row, err)
}

func (s *server) deleteTask(w http.ResponseWriter, r *http.Request) error {
	t, err := readTarget(w, r, false)
	if err != nil {
		return err
	}
	deleted, err := s.db.As(t.identity.UserID).DeleteTask(r.Context(), db.DeleteTaskParams{
		UserID: t.identity.UserID, ID: t.id, Email: emailOf(t.identity), IfMatch: t.ifMatch,
	})
	if err != nil {
		return naming(errNoTask, err)
	}
	if !deleted {
		return t.unmatched()
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeChanged(w http.ResponseWriter, r *http.Request, t target, row db.CompleteTaskRow, err error) error {
	if err != nil {
		return naming(errNoTask, err)
	}
	if !row.Matched {
		return t.unmatched()
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

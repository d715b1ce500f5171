package http

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/db"
)

func (s *server) listTasks(w http.ResponseWriter, r *http.Request) error {
	user := identityOf(r).UserID
	rows, err := s.db.As(user).ListTasks(r.Context(), db.ListTasksParams{UserID: user})
	if err != nil {
		return err
	}
	tasks := make([]task, len(rows))
	for i, row := range rows {
		tasks[i] = taskOf(row)
	}
	return writeJSON(w, http.StatusOK, tasks)
}

func (s *server) createTask(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	f, err := decodeFields(body, "id", "title", "description", "completed")
	if err != nil {
		return err
	}
	if f.title == nil {
		return invalidError{{"/title", "is required"}}
	}
	if f.id == nil {
		id := uuid.Must(uuid.NewV7())
		f.id = &id
	}
	identity := identityOf(r)
	row, err := s.db.As(identity.UserID).CreateTask(r.Context(), db.CreateTaskParams{
		UserID: identity.UserID, ID: *f.id, Title: *f.title, Description: f.description,
		Completed: f.completed != nil && *f.completed, Email: emailOf(identity),
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if row.Created {
		status = http.StatusCreated
		w.Header().Set("Location", "/api/"+url.PathEscape(row.UserID)+"/tasks/"+row.ID.String())
	}
	return writeJSON(w, status, taskOf(db.Task{
		UserID: row.UserID, ID: row.ID, Title: row.Title, Description: row.Description,
		Completed: row.Completed, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}))
}

func (s *server) getTask(w http.ResponseWriter, r *http.Request) error {
	id, ok := parseID(pathValue(r, "id"))
	if !ok {
		return db.ErrNotFound
	}
	user := identityOf(r).UserID
	row, err := s.db.As(user).GetTask(r.Context(), db.GetTaskParams{UserID: user, ID: id})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, taskOf(row))
}

// updateTask serves PUT and PATCH alike: every existing client sends PUT with the
// fields it changes.
func (s *server) updateTask(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	f, err := decodeFields(body, "title", "description", "completed")
	if err != nil {
		return err
	}
	id, ok := parseID(pathValue(r, "id"))
	if !ok {
		return db.ErrNotFound
	}
	identity := identityOf(r)
	row, err := s.db.As(identity.UserID).UpdateTask(r.Context(), db.UpdateTaskParams{
		UserID: identity.UserID, ID: id, Email: emailOf(identity),
		Title: f.title, DescriptionGiven: f.descriptionGiven, Description: f.description, Completed: f.completed,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, taskOf(row))
}

// completeTask sets completed to what the body says, and toggles it without one.
func (s *server) completeTask(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	var f fields
	if body != nil {
		if f, err = decodeFields(body, "completed"); err != nil {
			return err
		}
	}
	id, ok := parseID(pathValue(r, "id"))
	if !ok {
		return db.ErrNotFound
	}
	identity := identityOf(r)
	row, err := s.db.As(identity.UserID).CompleteTask(r.Context(), db.CompleteTaskParams{
		UserID: identity.UserID, ID: id, Email: emailOf(identity), Completed: f.completed,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, taskOf(row))
}

func (s *server) deleteTask(w http.ResponseWriter, r *http.Request) error {
	id, ok := parseID(pathValue(r, "id"))
	if !ok {
		return db.ErrNotFound
	}
	identity := identityOf(r)
	deleted, err := s.db.As(identity.UserID).DeleteTask(r.Context(), db.DeleteTaskParams{
		UserID: identity.UserID, ID: id, Email: emailOf(identity),
	})
	if err != nil {
		return err
	}
	if deleted == 0 {
		return db.ErrNotFound
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// emailOf returns the token's e-mail, nil where it has none that can be stored.
func emailOf(identity auth.Identity) *string {
	if identity.Email == "" {
		return nil
	}
	return &identity.Email
}

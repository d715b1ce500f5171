package http

import (
	"errors"
	"net/http"
	"time"

	"github.com/securetodo/securetodo/db"
)

// readSelection reads which tasks an operation on many is about: those that pass the
// filters, or all of them where all=true says so. A variable that is empty in the
// client's URL, that of a task's id or of a filter, must not mean all.
func readSelection(r *http.Request) (filters, error) {
	if err := refuseConditions(r); err != nil {
		return filters{}, err
	}
	p, err := readParameters(r, append([]string{"all"}, filterNames...)...)
	if err != nil {
		return filters{}, err
	}
	if search, given := p.get("search"); given && search == "" {
		return filters{}, badRequest("search: is empty")
	}
	f, err := p.filters()
	if err != nil {
		return filters{}, err
	}
	all, err := p.oneOf("all", "", "true")
	if err != nil {
		return filters{}, err
	}
	if f.empty() != (all == "true") {
		return filters{}, badRequest("either a filter or all=true, which means every task, is required; the path of one task ends in its id")
	}
	return f, nil
}

// completeTasks sets completed of the selected tasks ("complete all").
func (s *server) completeTasks(w http.ResponseWriter, r *http.Request) error {
	f, err := readSelection(r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	given, err := decodeFields(body, "completed")
	if err != nil {
		return err
	}
	if given.completed == nil {
		return invalidError{{"/completed", "is required"}}
	}
	if err := liftReadDeadline(w); err != nil {
		return err
	}
	identity := identityOf(r)
	updated, err := s.db.CompleteTasks(r.Context(), db.CompleteTasksParams{
		UserID: identity.UserID, Email: emailOf(identity), SetCompleted: *given.completed,
		Completed: f.completed, Priority: f.priority, Tags: f.tags, Search: f.search, DueAfter: f.dueAfter, DueBefore: f.dueBefore,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]int64{"updated": updated})
}

// clearTasks removes the selected tasks ("clear completed").
func (s *server) clearTasks(w http.ResponseWriter, r *http.Request) error {
	f, err := readSelection(r)
	if err != nil {
		return err
	}
	if err := liftReadDeadline(w); err != nil {
		return err
	}
	identity := identityOf(r)
	deleted, err := s.db.ClearTasks(r.Context(), db.ClearTasksParams{
		UserID: identity.UserID, Email: emailOf(identity),
		Completed: f.completed, Priority: f.priority, Tags: f.tags, Search: f.search, DueAfter: f.dueAfter, DueBefore: f.dueBefore,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]int64{"deleted": deleted})
}

// liftReadDeadline is for what may take longer than the server lets a client take for its
// body: net/http cancels a request that is under way at that deadline.
func liftReadDeadline(w http.ResponseWriter) error {
	err := http.NewResponseController(w).SetReadDeadline(time.Time{})
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

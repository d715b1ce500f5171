package http

import (
	"net/http"

	"github.com/securetodo/securetodo/db"
)

// completeTasks sets completed of all tasks that pass the filters ("complete all").
func (s *server) completeTasks(w http.ResponseWriter, r *http.Request) error {
	if err := refuseConditions(r); err != nil {
		return err
	}
	p, err := readParameters(r, filterNames...)
	if err != nil {
		return err
	}
	f, err := p.filters()
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
	identity := identityOf(r)
	updated, err := s.db.As(identity.UserID).CompleteTasks(r.Context(), db.CompleteTasksParams{
		UserID: identity.UserID, Email: emailOf(identity), SetCompleted: *given.completed,
		Completed: f.completed, Priority: f.priority, Tags: f.tags, Search: f.search, DueAfter: f.dueAfter, DueBefore: f.dueBefore,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]int64{"updated": updated})
}

// clearTasks removes all tasks that pass the filters ("clear completed"). To remove
// everything, all=true must be given, and no filter.
func (s *server) clearTasks(w http.ResponseWriter, r *http.Request) error {
	if err := refuseConditions(r); err != nil {
		return err
	}
	p, err := readParameters(r, append([]string{"all"}, filterNames...)...)
	if err != nil {
		return err
	}
	f, err := p.filters()
	if err != nil {
		return err
	}
	all, err := p.oneOf("all", "", "true")
	if err != nil {
		return err
	}
	if f.empty() != (all == "true") {
		return badRequest("either a filter or all=true, which deletes every task, is required")
	}
	identity := identityOf(r)
	deleted, err := s.db.As(identity.UserID).ClearTasks(r.Context(), db.ClearTasksParams{
		UserID: identity.UserID, Email: emailOf(identity),
		Completed: f.completed, Priority: f.priority, Tags: f.tags, Search: f.search, DueAfter: f.dueAfter, DueBefore: f.dueBefore,
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]int64{"deleted": deleted})
}

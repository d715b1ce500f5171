package http

import (
	"errors"
	"net/http"
	"time"

	"github.com/securetodo/securetodo/db"
)

// account is a user's summary on the wire. Before the first write there is nothing
// but the id.
type account struct {
	ID        string     `json:"id"`
	Email     *string    `json:"email"`
	CreatedAt *timestamp `json:"created_at"`
	Tasks     counts     `json:"tasks"`
}

type counts struct {
	Total     int64 `json:"total"`
	Completed int64 `json:"completed"`
	Pending   int64 `json:"pending"`
	Overdue   int64 `json:"overdue"`
}

func (s *server) getAccount(w http.ResponseWriter, r *http.Request) error {
	p, err := readParameters(r, "tz")
	if err != nil {
		return err
	}
	zone, err := p.zone("tz")
	if err != nil {
		return err
	}
	user := identityOf(r).UserID
	row, err := s.db.As(user).GetAccount(r.Context(), db.GetAccountParams{UserID: user, Today: dayIn(zone, time.Now())})
	if errors.Is(err, db.ErrNotFound) {
		return writeJSON(w, http.StatusOK, account{ID: user})
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, account{
		ID: row.ID, Email: row.Email, CreatedAt: new(timestamp(row.CreatedAt)),
		Tasks: counts{row.Total, row.Completed, row.Total - row.Completed, row.Overdue},
	})
}

// eraseAccount removes the user with every task. A user who never wrote is gone
// already.
func (s *server) eraseAccount(w http.ResponseWriter, r *http.Request) error {
	if err := refuseConditions(r); err != nil {
		return err
	}
	if _, err := readParameters(r); err != nil {
		return err
	}
	if err := liftReadDeadline(w); err != nil {
		return err
	}
	user := identityOf(r).UserID
	if err := s.db.EraseAccount(r.Context(), user); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

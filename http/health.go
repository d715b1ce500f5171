package http

import (
	"net/http"
	"time"
)

const healthPath = "/health"

// healthMaxAge is how long /health reuses an answer of the database: anybody may ask.
const healthMaxAge = time.Second

// getHealth tells a load balancer whether the database answers.
func (s *server) getHealth(w http.ResponseWriter, r *http.Request) error {
	if err := s.health.answer(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
}

package http

import (
	"context"
	"net/http"
	"time"
)

const healthPath = "/health"

// healthTimeout keeps a probe from waiting longer than probes usually do.
const healthTimeout = 2 * time.Second

// getHealth tells a load balancer whether the database answers.
func (s *server) getHealth(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
}

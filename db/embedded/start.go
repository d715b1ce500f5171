//go:build unix

package embedded

import (
	"context"
	"fmt"
)

func start(ctx context.Context, c Config) (s *Server, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("starting PostgreSQL: %w", context.Cause(ctx))
		}
	}()
	h, err := c.locate()
	if err != nil {
		return nil, err
	}
	if err := h.lock(ctx); err != nil {
		return nil, err
	}
	defer h.locked.Close() // the server has inherited it
	major, err := h.dataMajor()
	if err != nil {
		return nil, err
	}
	i, err := c.installation(ctx, h, major)
	if err != nil {
		return nil, err
	}
	password, err := h.password(major == 0)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		c.progress("making a new database with PostgreSQL %s in %s", i.version, h.dataDir())
		if err := h.initdb(ctx, i, c.Parameters["fsync"] != "off"); err != nil {
			return nil, err
		}
	}
	return h.serve(ctx, i, c.Parameters, password)
}

package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/securetodo/securetodo/db/embedded"
	"github.com/securetodo/securetodo/db/measure"
)

// startDatabase starts a PostgreSQL in a new folder, which stop removes.
func startDatabase(ctx context.Context, parameters map[string]string, progress io.Writer) (url string, stop func() error, err error) {
	dir, err := os.MkdirTemp("", "todo-load-")
	if err != nil {
		return "", nil, err
	}
	// The server may run as another user than this one, who must reach it.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", nil, err
	}
	server, err := embedded.Start(ctx, embedded.Config{
		Dir: filepath.Join(dir, "postgres"), MirrorURL: os.Getenv("POSTGRES_MIRROR_URL"), Parameters: parameters, Progress: progress,
	})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return server.URL(), func() error {
		return errors.Join(server.Stop(), os.RemoveAll(server.Dir()), os.RemoveAll(dir))
	}, nil
}

// filledDatabase starts a PostgreSQL with its default settings and fills a database there.
func filledDatabase(ctx context.Context, program string, count, tasks int, progress io.Writer) (url string, u users, stop func() error, err error) {
	if url, stop, err = startDatabase(ctx, nil, progress); err != nil {
		return "", u, nil, err
	}
	if err = migrate(program, url); err == nil {
		err = measure.Fill(ctx, url, count, tasks)
	}
	if err == nil {
		u, err = newUsers(count, tasks)
	}
	if err != nil {
		return "", u, nil, errors.Join(err, stop())
	}
	return url, u, stop, nil
}

// describe lists parameters in one line.
func describe(parameters map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		all = append(all, name+" = "+parameters[name])
	}
	return strings.Join(all, ", ")
}

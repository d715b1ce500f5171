package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/securetodo/securetodo/db/measure"
)

// soakTest is what `loadtest soak` runs.
type soakTest struct {
	program     string // todo
	databaseURL string // of a filled database
	users       users
	rate        int // requests a second
	streams     int // that are open at a time
	duration    time.Duration
	every       time.Duration // between two samples
}

// streamTime is how long a stream is open, at most.
const streamTime = 10 * time.Second

func soakCommand() *cobra.Command {
	var s soakTest
	var count int
	c := &cobra.Command{
		Use:   "soak",
		Short: "Send a steady load and tell whether memory, goroutines, files or connections grow",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			var stop func() error
			if s.databaseURL, s.users, stop, err = filledDatabase(cmd.Context(), s.program, count, tasksPerUser, out); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			return s.run(cmd.Context(), out)
		},
	}
	c.Flags().StringVar(&s.program, "todo", "bin/todo", "the program to measure")
	c.Flags().IntVar(&count, "users", 1000, "number of users")
	c.Flags().IntVar(&s.rate, "rate", 200, "requests a second")
	c.Flags().IntVar(&s.streams, "streams", 50, "streams of changes that are open at a time")
	c.Flags().DurationVar(&s.duration, "duration", time.Hour, "how long to send requests")
	c.Flags().DurationVar(&s.every, "every", time.Second, "how often to look")
	return c
}

// run prints the slopes. It fails if a request did, or if anything grows.
func (s soakTest) run(ctx context.Context, out io.Writer) (err error) {
	server, err := startServer(ctx, s.program, s.databaseURL, "ADMIN_ADDR=127.0.0.1:0", "LIVE_POLL=500ms")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	defer background.Wait()
	var opened, refused atomic.Int64
	for range s.streams {
		background.Go(func() {
			for loading.Err() == nil {
				if s.stream(loading, server) {
					opened.Add(1)
				} else if loading.Err() == nil {
					refused.Add(1)
				}
			}
		})
	}
	samples := make(chan []sample, 1)
	go func() { samples <- sampleEvery(loading, server, s.every) }()

	// A page has as many tasks however many there are by now.
	kinds := []kind{list.limited(tasksPerUser), get, create, update, toggle}
	sent, err := load{name: "soak", rate: s.rate, duration: s.duration}.send(ctx, server, s.users.targets(server.url, kinds...))
	stop()
	seen := <-samples
	background.Wait()
	if err != nil {
		return err
	}
	t := &table{out: out}
	sent.addTo(t, fmt.Sprintf("%d requests a second for %s", s.rate, s.duration))
	if err := t.print(); err != nil {
		return err
	}
	sent.printErrors(out, "soak")
	fmt.Fprintf(out, "%d streams came and went, %d at a time; %d were refused\n\n", opened.Load(), s.streams, refused.Load())
	grown := printSlopes(out, seen, s.duration)
	if failed := sent.all.failed + uint64(refused.Load()); failed > 0 {
		grown = errors.Join(grown, fmt.Errorf("%d requests failed", failed))
	}
	return grown
}

// stream opens a stream of a random user for a random time, and reports whether that was
// granted.
func (s soakTest) stream(ctx context.Context, server *server) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(streamTime))))
	defer cancel()
	user := rand.IntN(len(s.users.tokens))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.url+"/api/"+measure.UserID(s.users.first+user)+"/changes", nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", s.users.tokens[user])
	request.Header.Set("Accept", "text/event-stream")
	reply, err := server.client.Do(request)
	if err != nil {
		return ctx.Err() != nil // it was open too short a time
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return false
	}
	_, _ = io.Copy(io.Discard, reply.Body)
	return true
}

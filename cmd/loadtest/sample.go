package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/securetodo/securetodo/db/measure"
)

// sample is what a server has at a moment. What a system does not tell is NaN.
type sample struct {
	at     time.Duration
	values [len(resources)]float64
}

// resources are what must not grow while the load stays the same.
var resources = [...]struct {
	name string
	// A run may rise by noise and, for each hour that it takes, by perHour: a collection of
	// garbage or a few clients more at a moment are no growth.
	noise, perHour float64
	read           func(ctx context.Context, s *server) (float64, error)
}{
	{"resident memory (MiB)", 16, 8, func(_ context.Context, s *server) (float64, error) {
		kib, err := s.status("VmRSS")
		return kib / 1024, err
	}},
	{"goroutines", 60, 10, func(ctx context.Context, s *server) (float64, error) { return s.metric(ctx, "go_goroutines") }},
	{"threads", 8, 2, func(_ context.Context, s *server) (float64, error) { return s.status("Threads") }},
	{"open files", 60, 10, func(_ context.Context, s *server) (float64, error) {
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
		return float64(len(files)), err
	}},
	{"database connections", 8, 1, func(ctx context.Context, s *server) (float64, error) {
		backends, err := measure.Backends(ctx, s.databaseURL)
		return float64(len(backends)), err
	}},
}

// sampleEvery looks until ctx ends.
func sampleEvery(ctx context.Context, s *server, every time.Duration) (samples []sample) {
	start := time.Now()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return samples
		}
		now := sample{at: time.Since(start)}
		for i, r := range resources {
			value, err := r.read(ctx, s)
			if err != nil {
				value = math.NaN()
			}
			now.values[i] = value
		}
		if ctx.Err() == nil {
			samples = append(samples, now)
		}
	}
}

// warmUpShare is the part of a run in which pools and caches fill.
const warmUpShare = 0.3

// printSlopes prints how each resource changes once the server is warm, and returns an
// error if one grows.
func printSlopes(out io.Writer, samples []sample, duration time.Duration) error {
	warm := slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.at < time.Duration(warmUpShare*float64(duration)) })
	if len(warm) < 3 {
		return errors.New("the run was too short for a slope")
	}
	measured := (warm[len(warm)-1].at - warm[0].at).Hours()
	t := &table{out: out}
	t.row(fmt.Sprintf("%d samples in %s, warm", len(warm), time.Duration(measured*float64(time.Hour)).Round(time.Second)), "first", "last", "most", "slope per hour", "allowed", "")
	var grown error
	for i, r := range resources {
		values := make([]float64, len(warm))
		for n, s := range warm {
			values[n] = s.values[i]
		}
		if slices.ContainsFunc(values, math.IsNaN) {
			t.row("  "+r.name, "not known", "", "", "", "", "")
			continue
		}
		slope, allowed, verdict := slopeOf(warm, values), (r.noise+r.perHour*measured)/measured, "flat"
		if slope > allowed {
			verdict = "GROWS"
			grown = errors.Join(grown, fmt.Errorf("%s: grows by %.1f in an hour", r.name, slope))
		}
		t.row("  "+r.name, one(values[0]), one(values[len(values)-1]), one(slices.Max(values)), one(slope), one(allowed), verdict)
	}
	return errors.Join(grown, t.print())
}

func one(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// maxSlopeSamples is how many are compared with each other.
const maxSlopeSamples = 500

// slopeOf is the median of the slopes between all pairs of samples (Theil and Sen), in
// units an hour: a few that are far from the others do not bend it.
func slopeOf(samples []sample, values []float64) float64 {
	var slopes []float64
	step := max(1, len(samples)/maxSlopeSamples)
	for i := 0; i < len(samples); i += step {
		for j := i + step; j < len(samples); j += step {
			slopes = append(slopes, (values[j]-values[i])/(samples[j].at-samples[i].at).Hours())
		}
	}
	return median(slopes)
}

// status is a number of /proc/pid/status (proc(5)).
func (s *server) status(name string) (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return number(content, `(?m)^`+name+`:\s+(\d+)`)
}

// metric is one without labels from /metrics of the admin address.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.adminURL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	reply, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(reply.Body); err != nil {
		return 0, err
	}
	return number(body.Bytes(), `(?m)^`+name+` ([0-9.e+]+)$`)
}

func number(content []byte, pattern string) (float64, error) {
	found := regexp.MustCompile(pattern).FindSubmatch(content)
	if found == nil {
		return 0, errors.New("not told")
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

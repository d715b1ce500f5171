package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

// risingBy has a server whose every resource rises by so much an hour, with samples that
// are far from the others now and then.
func risingBy(perHour float64) (samples []sample) {
	for n := range 600 {
		s := sample{at: time.Duration(n) * 6 * time.Second}
		for i := range s.values {
			s.values[i] = 100 + perHour*s.at.Hours()
			if n%20 == 0 {
				s.values[i] += 1000
			}
		}
		samples = append(samples, s)
	}
	return samples
}

func TestSoakTellsWhatGrows(t *testing.T) {
	for name, c := range map[string]struct {
		samples []sample
		says    string // of the error
	}{
		"flat":    {risingBy(0), ""},
		"falling": {risingBy(-500), ""},
		"growing": {risingBy(500), "goroutines: grows by 500.0 in an hour"},
		"short":   {risingBy(0)[:2], "too short"},
	} {
		var out bytes.Buffer
		err := printSlopes(&out, c.samples, time.Hour)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
	}
}

func TestSoakDoesWithoutWhatIsNotTold(t *testing.T) {
	samples := risingBy(0)
	samples[len(samples)-1].values[1] = math.NaN()
	var out bytes.Buffer
	if err := printSlopes(&out, samples, time.Hour); err != nil || !strings.Contains(out.String(), "not known") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestSoakRuns(t *testing.T) {
	databaseURL, u := filled(t)
	s := soakTest{program: program, databaseURL: databaseURL, users: u, rate: 50, streams: 3, duration: 2 * time.Second, every: 50 * time.Millisecond}
	var out bytes.Buffer
	if err := s.run(t.Context(), &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	for _, text := range []string{"100", "streams came and went", "resident memory", "database connections", "flat"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not print %q:\n%s", text, &out)
		}
	}
}

func TestOverloadRuns(t *testing.T) {
	databaseURL, u := filled(t)
	o := overloadTest{program: program, databaseURL: databaseURL, users: u, steps: []int{2, 4}, turn: 200 * time.Millisecond, rounds: 1}
	var out bytes.Buffer
	// How fast this machine is does not matter here.
	if err := o.run(t.Context(), &out); err != nil && !strings.Contains(err.Error(), "goodput") {
		t.Errorf("%v\n%s", err, &out)
	}
	for _, text := range []string{"clients saturate", "times the goodput", "2xx"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not print %q:\n%s", text, &out)
		}
	}
}

func TestOverloadTellsWhatAnOverloadedServerMayNotDo(t *testing.T) {
	for name, c := range map[string]struct {
		ratio    float64
		resident int
		statuses map[string]int
		says     string
	}{
		"well":      {0.95, 100 << 20, map[string]int{"2xx": 1, "4xx": 1, "503": 1}, ""},
		"slow":      {0.5, 100 << 20, map[string]int{"2xx": 1}, "below 0.9"},
		"large":     {1, 151 << 20, map[string]int{"2xx": 1}, "151 MiB"},
		"broken":    {1, 1 << 20, map[string]int{"500": 3}, "3 requests ended with 500"},
		"cut short": {1, 1 << 20, map[string]int{"EOF": 2}, "2 requests ended with EOF"},
	} {
		err := overloadTest{}.verdict(c.ratio, c.resident, c.statuses)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package http_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/securetodo/securetodo/db"
	todohttp "github.com/securetodo/securetodo/http"
)

// wireOf is a task as package json writes it.
func wireOf(t db.Task) task {
	const microseconds = "2006-01-02T15:04:05.000000Z"
	wire := task{
		t.ID.String(), t.UserID, t.Title, t.Description, t.Completed, t.Priority, nil, t.Tags, t.Version,
		t.CreatedAt.UTC().Format(microseconds), t.UpdatedAt.UTC().Format(microseconds),
	}
	if t.DueDate != nil {
		layout := time.RFC3339Nano
		if t.DueAllDay && t.DueDate.UTC().Format("15:04:05.999999") == "00:00:00" {
			layout = time.DateOnly
		}
		wire.DueDate = new(t.DueDate.UTC().Format(layout))
	}
	return wire
}

// mustEncodeAlike compares the encoder with package json, errors included.
func mustEncodeAlike(t *testing.T, tasks []db.Task) {
	t.Helper()
	wire := []task{}
	for _, row := range tasks {
		wire = append(wire, wireOf(row))
	}
	want, wantErr := json.Marshal(wire)
	got, err := todohttp.EncodeTasks(tasks)
	if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
		t.Errorf("%s (%v), want %s (%v)", got, err, want, wantErr)
	}
}

var oddTexts = []string{
	"", "a", `"`, `\`, "/", "<script>&'", "\x00\x01\b\t\n\v\f\r\x1f\x7f", "é", "日本語", "😀", "\u0085\u2028\u2029\ufeff\ufffd\U0010ffff",
	strings.Repeat("long \u2028", 300), "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
}

// encodedTask has a text in each of its fields, and times of all kinds.
func encodedTask(text string, random *rand.Rand) db.Task {
	at := func() time.Time {
		zone := time.FixedZone("", (random.IntN(25)-12)*3600)
		return time.UnixMicro(random.Int64N(253_402_300_800e6+62_135_596_800e6) - 62_135_596_800e6).In(zone)
	}
	task := db.Task{
		UserID: text, Title: text, Completed: random.IntN(2) == 0, Priority: "high", Version: random.Int64() >> random.IntN(63),
		CreatedAt: at().Truncate(time.Duration(1+random.IntN(1e6)) * time.Microsecond), UpdatedAt: at(), DueAllDay: random.IntN(2) == 0,
	}
	for i := range task.ID {
		task.ID[i] = byte(random.Uint32())
	}
	if random.IntN(2) == 0 {
		task.Description = &text
	}
	if random.IntN(3) > 0 {
		task.DueDate = new(at().Truncate([]time.Duration{time.Microsecond, time.Millisecond, time.Second, 24 * time.Hour}[random.IntN(4)]))
	}
	if random.IntN(3) > 0 {
		task.Tags = slices.Repeat([]string{text, "b"}, random.IntN(3))
	}
	return task
}

func TestEncoderWritesWhatPackageJSONWould(t *testing.T) {
	t.Parallel()
	mustEncodeAlike(t, nil)
	for _, text := range oddTexts {
		random := rand.New(rand.NewPCG(1, uint64(len(text))))
		for range 200 {
			mustEncodeAlike(t, []db.Task{encodedTask(text, random)})
		}
		mustEncodeAlike(t, []db.Task{encodedTask("a", random), encodedTask(text, random), encodedTask("b", random)})
	}
}

// FuzzEncoder also finds what a buffer keeps of its use before.
func FuzzEncoder(f *testing.F) {
	for _, text := range oddTexts {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, seed))
		mustEncodeAlike(t, []db.Task{encodedTask(text, random), encodedTask(text, random)})
	})
}

// BenchmarkEncode encodes a list of 20 tasks.
func BenchmarkEncode(b *testing.B) {
	tasks := make([]db.Task, 20)
	for i := range tasks {
		tasks[i] = db.Task{
			UserID: alice, Title: "Buy milk", Description: new("Two bottles, and bread if there is any left"), Priority: "high",
			DueDate: new(time.Now()), Tags: []string{"home"}, CreatedAt: time.Now(), UpdatedAt: time.Now(), Version: 1795612061337,
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		todohttp.EncodeAndForget(tasks)
	}
}

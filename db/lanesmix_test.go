package db_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/securetodo/securetodo/db"
	"github.com/securetodo/securetodo/db/dbtest"
)

// many is how many tasks of 1,000 characters the first users have.
const many = 1000

// TestAnswersBelongToTheirRequests has users send requests at random that share
// connections, and knows each answer beforehand. TEST_REQUESTS is how many of them, in
// all subtests together: 12,000 without it.
func TestAnswersBelongToTheirRequests(t *testing.T) {
	t.Parallel()
	requests, _ := strconv.Atoi(cmp.Or(os.Getenv("TEST_REQUESTS"), "12000"))
	crowds := []struct{ users, conns int }{{2, 1}, {200, 16}}
	parameters := map[string]string{"": "prepared", "&default_query_exec_mode=exec": "exec"}
	each := requests / (len(crowds) * len(parameters) * len(modes) * len(dbtest.Routes))
	for mode, options := range modes {
		for name, route := range dbtest.Routes {
			for parameter, how := range parameters {
				for _, c := range crowds {
					t.Run(fmt.Sprintf("%s/%s/%s/%d users", mode, name, how, c.users), func(t *testing.T) {
						url := dbtest.New(t, dbtest.NeonOwner)
						routed := route(t, url, c.conns)
						if !strings.Contains(routed, "pool_max_conns=") {
							routed += fmt.Sprintf("&pool_max_conns=%d", c.conns)
						}
						mix(t, dbtest.Pool(t, routed+parameter, options...), url, c.users, each)
					})
				}
			}
		}
	}
}

// mix has each user send a few requests at once, until all have sent as many as asked.
func mix(t *testing.T, pool *db.Pool, url string, users, requests int) {
	dbtest.Exec(t, dbtest.SuperuserURL(t, url), fmt.Sprintf(`
		INSERT INTO users (id, version) SELECT 'user' || n, 1 FROM generate_series(0, %d) AS n;
		INSERT INTO tasks (user_id, id, title, description, created_at)
		SELECT id, gen_random_uuid(), 'of ' || id, left(repeat(id || ' ', 1000), 1000), '2020-01-01'
		FROM users, generate_series(1, %d) WHERE id IN ('user0', 'user1')`, users-1, many))
	var sent, refused atomic.Int64
	crowd := make([]*someone, users)
	for n := range crowd {
		s := &someone{
			pool: pool, user: fmt.Sprint("user", n), other: fmt.Sprint("user", (n+1)%users), refused: &refused,
			random: rand.New(rand.NewPCG(uint64(requests), uint64(n))), version: 1, tasks: map[uuid.UUID]db.Task{}, deleted: map[uuid.UUID]int64{},
		}
		if n < 2 {
			s.large = many
		}
		if err := s.write(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		crowd[n] = s
	}
	// Many begin together behind requests that keep the lanes, so that some share a batch
	// however fast the database is. Two have one lane, and meet on it.
	var keep []func()
	if users > 2 {
		for n := range pool.Stats().Reads.Max {
			keep = append(keep, occupy(t, pool, fmt.Sprint("occupant", n), "GetTask"))
		}
	}
	var wg sync.WaitGroup
	for _, s := range crowd {
		wg.Go(func() {
			for !t.Failed() && sent.Load() < int64(requests) {
				sent.Add(int64(s.step(t)))
			}
		})
	}
	if users > 2 {
		eventually(t, "several wait", func() bool { return pool.Stats().Reads.Waiting > len(keep) })
	}
	for _, release := range keep {
		release()
	}
	wg.Wait()
	if n := refused.Load(); n > int64(requests/20) {
		t.Errorf("%d of %d requests found no lane or no connection in time", n, requests)
	}
	stats := pool.Stats()
	if stats.Reads.Requests <= stats.Reads.Batches || stats.Writes.Requests != stats.Writes.Batches {
		t.Errorf("reads shared no batch, or writes did: %+v", stats)
	}
	mustBeIdle(t, pool)
	if left := pool.Leftovers(t.Context()); left != "" {
		t.Error(left)
	}
}

// someone is a user with what is stored of them.
type someone struct {
	pool        *db.Pool
	user, other string
	random      *rand.Rand
	version     int64
	tasks       map[uuid.UUID]db.Task
	deleted     map[uuid.UUID]int64
	large       int // how many tasks of 1,000 characters there are besides
	refused     *atomic.Int64
}

// firstTask is the id of a task that a user has or had.
func firstTask(user string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(user)) }

// step sends a write, or a few reads at once, and counts them. Some clients leave.
func (s *someone) step(t *testing.T) (sent int) {
	if s.random.IntN(10) == 0 {
		ctx, end, leaves := s.visit(t)
		defer end()
		s.check(t, "writes", s.write(ctx, false), leaves)
		return 1
	}
	var wg sync.WaitGroup
	for sent = range 1 + s.random.IntN(4) {
		what, read := s.read()
		ctx, end, leaves := s.visit(t)
		wg.Go(func() {
			defer end()
			s.check(t, "reads "+what, read(ctx), leaves)
		})
	}
	wg.Wait()
	return sent + 1
}

// check lets pass that a client has left, and that a busy machine got to no answer.
func (s *someone) check(t *testing.T, did string, err error, leaves bool) {
	switch {
	case err == nil, leaves && errors.Is(err, context.Canceled):
	case errors.Is(err, db.ErrNoLane), errors.Is(err, db.ErrUnavailable) && errors.Is(err, context.DeadlineExceeded):
		s.refused.Add(1)
	default:
		t.Errorf("%s %s: %v", s.user, did, err)
	}
}

// visit is the context of a request. One client in 20 leaves at some moment.
func (s *someone) visit(t *testing.T) (ctx context.Context, end func(), leaves bool) {
	ctx, cancel := context.WithCancel(t.Context())
	if leaves = s.random.IntN(20) == 0; leaves {
		time.AfterFunc(time.Duration(s.random.Int64N(int64(3*time.Millisecond))), cancel)
	}
	return ctx, cancel, leaves
}

// write changes a task. One whose client has left before it was sent is not done.
func (s *someone) write(ctx context.Context, first bool) error {
	ids := slices.Collect(maps.Keys(s.tasks))
	id := firstTask(s.user)
	if !first {
		id = uuid.Must(uuid.NewRandomFromReader(randomReader{s.random}))
	}
	kind := s.random.IntN(3)
	if len(ids) == 0 || len(ids) < 5 && kind == 2 {
		kind = 0
	} else if kind > 0 {
		id = ids[s.random.IntN(len(ids))]
	}
	var task db.Task
	var err error
	switch kind {
	case 0:
		var row db.CreateTaskRow
		row, err = s.pool.CreateTask(ctx, db.CreateTaskParams{UserID: s.user, ID: id, Title: "of " + s.user, Priority: "low", Tags: []string{s.user}})
		task = row.Task
	case 1:
		var row db.CompleteTaskRow
		row, err = s.pool.CompleteTask(ctx, db.CompleteTaskParams{UserID: s.user, ID: id})
		task = row.Task
		if err == nil && task.Completed == s.tasks[id].Completed {
			return fmt.Errorf("toggled %+v: %+v", s.tasks[id], task)
		}
	case 2:
		var row db.DeleteTaskRow
		row, err = s.pool.DeleteTask(ctx, db.DeleteTaskParams{UserID: s.user, ID: id})
		if err != nil {
			return err
		}
		if !row.Matched {
			return fmt.Errorf("%s is not deleted: %+v", id, row)
		}
		delete(s.tasks, id)
		// The next number is in the tombstone. A busy machine is asked again.
		for s.deleted[id] == 0 && !errors.Is(err, db.ErrNotFound) {
			s.deleted[id], err = s.pool.As(s.user).GetDeletedTask(context.WithoutCancel(ctx), db.GetDeletedTaskParams{UserID: s.user, ID: id})
		}
		if s.deleted[id] <= s.version {
			return fmt.Errorf("deleted as %d behind %d: %w", s.deleted[id], s.version, err)
		}
		s.version = s.deleted[id]
		return nil
	}
	if err != nil {
		return err
	}
	if task.UserID != s.user || task.ID != id || task.Title != "of "+s.user || task.Version <= s.version {
		return fmt.Errorf("wrote %s behind %d: %+v", id, s.version, task)
	}
	s.version, s.tasks[id] = task.Version, task
	return nil
}

type randomReader struct{ *rand.Rand }

func (r randomReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

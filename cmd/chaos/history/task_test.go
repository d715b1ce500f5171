package history_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/cmd/chaos/history"
)

var (
	absent  = history.State{}
	deleted = history.State{Phase: history.Deleted}
)

func present(title string, completed bool) history.State {
	return history.State{Phase: history.Present, Title: title, Completed: completed}
}

var (
	create = history.Op{Kind: history.Create, Title: "a"}
	edit   = history.Op{Kind: history.Retitle, Title: "b"}
	toggle = history.Op{Kind: history.Toggle}
	remove = history.Op{Kind: history.Delete}
	clear  = history.Op{Kind: history.Clear}
)

// step is something that a client was told.
type step func(*history.Task) error

func done(op history.Op, told history.State) step {
	return func(t *history.Task) error { return t.Done(op, told) }
}

func maybe(op history.Op) step {
	return func(t *history.Task) error { t.MaybeDone(op); return nil }
}

func seen(told history.State) step { return func(t *history.Task) error { return t.Seen(told) } }

func TestTaskTellsWhatCanBeTrue(t *testing.T) {
	t.Parallel()
	created := done(create, present("a", false))
	for name, c := range map[string]struct {
		steps []step
		want  error // of the last
	}{
		"what was acknowledged is there":          {[]step{created, seen(present("a", false))}, nil},
		"what was acknowledged is gone":           {[]step{created, seen(absent)}, history.ErrLost},
		"an edit is there":                        {[]step{created, done(edit, present("b", false)), seen(present("b", false))}, nil},
		"an edit is lost":                         {[]step{created, done(edit, present("b", false)), seen(present("a", false))}, history.ErrLost},
		"a read before the write":                 {[]step{seen(absent), created}, nil},
		"a toggle":                                {[]step{created, done(toggle, present("a", true)), seen(present("a", true))}, nil},
		"a toggle that was done twice":            {[]step{created, done(toggle, present("a", false))}, history.ErrToggled},
		"a toggle that is done again":             {[]step{created, done(toggle, present("a", true)), seen(present("a", false))}, history.ErrToggled},
		"a toggle that was not acknowledged":      {[]step{created, maybe(toggle), seen(present("a", true))}, nil},
		"or that was not done":                    {[]step{created, maybe(toggle), seen(present("a", false))}, nil},
		"is done later":                           {[]step{created, maybe(toggle), seen(present("a", false)), seen(present("a", true))}, nil},
		"but not taken back":                      {[]step{created, maybe(toggle), seen(present("a", true)), seen(present("a", false))}, history.ErrToggled},
		"two of them":                             {[]step{created, maybe(toggle), maybe(toggle), seen(present("a", true)), seen(present("a", false))}, nil},
		"two of them and one more":                {[]step{created, maybe(toggle), maybe(toggle), seen(present("a", true)), seen(present("a", false)), seen(present("a", true))}, history.ErrToggled},
		"a deletion":                              {[]step{created, done(remove, deleted), seen(absent)}, nil},
		"a deletion that is undone":               {[]step{created, done(remove, deleted), seen(present("a", false))}, history.ErrRevived},
		"a deletion of what is deleted":           {[]step{created, maybe(remove), seen(absent), done(remove, deleted)}, nil},
		"a deletion of nothing":                   {[]step{done(remove, deleted)}, history.ErrLost},
		"a create that was not acknowledged":      {[]step{maybe(create), seen(absent), seen(present("a", false))}, nil},
		"is asked for again":                      {[]step{maybe(create), created, done(toggle, present("a", true))}, nil},
		"is not done half":                        {[]step{maybe(create), seen(present("", false))}, history.ErrLost},
		"an edit that comes late":                 {[]step{created, maybe(edit), done(toggle, present("a", true)), seen(present("b", true))}, nil},
		"an edit that was not acknowledged":       {[]step{created, maybe(edit), done(toggle, present("b", true)), seen(present("b", true))}, nil},
		"is not done twice":                       {[]step{created, maybe(edit), done(history.Op{Kind: history.Retitle, Title: "c"}, present("c", false)), seen(present("b", false)), seen(present("c", false))}, history.ErrLost},
		"a deletion before it makes it a nothing": {[]step{created, maybe(edit), done(remove, deleted), seen(absent)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			task := history.NewTask("x")
			for i, step := range c.steps {
				err := step(task)
				if last := i == len(c.steps)-1; last && !errors.Is(err, c.want) || !last && err != nil {
					t.Fatalf("step %d: %v, want %v", i+1, err, c.want)
				}
			}
		})
	}
}

func TestTaskGoesOnFromAContradiction(t *testing.T) {
	t.Parallel()
	task := history.NewTask("x")
	if err := task.Seen(present("b", true)); err == nil {
		t.Error("a task that nobody made was seen")
	}
	if err := task.Seen(present("b", true)); err != nil {
		t.Errorf("it is told twice: %v", err)
	}
}

func TestTaskCountsWhatAnOperationOnManyIsDoneTo(t *testing.T) {
	t.Parallel()
	must := func(task *history.Task, steps ...step) *history.Task {
		for _, step := range steps {
			if err := step(task); err != nil {
				t.Fatal(err)
			}
		}
		return task
	}
	created := done(create, present("a", false))
	for name, c := range map[string]struct {
		task        *history.Task
		op          history.Op
		least, most int
		after       history.State
	}{
		"completed":       {must(history.NewTask("x"), created, done(toggle, present("a", true))), clear, 1, 1, absent},
		"pending":         {must(history.NewTask("x"), created), clear, 0, 0, present("a", false)},
		"not known which": {must(history.NewTask("x"), created, maybe(toggle)), clear, 0, 1, absent},
		"complete":        {must(history.NewTask("x"), created), history.Op{Kind: history.Complete, Completed: true}, 1, 1, present("a", true)},
		"not made":        {history.NewTask("x"), history.Op{Kind: history.Complete, Completed: true}, 0, 0, absent},
	} {
		if least, most := c.task.MustFit(c.op); least != c.least || most != c.most {
			t.Errorf("%s: %d to %d", name, least, most)
		}
		if err := c.task.Seen(c.after); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUserSeesVersionsRise(t *testing.T) {
	t.Parallel()
	u := history.NewUser("alice")
	for _, c := range []struct {
		version, latest int64
		says            string
	}{
		{10, 0, ""},
		{11, 10, ""},
		{11, 10, "both got 11"},
		{9, 11, "after 11"},
		{12, 12, "after 12"},
		{13, 11, ""}, // began before 12 was told
	} {
		if err := u.Changed("x", c.version, c.latest); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if u.Latest() != 13 {
		t.Errorf("the latest is %d", u.Latest())
	}
	if err := u.Own("alice", "alice:1"); err != nil {
		t.Error(err)
	}
	for _, foreign := range [][2]string{{"bob", "alice:1"}, {"alice", "bob:1"}} {
		if err := u.Own(foreign[0], foreign[1]); err == nil {
			t.Errorf("%v is taken for her own", foreign)
		}
	}
}

func TestTaskSeesVersionsRise(t *testing.T) {
	t.Parallel()
	task := history.NewTask("x")
	for _, version := range []int64{5, 5, 7} {
		if err := task.SeenVersion(version); err != nil {
			t.Error(err)
		}
	}
	if err := task.SeenVersion(6); err == nil {
		t.Error("a version fell")
	}
}

func TestCopyTellsWhatAFollowerMissed(t *testing.T) {
	t.Parallel()
	row := func(id, title string, version int64) history.Row {
		return history.Row{ID: id, Owner: "alice", Title: "alice:" + title, Version: version}
	}
	type page struct {
		rows    []history.Row
		deleted []string
	}
	one, two, newer := row("1", "a", 1), row("2", "b", 2), row("1", "c", 3)
	for name, c := range map[string]struct {
		pages []page
		table []history.Row
		says  string // of the last page
		lacks string
	}{
		"all":                 {[]page{{rows: []history.Row{one, two}}, {rows: []history.Row{newer}}}, []history.Row{newer, two}, "", ""},
		"a deletion":          {[]page{{rows: []history.Row{one, two}}, {deleted: []string{"2"}}}, []history.Row{one}, "", ""},
		"a change is missed":  {[]page{{rows: []history.Row{one, two}}}, []history.Row{newer, two}, "", "the table"},
		"a task is missed":    {[]page{{rows: []history.Row{one}}}, []history.Row{one, two}, "", "lacks"},
		"a deletion is":       {[]page{{rows: []history.Row{one, two}}}, []history.Row{one}, "", "has not"},
		"told twice":          {[]page{{rows: []history.Row{one}}, {rows: []history.Row{one}}}, []history.Row{one}, "after", ""},
		"back after deletion": {[]page{{rows: []history.Row{one}}, {deleted: []string{"1"}}, {rows: []history.Row{newer}}}, []history.Row{newer}, "is back", ""},
		"another user's":      {[]page{{rows: []history.Row{{ID: "3", Owner: "bob", Title: "bob:x"}}}}, nil, "foreign row", "has not"},
	} {
		copied := history.NewCopy(history.NewUser("alice"))
		var err error
		for _, page := range c.pages {
			err = copied.Apply(page.rows, page.deleted, "")
		}
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		table := map[string]history.Row{}
		for _, row := range c.table {
			table[row.ID] = row
		}
		if err := copied.Difference(table); (err == nil) != (c.lacks == "") || err != nil && !strings.Contains(err.Error(), c.lacks) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

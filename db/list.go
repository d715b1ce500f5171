package db

import "context"

// List runs a query that lists tasks, and reads the user's counter in the same round
// trip, right before the rows: 0 before the first write. So the number is never newer
// than the rows.
func (p *Pool) List(ctx context.Context, userID string, list func(context.Context, *Queries) ([]Task, error)) (tasks []Task, version int64, err error) {
	t := newTries(false, false)
	queries := New(scope{p, settings{userID: userID, limit: statementTimeout}, t, &version})
	err = p.retry(ctx, t, func(string) error {
		tasks, err = list(ctx, queries)
		return err
	})
	return tasks, version, err
}

// readCounter reads the result of GetCounter.
func readCounter(results *results) (counter GetCounterRow, err error) {
	rows, err := results.Query()
	if err != nil {
		return counter, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&counter.Version, &counter.ForgottenVersion, &counter.CreatedAt)
	}
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	return counter, err
}

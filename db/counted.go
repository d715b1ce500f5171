package db

// AsCounted is As for queries whose reply needs a tag: each query reads the user's
// counter in the same round trip, right before its rows, into version, 0 before the
// first write. So the number is never newer than the rows.
func (p *Pool) AsCounted(userID string, version *int64) *Queries {
	return New(scope{p, settings{userID: userID, limit: statementTimeout}, version})
}

// readCounter reads the result of GetCounter.
func readCounter(results results) (counter GetCounterRow, err error) {
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

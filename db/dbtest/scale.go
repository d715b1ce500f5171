package dbtest

import "os"

// Scale returns how many rounds a long test runs: full in CI, which sets CI=true,
// and quick elsewhere. quick must be enough to meet every kind of case.
func Scale(quick, full int) int {
	if os.Getenv("CI") == "true" {
		return full
	}
	return quick
}

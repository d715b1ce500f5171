package observability_test

import (
	"os/exec"
	"testing"

	"github.com/securetodo/securetodo/db/dbtest"
)

// TestAlertsAreRaisedByTheirFaultsAlone has Prometheus' own tool read the rules, and try what raises them and what
// does not.
func TestAlertsAreRaisedByTheirFaultsAlone(t *testing.T) {
	t.Parallel()
	promtool := dbtest.Need(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

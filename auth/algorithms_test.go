package auth_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
	"github.com/securetodo/securetodo/auth/authtest"
)

func TestAlgorithmsAreAllTestedAndDocumented(t *testing.T) {
	all, keySet := auth.AlgorithmNames()
	if !slices.Equal(all, authtest.Algs) || !slices.Equal(keySet, authtest.KeySetAlgs) {
		t.Errorf("algorithms are %q, of the key set %q; authtest has %q and %q", all, keySet, authtest.Algs, authtest.KeySetAlgs)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if list := "`" + strings.Join(all, "`, `") + "`"; !strings.Contains(string(readme), list) {
		t.Errorf("README.md does not say %s", list)
	}
}

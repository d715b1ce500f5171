package auth_test

import (
	"strings"
	"testing"

	"github.com/securetodo/securetodo/auth"
)

func TestValidUserIDAcceptsShortPrintableText(t *testing.T) {
	for s, want := range map[string]bool{
		"u": true, "user_2Yk3": true, "a b/c": true, "é😀\ufffd": true, strings.Repeat("u", 255): true,
		"": false, strings.Repeat("u", 256): false, strings.Repeat("é", 128): false,
		"a\x00": false, "\n": false, "\x7f": false, "\u009f": false, "\xff": false, "a\xe2\x82": false,
	} {
		if auth.ValidUserID(s) != want {
			t.Errorf("ValidUserID(%q) = %v", s, !want)
		}
	}
}

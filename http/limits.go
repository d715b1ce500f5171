package http

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/securetodo/securetodo/db"
)

// What a request may hold. The messages are formatted from these constants, and the
// tests hold the CHECKs of sql/migrations and the limits in openapi.yaml to them.
const (
	// Lengths are in characters: Unicode code points, as char_length counts them.
	maxTitle       = 255
	maxDescription = 1000
	maxTag         = 50
	maxSearch      = 200
	maxKey         = 255
	// maxTags is how many tags a task has at most, and how many a filter names.
	maxTags = 20
	// maxPage is the most tasks that one reply holds, and the number where a request
	// does not say.
	maxPage = 1000
	// maxPageBytes is what its body ends before, unless one task alone is larger.
	maxPageBytes = db.PageBytes
	// Sizes are in bytes. maxHeader counts a request's line, too.
	maxBody   = 64 << 10
	maxHeader = 32 << 10
	// maxFieldErrors and maxEchoedName bound what one body can make of its reply: how
	// many broken rules it names, and how many characters of an unknown name.
	maxFieldErrors = 20
	maxEchoedName  = 100
)

// within reports whether a text has at least and at most so many characters.
func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return least <= n && n <= most
}

// lengthRule is the message for a text that is not within the two numbers.
func lengthRule(least, most int) string { return "must have " + characters(least, most) }

func characters(least, most int) string {
	if least == 0 {
		return "at most " + grouped(most) + " characters"
	}
	return grouped(least) + " to " + grouped(most) + " characters"
}

// kibibytes writes a size that is a whole number of them.
func kibibytes(size int) string { return strconv.Itoa(size>>10) + " KiB" }

// grouped writes a number that is not negative as people read it, such as 1,000.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

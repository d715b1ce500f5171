package main

import "fmt"

// foldedAny is a text as a search compares it: two are the same there if they differ in
// case and in normal form alone. Upper case makes SS of ß and Σ of both kinds of its small
// letter; lower case before it brings along what is only ever a capital, such as ẞ; what
// that leaves decomposed is composed. Turkish has two letters i, each with a capital, and
// nobody knows the language of a text: so all four are one.
func foldedAny(text string) string {
	return fmt.Sprintf(`replace(normalize(upper(lower(%s COLLATE "und-x-icu")), NFC), 'İ', 'I')`, text)
}

// plain are the characters of which nearly all text is made, for which upper case alone
// gives the same, at a third of the cost. A text that has any other is folded by foldedAny.
// A test tries every code point.
const plain = `\u0001-\u012f\u0131-\u02ff` + // Latin, but İ
	`\u0386\u0388-\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce` + // Greek
	`\u0400-\u0482\u048a-\u052f` + // Cyrillic
	`\u05d0-\u05ea` + // Hebrew
	`\u0620-\u064a` + // Arabic
	`\u200b-\u2027\u20a0-\u20bf` + // punctuation, currencies
	`\u3001-\u3029\u3041-\u3094\u30a1-\u30f4` + // Japanese
	`\u4e00-\u9fff` + // Chinese
	`\uac00-\ud7a3` + // Korean
	`\U0001f300-\U0001faff` // emoji

// folded is foldedAny of a column.
func folded(column string) string {
	return fmt.Sprintf(`CASE
      WHEN %[1]s COLLATE "C" !~ '[^%[2]s]' THEN upper(%[1]s COLLATE "und-x-icu")
      ELSE %[3]s END`, column, plain, foldedAny(column))
}

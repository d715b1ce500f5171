package http

import "golang.org/x/text/unicode/norm"

// normal is the one of a text's spellings that is stored and compared: Normalization
// Form C (Unicode Standard Annex 15). Limits count its characters, which may be more
// than were sent.
func normal(s string) string { return norm.NFC.String(s) }

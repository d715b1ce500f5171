//go:build !unix

package main

import "math"

// openFiles is without a limit: Windows has none for a process but its memory.
func openFiles() uint64 { return math.MaxUint32 }

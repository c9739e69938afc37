package main

import "bytes"

// isPattern reports whether b is what was sent at pos.
func isPattern(b []byte, pos uint64) bool {
	return bytes.Equal(b, patternAt(pos, len(b)))
}

// patternStart is where the stream of a connection begins: elsewhere for each of them.
func patternStart(conn int) uint64 { return uint64(conn) * 7919 }

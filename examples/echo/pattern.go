package main

import (
	"bytes"
	"math/rand/v2"
)

const (
	// patternPeriod is a prime, so that messages of any usual size begin at different places.
	patternPeriod = 65521

	// patternSpan is the longest piece that one call can return.
	patternSpan = 64 << 10
)

// pattern is the data that connections send: endless bytes without visible order. Each connection
// begins at its own place, so a byte that is wrong, lost, doubled or on the wrong connection is
// found at once. It costs nothing to send, and one comparison to check.
var pattern = func() []byte {
	p := make([]byte, patternPeriod+patternSpan)
	rnd := rand.NewChaCha8([32]byte{}) // the same bytes in each run, so errors repeat
	rnd.Read(p[:patternPeriod])
	for i := patternPeriod; i < len(p); i++ {
		p[i] = p[i-patternPeriod]
	}
	return p
}()

// patternAt returns n bytes, at most patternSpan, of the data of the connection with this number,
// from pos on.
func patternAt(id int, pos int64, n int) []byte {
	off := (int64(id)*40503 + pos) % patternPeriod
	return pattern[off : off+int64(n)]
}

// wrongByte returns the index of the first byte of p that differs from what the connection has sent
// at pos, or -1.
func wrongByte(p []byte, id int, pos int64) int {
	want := patternAt(id, pos, len(p))
	if bytes.Equal(p, want) {
		return -1
	}
	for i := range p {
		if p[i] != want[i] {
			return i
		}
	}
	return -1
}

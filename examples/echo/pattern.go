package main

import (
	"bytes"
	"math/rand/v2"
)

const (
	// patternPeriod is a prime, so that messages of any usual size begin elsewhere each time.
	patternPeriod = 65521

	// patternSpan is the longest piece that can be taken at once.
	patternSpan = 64 << 10
)

// pattern is what is sent: endless bytes without visible order. Each connection begins elsewhere in
// it, so a byte that is wrong, lost, doubled, or on the wrong connection shows at once. It costs
// nothing to send and one comparison to check.
var pattern = func() []byte {
	p := make([]byte, patternPeriod+patternSpan)
	rnd := rand.NewChaCha8([32]byte{}) // the same bytes each time, and so the same errors
	rnd.Read(p[:patternPeriod])
	for i := patternPeriod; i < len(p); i++ {
		p[i] = p[i-patternPeriod]
	}
	return p
}()

// patternAt is n bytes, at most patternSpan, of what the connection with this number sends, from
// pos on.
func patternAt(id int, pos int64, n int) []byte {
	off := (int64(id)*40503 + pos) % patternPeriod
	return pattern[off : off+int64(n)]
}

// wrongByte is the index of the first byte of p that is not what the connection has sent at pos, or
// -1.
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

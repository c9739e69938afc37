package main

import "math/rand/v2"

const (
	// patternPeriod is a prime, so that no message size divides it and no two messages in flight on
	// one connection look alike.
	patternPeriod = 65521

	// patternSpan is the longest piece that can be taken at once.
	patternSpan = 64 << 10
)

// pattern is what the load generator sends: endless bytes without visible order, so that a byte
// that is lost, doubled, changed or on a wrong connection shows in the next comparison. It costs
// nothing to send and one memcmp to check.
var pattern = func() []byte {
	p := make([]byte, patternPeriod+patternSpan)
	rnd := rand.NewChaCha8([32]byte{})
	rnd.Read(p[:patternPeriod]) // never fails
	for i := patternPeriod; i < len(p); i++ {
		p[i] = p[i-patternPeriod]
	}
	return p
}()

// patternAt is the n bytes at a position of the stream, at most patternSpan.
func patternAt(pos uint64, n int) []byte {
	off := pos % patternPeriod
	return pattern[off : off+uint64(n)]
}

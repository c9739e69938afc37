// Package systems says how the sockets of each system behave where the systems differ: what a call
// returns, and what a program must do about it. Each answer names its source. The answers of Linux
// were observed by internal/rigs/compare; those of the other systems are mostly from their manuals,
// and no kernel of theirs has confirmed them yet.
//
//	go run ./internal/rigs/compare -systems    the whole table
//
// The tests of package sock hold the answers against the system on which they run, so an answer
// from a manual becomes an observed one as soon as the tests run there.
package systems

//go:build darwin || openbsd || dragonfly

package pollux

import "golang.org/x/sys/unix"

// exceptional holds the filter for urgent data, which sockets have.
var exceptional = []filter{{unix.EVFILT_EXCEPT, unix.NOTE_OOB, Readable | Urgent}}

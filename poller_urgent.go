//go:build darwin || openbsd || dragonfly

package pollux

import "golang.org/x/sys/unix"

// exceptional is the filter for urgent data. Sockets have it.
var exceptional = []filter{{unix.EVFILT_EXCEPT, unix.NOTE_OOB, Readable | Urgent}}

package main

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
)

func TestLine(t *testing.T) {
	router, router6 := sock.Inet("10.77.1.2", 0), sock.Inet6("fd77:1::2", 0)
	for _, tt := range []struct {
		name string
		e    sock.QueuedError
		err  error
		text string
		end  bool
	}{
		{"a router", sock.QueuedError{Errno: syscall.EHOSTUNREACH, Origin: sock.SO_EE_ORIGIN_ICMP, Type: 11, Offender: router}, nil,
			"10.77.1.2  1.500 ms", false},
		{"a router of IPv6", sock.QueuedError{Errno: syscall.EHOSTUNREACH, Origin: sock.SO_EE_ORIGIN_ICMP6, Type: 3, Offender: router6}, nil,
			"fd77:1::2  1.500 ms", false},
		{"the host", sock.QueuedError{Errno: syscall.ECONNREFUSED, Origin: sock.SO_EE_ORIGIN_ICMP, Type: 3, Code: 3, Offender: router}, nil,
			"10.77.1.2  1.500 ms", true},
		{"no way", sock.QueuedError{Errno: syscall.EHOSTUNREACH, Origin: sock.SO_EE_ORIGIN_ICMP, Type: 3, Code: 1, Offender: router}, nil,
			"10.77.1.2  1.500 ms  " + syscall.EHOSTUNREACH.Error(), true},
		{"silence", sock.QueuedError{}, os.ErrDeadlineExceeded, "*", false},
		{"no network", sock.QueuedError{}, errors.New("no network"), "no network", true},
	} {
		if text, end := line(tt.e, 1500*time.Microsecond, tt.err); text != tt.text || end != tt.end {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, text, end, tt.text, tt.end)
		}
	}
}

//go:build linux

package families_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Reliable datagrams within one host: rds(7).
func TestRDS(t *testing.T) {
	everyWay(t, boundTo(sock.AF_RDS, sock.SOCK_SEQPACKET, 0, sock.Inet("127.0.0.1", 0)), exchange{
		To: itsName, Sender: fromItsName,
		Message: func(i int) []byte { return bytes.Repeat([]byte{byte(i), 'r', 'd', 's'}, 3000) },
		Ready:   wantTimestamp, Ancillary: hasTimestamp,
	})
}

// Between two hosts they go over TCP (module rds_tcp), and the connection is the kernel's.
func TestRDSOverTCP(t *testing.T) {
	need(t, sock.AF_RDS, sock.SOCK_SEQPACKET, 0)
	var near, far *host
	pair := func(t *testing.T) (a, b *sock.Socket) {
		bound := func(h *host) (s *sock.Socket) {
			h.do(t, func() { s = need(t, sock.AF_RDS, sock.SOCK_SEQPACKET, 0) })
			must(t, s.Bind(sock.Inet(h.ip4.String(), 0)))
			return s
		}
		return bound(near), bound(far)
	}
	// The first message makes the connection. About one in sixty never comes up: both ends connect
	// at once, and each gives way to the other.
	const tries = 3
	for try, up := 1, false; !up; try++ {
		near, far = twoHosts(t)
		a, b := pair(t)
		must(t, a.SetTimeout(socktest.Patience))
		_, err := b.Sendto([]byte("first"), 0, itsName(a))
		must(t, err)
		got, err := a.Recv(100, 0)
		switch up = err == nil; {
		case errors.Is(err, os.ErrDeadlineExceeded) && try < tries:
			t.Logf("no connection within %v: with new hosts it may be", socktest.Patience)
		case err != nil || string(got) != "first":
			t.Fatalf("got %q, %v", got, err)
		}
	}
	everyWay(t, pair, exchange{
		To: itsName, Sender: fromItsName,
		Message: func(i int) []byte { return bytes.Repeat([]byte{byte(i), 't', 'c', 'p'}, 5000) },
		Ready:   wantTimestamp, Ancillary: hasTimestamp,
		Patience: 100 * time.Millisecond,
	})
}

func TestRDSOptions(t *testing.T) {
	socktest.Check(t)
	s := need(t, sock.AF_RDS, sock.SOCK_SEQPACKET, 0)
	must(t, s.Setsockopt(sock.SOL_RDS, sock.RDS_RECVERR, 1))
	got, err := s.Getsockopt(sock.SOL_RDS, sock.RDS_RECVERR)
	must(t, err)
	if got != 1 {
		t.Errorf("RDS_RECVERR is %d after it was set", got)
	}
}

package sock_test

import (
	"errors"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// O_NONBLOCK belongs to the open file description, which duplicates share, in this process and in
// others. The timeout belongs to the socket.

func TestFromfdMakesTheOriginalNonBlocking(t *testing.T) { // items 23, 46
	socktest.Check(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	socktest.Must(t, err)
	defer unix.Close(fd)
	s, err := sock.Fromfd(fd, -1, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	if !nonblocking(t, fd) {
		t.Error("the original is blocking")
	}
}

// Detach of a duplicate must leave the other duplicates non-blocking.
func TestDetachOfADuplicate(t *testing.T) { // items 46, 76
	socktest.Check(t)
	s := socktest.TCP.New(t)
	d, err := s.Dup()
	socktest.Must(t, err)
	fd := d.Detach()
	defer unix.Close(fd)
	if !nonblocking(t, s.Fileno()) {
		t.Error("the descriptor of the socket has become blocking")
	}
}

// Another program makes the description blocking. A call here must not block its thread for that.
func TestBlockingDescription(t *testing.T) { // item 46
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("a failure would stop this process forever: run this with two processors")
	}
	// A thread that blocks in a raw call, which the runtime cannot see, would hold up the garbage
	// collector, and with it this test.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	ln, addr := socktest.TCP.Listener(t)
	a, b := socktest.UnixStream.Pair(t)
	fill(t, a)
	for _, test := range []struct {
		name   string
		s      *sock.Socket
		call   func() error
		rescue func()
	}{
		{"Recv", a, func() error { _, err := a.Recv(1, 0); return err }, func() { b.Send(hello, 0) }},
		{"Send", a, func() error { _, err := a.Send(hello, 0); return err }, func() { discard(b) }},
		{"Accept", ln, func() error {
			c, _, err := ln.Accept()
			closeIf(c)
			return err
		}, func() { socktest.TCP.New(t).Connect(addr) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			socktest.Must(t, test.s.SetTimeout(0))
			socktest.Must(t, unix.SetNonblock(test.s.Fileno(), false))
			call := socktest.Start(test.call)
			rescue := time.AfterFunc(socktest.Patience/2, func() {
				t.Errorf("%s blocks", test.name)
				test.rescue()
			})
			defer rescue.Stop()
			if err := call.Wait(t); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("%s: %v, want ErrWouldBlock", test.name, err)
			}
		})
	}
}

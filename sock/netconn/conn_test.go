package netconn_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// at is a free address of a network, on this host only.
func at(t testing.TB, network string) string {
	t.Helper()
	switch network {
	case "tcp", "tcp4", "udp", "udp4":
		return "127.0.0.1:0"
	case "tcp6", "udp6":
		return "[::1]:0"
	}
	return filepath.Join(socktest.Dir(t), "socket")
}

// listen listens at a free address until the test is over.
func listen(t testing.TB, network string) *netconn.Listener {
	t.Helper()
	ln, err := netconn.Listen(network, at(t, network))
	socktest.Must(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

// pair is two ends of a connection: the dialer's and the listener's.
func pair(t testing.TB, network string) (dialed, accepted *netconn.Conn) {
	t.Helper()
	if network == "pair" {
		a, b, err := sock.Pair(-1, -1, -1)
		socktest.Must(t, err)
		return adopted(t, a), adopted(t, b)
	}
	ln := listen(t, network)
	c, err := netconn.Dial(network, ln.Addr().String())
	socktest.Must(t, err)
	s, err := ln.AcceptConn()
	socktest.Must(t, err)
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*netconn.Conn), s
}

func adopted(t testing.TB, s *sock.Socket) *netconn.Conn {
	t.Helper()
	c, err := netconn.New(s)
	socktest.Must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// networks are those that have connections on every test machine.
var networks = []string{"tcp", "tcp6", "unix", "unixpacket", "pair"}

// A taskConn is a Conn each of whose calls is made by a task of its own.
type taskConn struct {
	*netconn.Conn
	l *loop.Loop
}

func (c taskConn) in(fn func(*netconn.Conn)) {
	c.l.Go(func(t *loop.Task) { fn(c.In(t)) }).Wait(context.Background())
}

func (c taskConn) Read(p []byte) (n int, err error) {
	c.in(func(c *netconn.Conn) { n, err = c.Read(p) })
	return n, err
}

func (c taskConn) Write(p []byte) (n int, err error) {
	c.in(func(c *netconn.Conn) { n, err = c.Write(p) })
	return n, err
}

// TestConn has golang.org/x/net's test of net.Conn on connections of each kind, whose calls are
// made by goroutines and by tasks.
//
// Each call of the latter is a task, 90,000 of them in one run. Under the race detector of Go 1.26
// an ended coroutine of iter.Pull leaves 5 to 6 KB behind, in a program of nothing else too, and
// without the detector none. So many runs with -race are many processes:
//
//	for i in 1 2 3 4 5 6 7 8 9 10; do go test -race -count=5 -run '^TestConn$' ./sock/netconn; done
func TestConn(t *testing.T) {
	r, err := loop.NewReactor(nil)
	socktest.Must(t, err)
	defer r.Close()
	for _, network := range networks {
		for _, way := range []string{"goroutine", "task"} {
			t.Run(network+" "+way, func(t *testing.T) {
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					a, b := pair(t, network)
					stop = func() { a.Close(); b.Close() }
					if way == "task" {
						return taskConn{a, r.Next()}, taskConn{b, r.Next()}, stop, nil
					}
					return a, b, stop, nil
				})
			})
		}
	}
}

package sock_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// reset makes the peer of b receive a reset. Data that b has not received is lost.
func reset(t *testing.T, b *sock.Socket) {
	t.Helper()
	socktest.Must(t, b.SetLinger(sock.Linger{On: true}))
	socktest.Must(t, b.Close())
}

// An error names the operation once, the network, and both ends. This also holds after a reset,
// when the system reports the socket as disconnected.
func TestErrorNamesBothEnds(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, kind := range []socktest.Kind{socktest.TCP, socktest.TCP6} {
			a, b := kind.Pair(t)
			own, far := socktest.Name(t, a), socktest.Name(t, b)
			call := socktest.Start(func() error { _, err := w.On(a).Recv(1, 0); return err })
			socktest.AwaitWaiting(t, a)
			reset(t, b)
			err := call.Wait(t)
			want := "recv tcp " + own.String() + "->" + far.String() + ": connection reset by peer"
			if err == nil || err.Error() != want || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v, want %s", err, want)
			}
			var op *net.OpError
			if !errors.As(err, &op) || op.Source != net.Addr(own) || op.Addr != net.Addr(far) {
				t.Errorf("%#v, want %v and %v", err, own, far)
			}
			if _, err := w.On(a).Send(hello, 0); err == nil || err.Error() != strings.Replace(
				strings.Replace(want, "recv", "send", 1), "connection reset by peer", "broken pipe", 1) {
				t.Errorf("a send after the reset: %v", err)
			}
		}
	})
}

func TestErrorNamesTheEndsThereAre(t *testing.T) {
	socktest.Check(t)
	const late = time.Nanosecond
	ln, at := socktest.TCP.Listener(t)
	a, b := socktest.TCP.Pair(t)
	udp, from := socktest.UDP.Bound(t)
	bare := socktest.UDP.New(t)
	unix, path := socktest.UnixDatagram.Bound(t)
	anon, other, err := sock.Pair(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
	socktest.Must(t, err)
	socktest.Closing(t, anon)
	socktest.Closing(t, other)
	raw, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, 0)
	socktest.Must(t, err)
	socktest.Closing(t, raw)
	for _, s := range []*sock.Socket{ln, a, udp, bare, unix, anon, raw} {
		socktest.Must(t, s.SetTimeout(late))
	}
	recv := func(s *sock.Socket) error { _, err := s.Recv(1, 0); return err }
	for _, test := range []struct {
		err  error
		want string
	}{
		{func() error { _, _, err := ln.Accept(); return err }(), "accept tcp " + at.String() + ": i/o timeout"},
		{recv(a), "recv tcp " + socktest.Name(t, a).String() + "->" + socktest.Name(t, b).String() + ": i/o timeout"},
		{a.Setsockopt(sock.SOL_SOCKET, 12345, 1), "setsockopt tcp " + socktest.Name(t, a).String() + "->" + socktest.Name(t, b).String() +
			": protocol not available"},
		{recv(udp), "recv udp " + from.String() + ": i/o timeout"},
		{recv(bare), "recv udp: i/o timeout"},
		{recv(unix), "recv unixgram " + path.String() + ": i/o timeout"},
		{recv(anon), "recv unixpacket: i/o timeout"},
		{recv(raw), "recv netlink raw: i/o timeout"},
		{udp.Bind(at), "bind udp " + at.String() + ": invalid argument"},
		{func() error { _, err := udp.Sendto(hello, 0, sock.Inet("127.0.0.1", 70000)); return err }(),
			"sendto udp " + from.String() + "->127.0.0.1:70000: port must be 0-65535 (got 70000)"},
		{func() error { _, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 17); return err }(),
			"socket inet stream: protocol not supported"},
		{func() error { _, err := sock.New(sock.AF_INET, sock.SOCK_SEQPACKET, 1); return err }(),
			"socket inet seqpacket: socket type not supported"},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("%v, want %s", test.err, test.want)
		}
	}
}

// A future that Close ends has the addresses, because the descriptor stays open until the future is
// settled.
func TestErrorOfAFutureNamesTheEnds(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	own, far := socktest.Name(t, a), socktest.Name(t, b)
	f := a.Async().Recv(1, 0)
	socktest.AwaitWaiting(t, a)
	socktest.Must(t, a.Close())
	_, err := f.Wait(t.Context())
	want := "recv tcp " + own.String() + "->" + far.String() + ": use of closed network connection"
	if err == nil || err.Error() != want || !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want %s", err, want)
	}
}

// Errors are made while other goroutines close the socket.
func TestErrorWhileClosing(t *testing.T) {
	socktest.Check(t)
	for range 100 {
		s := socktest.UDP.New(t)
		socktest.Must(t, s.SetTimeout(time.Nanosecond))
		call := socktest.Start(func() error {
			for {
				if _, err := s.Recv(1, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
			}
		})
		s.Close()
		if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	}
}

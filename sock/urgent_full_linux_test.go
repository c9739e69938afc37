package sock_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A send of urgent data that finds the queue full has the handler called when there is room, as any
// other send.
func TestUrgentSendToFullQueue(t *testing.T) {
	socktest.Check(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	a, b := socktest.TCP.Pair(t)
	fill(t, a)
	full, sent := make(chan struct{}), make(chan error, 1)
	h := newHandler()
	tried := false
	try := func(s *sock.Socket) {
		_, err := s.Send([]byte("!"), sock.MSG_OOB)
		if !errors.Is(err, sock.ErrWouldBlock) {
			sent <- err
		} else if !tried {
			tried = true
			close(full)
		}
	}
	h.writable = try
	l := r.Next()
	socktest.Must(t, a.Watch(l, h))
	l.Post(func() { try(a) })
	socktest.Must(t, socktest.Start(func() error { <-full; return nil }).Wait(t))
	drain := socktest.Start(func() error {
		for {
			if _, err := b.Recv(1<<16, 0); err != nil {
				return nil // the end of the test closes b
			}
		}
	})
	socktest.Must(t, socktest.Start(func() error { return <-sent }).Wait(t))
	socktest.Must(t, b.Close())
	socktest.Must(t, drain.Wait(t))
}

// A batch that waits to receive ends when the socket is shut down, with one message of no bytes, as
// recvmmsg(2) does.
func TestShutdownWhileReceivingBatch(t *testing.T) {
	for _, k := range []socktest.Kind{socktest.UDP, socktest.UnixDatagram} {
		t.Run(k.Name, func(t *testing.T) {
			socktest.Check(t)
			a, _ := k.Pair(t)
			ms := []sock.Datagram{{Buffers: [][]byte{make([]byte, 8)}, N: 7}}
			call := socktest.Start(func() error {
				n, err := a.RecvBatch(ms, 0)
				if err == nil && (n != 1 || ms[0].N != 0) {
					t.Errorf("%d messages, of %d bytes; want one of none", n, ms[0].N)
				}
				return err
			})
			socktest.AwaitWaiting(t, a)
			socktest.Must(t, a.Shutdown(sock.SHUT_RD))
			socktest.Must(t, call.Wait(t))
		})
	}
}

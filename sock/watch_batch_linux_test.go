package sock_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A batch counts as many operations as its Outcome says: after 64 at once the loop serves other
// sockets.
func TestWatchBatchesShareTheLoop(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	const batch, batches = 64, 3
	for i := range batch * batches {
		_, err := b.Send(fmt.Append(nil, i), 0)
		socktest.Must(t, err)
	}
	calls := make(chan error, batches+1)
	left := batches
	receive := func(s *sock.Socket) error {
		return s.Attempt("recvmmsg", loop.Read, func(sysfd int) (out loop.Outcome, err error) {
			p := make([]byte, 10)
			for out.Ops < batch {
				n, _, err := syscall.Recvfrom(sysfd, p, 0)
				if err != nil {
					return out, err
				}
				out.N += n
				out.Ops++
			}
			return out, nil
		})
	}
	h := newHandler()
	h.readable = func(s *sock.Socket) {
		if left == 0 {
			return
		}
		left--
		err := receive(s)
		if next := receive(s); err == nil && !errors.Is(next, sock.ErrWouldBlock) {
			err = fmt.Errorf("another batch in the same turn: %v, want ErrWouldBlock", next)
		}
		calls <- err
	}
	socktest.Must(t, a.Watch(nil, h))
	for range batches {
		socktest.Must(t, socktest.Start(func() error { return <-calls }).Wait(t))
	}
}

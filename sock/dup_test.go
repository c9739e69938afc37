package sock_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestDup(t *testing.T) { // items 77, 78
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		for _, timeout := range []time.Duration{sock.Forever, time.Second, 0} {
			socktest.Must(t, a.SetTimeout(timeout))
			d, err := a.Dup()
			socktest.Must(t, err)
			defer d.Close()
			if d.Fileno() == a.Fileno() || d.Fileno() < 0 {
				t.Errorf("it has descriptor %d, and %d is the first", d.Fileno(), a.Fileno())
			}
			if d.Family() != a.Family() || d.Type() != a.Type() || d.Proto() != a.Proto() || d.Timeout() != timeout {
				t.Errorf("it is %v with timeout %v, of %v with %v", d, d.Timeout(), a, timeout)
			}
		}
		d, err := a.Dup()
		socktest.Must(t, err)
		defer d.Close()
		socktest.Must(t, d.SetTimeout(sock.Forever))
		socktest.Must(t, a.Close())
		echo(t, d, b)
	})
}

// Close ends one descriptor: a pending operation on a duplicate goes on.
func TestDupOutlives(t *testing.T) { // item 77
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		d, err := a.Dup()
		socktest.Must(t, err)
		socktest.Closing(t, d)
		first := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		second := socktest.Start(func() error { return wantBytes("hello")(w.On(d).Recv(10, 0)) })
		socktest.AwaitWaiting(t, d)
		socktest.Must(t, a.Close())
		first.Wait(t)
		_, err = b.Sendall(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, second.Wait(t))
	})
}

// Two operations wait for one queue, and each datagram wakes both. The later one finds nothing and
// waits for the rest of its timeout.
func TestDuplicatesShareAQueue(t *testing.T) { // items 40, 77
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		const n = 50
		a, b := socktest.UDP.Pair(t)
		d, err := a.Dup()
		socktest.Must(t, err)
		defer d.Close()
		var received atomic.Int32
		receive := func(s *sock.Socket) func() error {
			return func() error {
				for {
					p, err := w.On(s).Recv(10, 0)
					if err != nil || len(p) == 0 {
						return err
					}
					received.Add(1)
				}
			}
		}
		calls := []*socktest.Call{socktest.Start(receive(a)), socktest.Start(receive(d))}
		for i := range int32(n) {
			_, err := b.Send(hello, 0)
			socktest.Must(t, err)
			socktest.Await(t, "the datagram", func() bool { return received.Load() == i+1 })
		}
		for range calls { // an empty datagram ends a receiver
			_, err := b.Send(nil, 0)
			socktest.Must(t, err)
		}
		for _, call := range calls {
			socktest.Must(t, call.Wait(t))
		}
	})
}

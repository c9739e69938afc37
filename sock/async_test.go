package sock_test

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The futures of each operation are tested with that operation. This file tests what only futures
// have.

// A future is settled at once if the operation does not have to wait.
func TestFutureSettledAtBirth(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	send := b.Async().Send(hello, 0)
	socktest.AwaitReadable(t, a)
	recv := a.Async().Recv(10, 0)
	if !send.Settled() || !recv.Settled() {
		t.Error("the operation did not have to wait, but its future is not settled")
	}
	socktest.Must(t, wantBytes("hello")(recv.Wait(t.Context())))
	waiting := a.Async().Recv(10, 0)
	if waiting.Settled() {
		t.Error("nothing was sent, but the future is settled")
	}
	waiting.Cancel()
	waiting.Cancel() // has no effect
	for range 2 {
		if _, err := waiting.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	}
}

// If a context ends the wait for a future, it also ends the operation.
func TestFutureWaitCanceled(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	f := a.Async().Recv(10, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
	defer cancel()
	if _, err := f.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	if !f.Settled() {
		t.Error("the operation goes on")
	}
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	socktest.Must(t, wantBytes("hello")(a.Recv(10, 0)))
}

// The name in an address is resolved outside the loop, for each way to wait and in every mode.
func TestFutureOfAName(t *testing.T) { // item 186
	bare.Localhost(t)
	for _, mode := range []time.Duration{sock.Forever, socktest.Patience, 0} {
		t.Run(modeName(mode), func(t *testing.T) {
			socktest.Check(t)
			_, addr := socktest.TCP.Listener(t)
			name := sock.Inet("localhost", addr.Port())
			r, err := loop.Default()
			socktest.Must(t, err)
			s := socktest.TCP.New(t)
			socktest.Must(t, s.SetTimeout(mode))
			future := make(chan loop.Future[struct{}], 1)
			socktest.Must(t, r.Next().Post(func() { future <- s.Async().Connect(name) }))
			call := socktest.Start(func() error {
				f := <-future
				_, err := f.Wait(t.Context())
				return err
			})
			if err := call.Wait(t); err != nil && (mode != 0 || !errors.Is(err, syscall.EINPROGRESS)) {
				t.Error(err)
			}
		})
	}
}

// Cancel also ends an operation whose name is resolved. After that the operation does not use its
// buffer any more.
func TestFutureOfANameCanceled(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	addr := unanswered(t)
	for _, end := range []struct {
		name string
		end  func(f loop.Future[struct{}]) error
	}{
		{"Cancel", func(f loop.Future[struct{}]) error {
			f.Cancel()
			_, err := f.Wait(context.Background())
			return err
		}},
		{"Wait", func(f loop.Future[struct{}]) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := f.Wait(ctx)
			return err
		}},
	} {
		before := runtime.NumGoroutine()
		s := socktest.TCP.New(t)
		f := s.Async().Connect(sock.Inet("localhost", addr.Port()))
		socktest.AwaitWaiting(t, s)
		if err := end.end(f); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", end.name, err)
		}
		// The goroutine that resolved the name waits for the end of the operation.
		socktest.Await(t, end.name+": the end of the operation", func() bool { return runtime.NumGoroutine() <= before })
		s.Close()
	}
}

// A send is canceled during the look-up of its name. When its future is settled, the send is over:
// it sends nothing more and does not use its buffer, even if the loops are late.
func TestFutureOfANameCanceledEarly(t *testing.T) {
	socktest.Check(t)
	held := make(chan struct{})
	server := serveDNS(t, "", map[string]dnsHost{"late.test.": {a: []string{"127.0.0.1"}, held: held}})
	useResolver(t, server.resolver())
	to, addr := socktest.UDP.Bound(t)
	socktest.Must(t, to.SetTimeout(0))
	s := socktest.UDP.New(t)
	before := runtime.NumGoroutine()
	f := s.Async().Sendto(hello, 0, sock.Inet("late.test.", addr.Port()))
	socktest.Await(t, "the question", func() bool { return len(server.questions()) > 0 })

	r, err := loop.Default()
	socktest.Must(t, err)
	free := make(chan struct{})
	for _, l := range r.Loops() {
		busy := make(chan struct{})
		socktest.Must(t, l.Post(func() { close(busy); <-free }))
		<-busy
	}
	f.Cancel()
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	close(held)
	socktest.Await(t, "the end of the goroutines", func() bool { return runtime.NumGoroutine() <= before })
	close(free)
	_, err = s.Sendto([]byte("next"), 0, addr)
	socktest.Must(t, err)
	var got []byte
	socktest.Await(t, "a datagram", func() bool { got, err = to.Recv(10, 0); return err == nil })
	if string(got) != "next" {
		t.Errorf("%q went after it was canceled", got)
	}
}

package sock_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// limit sets the deadline for the direction of the operation.
func (s *waitingFor) limit(at time.Time) error {
	if s.writes {
		return s.SetWriteDeadline(at)
	}
	return s.SetReadDeadline(at)
}

// limitOther sets the deadline for the other direction.
func (s *waitingFor) limitOther(at time.Time) error {
	if s.writes {
		return s.SetReadDeadline(at)
	}
	return s.SetWriteDeadline(at)
}

// past is a deadline in the past.
var past = time.Unix(1, 0)

// eachWait runs the scenario for each operation that may wait, in each way to wait.
func eachWait(t *testing.T, scenario func(*testing.T, *socktest.Waiter, *waitingFor)) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := op.setup(t)
				socktest.Must(t, s.SetTimeout(sock.Forever))
				scenario(t, w, s)
			})
		})
	}
}

// waits starts the operation, and returns once it is pending.
func (s *waitingFor) waits(t *testing.T, w *socktest.Waiter) *socktest.Call {
	t.Helper()
	call := socktest.Start(func() error { return s.do(w.On(s.Socket)) })
	socktest.AwaitWaiting(t, s.Socket)
	return call
}

// outlasts waits until d has passed on the clock of a socket's loop.
func outlasts(t *testing.T, d time.Duration) {
	t.Helper()
	s := socktest.UDP.New(t)
	socktest.Must(t, s.Bind(socktest.UDP.Addr(t)))
	socktest.Must(t, s.SetTimeout(d))
	if _, err := s.Recv(1, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func wantTimeout(t *testing.T, what string, err error) {
	t.Helper()
	var timeout net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%s: %v, want os.ErrDeadlineExceeded", what, err)
	}
}

// A deadline that is set before the socket joins a loop ends the wait, and not early. Then every
// operation of its direction fails until the deadline moves, even one that could complete.
func TestDeadline(t *testing.T) {
	eachWait(t, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		at := time.Now().Add(10 * time.Millisecond)
		socktest.Must(t, s.limit(at))
		wantTimeout(t, "the wait", s.do(w.On(s.Socket)))
		if time.Now().Before(at) {
			t.Errorf("it ended %v before the deadline", time.Until(at))
		}
		s.release()
		wantTimeout(t, "something is there", s.do(w.On(s.Socket)))
		socktest.Must(t, s.SetTimeout(0))
		wantTimeout(t, "non-blocking", s.do(w.On(s.Socket)))
		socktest.Must(t, s.SetTimeout(sock.Forever))
		socktest.Must(t, s.limit(time.Now().Add(time.Hour)))
		if err := s.do(w.On(s.Socket)); err != nil {
			t.Errorf("with a later deadline: %v", err)
		}
	})
}

// The deadline moves into the past while an operation waits.
func TestDeadlineIntoThePast(t *testing.T) {
	eachWait(t, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		call := s.waits(t, w)
		socktest.Must(t, s.limitOther(past))
		if call.Done() {
			t.Error("it ended by the deadline of the other direction")
		}
		socktest.Must(t, s.limit(past))
		wantTimeout(t, "the wait", call.Wait(t))
		socktest.Must(t, s.SetDeadline(time.Time{}))
		s.release()
		if err := s.do(w.On(s.Socket)); err != nil {
			t.Errorf("without a deadline: %v", err)
		}
	})
}

// The deadline moves to an earlier time while an operation waits.
func TestDeadlineNearer(t *testing.T) {
	eachWait(t, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		socktest.Must(t, s.limit(time.Now().Add(time.Hour)))
		call := s.waits(t, w)
		at := time.Now().Add(5 * time.Millisecond)
		socktest.Must(t, s.limit(at))
		wantTimeout(t, "the wait", call.Wait(t))
		if time.Now().Before(at) {
			t.Errorf("it ended %v before the deadline", time.Until(at))
		}
	})
}

// The deadline moves to a later time, and is then removed, while an operation waits: the operation
// outlasts the first deadline.
func TestDeadlineLater(t *testing.T) {
	for name, later := range map[string]time.Time{"later": time.Now().Add(time.Hour), "away": {}} {
		t.Run(name, func(t *testing.T) {
			eachWait(t, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
				socktest.Must(t, s.limit(time.Now().Add(socktest.Patience)))
				call := s.waits(t, w)
				soon := time.Now().Add(20 * time.Millisecond)
				socktest.Must(t, s.limit(soon))
				socktest.Must(t, s.limit(later))
				if time.Now().After(soon) {
					t.Skip("this machine is too slow just now: the deadline passed before it was moved")
				}
				outlasts(t, time.Until(soon)+2*time.Millisecond)
				if call.Done() {
					t.Fatalf("it ended: %v", call.Wait(t))
				}
				s.release()
				socktest.Must(t, call.Wait(t))
			})
		})
	}
}

// The earlier of a deadline and a timeout ends the wait. Neither changes the other.
func TestDeadlineAndTimeout(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		for _, tt := range []struct {
			timeout, deadline time.Duration
		}{
			{5 * time.Millisecond, time.Hour},
			{time.Hour, 5 * time.Millisecond},
			{sock.Forever, 5 * time.Millisecond},
		} {
			socktest.Must(t, a.SetTimeout(tt.timeout))
			began := time.Now()
			socktest.Must(t, a.SetDeadline(began.Add(tt.deadline)))
			_, err := w.On(a).Recv(10, 0)
			wantTimeout(t, tt.timeout.String()+", "+tt.deadline.String(), err)
			if took := time.Since(began); took < 5*time.Millisecond || a.Timeout() != tt.timeout {
				t.Errorf("it took %v; the timeout is %v, was %v", took, a.Timeout(), tt.timeout)
			}
		}
		socktest.Must(t, a.SetTimeout(0))
		socktest.Must(t, a.SetDeadline(time.Now().Add(time.Hour)))
		if _, err := w.On(a).Recv(10, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("non-blocking: %v, want ErrWouldBlock", err)
		}
		socktest.Must(t, a.SetDeadline(time.Time{}))
		socktest.Must(t, a.SetTimeout(sock.Forever))
		echo(t, a, b)
	})
}

// A connect has the deadline of the write direction.
func TestDeadlineOfConnect(t *testing.T) {
	waiting := unanswered(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetReadDeadline(past))
		socktest.Must(t, s.SetWriteDeadline(time.Now().Add(5*time.Millisecond)))
		wantTimeout(t, "before", w.On(s).Connect(waiting))

		s = socktest.TCP.New(t)
		call := socktest.Start(func() error { return w.On(s).Connect(waiting) })
		socktest.AwaitWaiting(t, s)
		socktest.Must(t, s.SetDeadline(past))
		wantTimeout(t, "meanwhile", call.Wait(t))
		if errno, err := s.ConnectEx(waiting); err != nil || errno != sock.HostErrno(syscall.EAGAIN) {
			t.Errorf("ConnectEx: %v, %v; want EAGAIN", errno, err)
		}
	})
}

// Sendall, and a receive with MSG_WAITALL, return the number of bytes moved before the deadline.
func TestDeadlineInTheMiddle(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		var sent int
		call := socktest.Start(func() (err error) {
			sent, err = w.On(a).Sendall(pattern(16<<20), 0)
			return err
		})
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, a.SetWriteDeadline(past))
		wantTimeout(t, "Sendall", call.Wait(t))
		socktest.Must(t, a.Shutdown(sock.SHUT_WR))
		got, err := collect(b, 100_000)
		if err != nil || len(got) != sent || sent == 0 {
			t.Errorf("%d bytes came, %d went: %v", len(got), sent, err)
		}

		_, err = b.Send(hello, 0)
		socktest.Must(t, err)
		c, d := socktest.TCP.Pair(t)
		_, err = d.Send(hello, 0)
		socktest.Must(t, err)
		receive := socktest.Start(func() error { return wantBytes("hello")(w.On(c).Recv(10, sock.MSG_WAITALL)) })
		socktest.AwaitWaiting(t, c)
		socktest.Must(t, c.SetReadDeadline(past))
		socktest.Must(t, receive.Wait(t))
	})
}

// A deadline stays with its socket on a move from one loop to another, before and after it passes.
func TestDeadlineOnAnotherLoop(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	socktest.Must(t, err)
	defer r.Close()
	a, b := socktest.UDP.Pair(t)
	for _, d := range []time.Duration{10 * time.Millisecond, -time.Second} {
		socktest.Must(t, a.Join(r.Loops()[0]))
		at := time.Now().Add(d)
		socktest.Must(t, a.SetReadDeadline(at))
		socktest.Must(t, a.Join(r.Loops()[1]))
		_, err := a.Recv(10, 0)
		wantTimeout(t, d.String(), err)
		if time.Now().Before(at) {
			t.Errorf("it ended %v before the deadline", time.Until(at))
		}
		socktest.Must(t, a.Join(r.Loops()[0]))
		_, err = a.Recv(10, 0)
		wantTimeout(t, d.String()+", back", err)
		socktest.Must(t, a.SetReadDeadline(time.Time{}))
		echo(t, a, b)
	}
}

// A handler gets a call when a deadline passes, in each direction, both for a deadline that is
// moved into the past and for one whose time comes. The handler's own operation then returns the
// error. After a later deadline, and a direct call of the handler's methods, everything goes on.
func TestDeadlineOfAHandler(t *testing.T) {
	for name, deadline := range map[string]func() time.Time{
		"its time comes": func() time.Time { return time.Now().Add(5 * time.Millisecond) },
		"into the past":  func() time.Time { return past },
	} {
		t.Run(name, func(t *testing.T) {
			socktest.Check(t)
			a, b := socktest.LocalStream.Pair(t)
			fill(t, a)
			reads, writes := make(chan error, 100), make(chan error, 100)
			h := newHandler()
			h.readable = func(s *sock.Socket) { reads <- wantBytes("hello")(s.Recv(10, 0)) }
			h.writable = func(s *sock.Socket) { _, err := s.Send(hello, 0); writes <- err }
			// awaits skips the calls that find nothing.
			awaits := func(calls chan error, ok func(error) bool) {
				t.Helper()
				socktest.Must(t, socktest.Start(func() error {
					for !ok(<-calls) {
					}
					return nil
				}).Wait(t))
			}
			timedOut := func(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
			done := func(err error) bool { return err == nil }
			socktest.Must(t, a.Watch(nil, h))
			for range 2 {
				socktest.Must(t, a.SetReadDeadline(deadline()))
				awaits(reads, timedOut)
				socktest.Must(t, a.SetWriteDeadline(deadline()))
				awaits(writes, timedOut)

				_, err := b.Send(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, a.SetDeadline(time.Time{}))
				socktest.Must(t, a.Loop().Post(func() { h.Readable(a); h.Writable(a) }))
				awaits(reads, done)
			}
			discard(b)
			awaits(writes, done)
			socktest.Must(t, a.Close())
			h.end(t)
		})
	}
}

// Other goroutines than the waiting ones move the deadlines, as net.Conn allows. No message is
// lost.
func TestDeadlinesMoveAtOnce(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixDatagram.Pair(t)
	const messages = 500
	send := socktest.Start(func() error {
		for range messages {
			socktest.UnixDatagram.SendPatiently(t, b, hello)
		}
		return nil
	})
	receive := socktest.Start(func() error {
		for got := 0; got < messages; {
			err := wantBytes("hello")(a.Recv(10, 0))
			if err == nil {
				got++
			} else if !errors.Is(err, os.ErrDeadlineExceeded) {
				return err
			}
		}
		return nil
	})
	// Most deadlines have passed before the receiver runs, so on a busy machine it gets only a few
	// messages a second. The rest comes when the moves are over.
	const longest = 2 * time.Second
	began := time.Now()
	var movers sync.WaitGroup
	for i := range 2 {
		movers.Go(func() {
			for n := 0; !receive.Done() && time.Since(began) < longest; n++ {
				a.SetReadDeadline(time.Now().Add(time.Duration((n+i)%3-1) * 100 * time.Microsecond))
				runtime.Gosched()
			}
		})
	}
	movers.Wait()
	socktest.Must(t, a.SetReadDeadline(time.Time{}))
	socktest.Must(t, send.Wait(t))
	socktest.Must(t, receive.Wait(t))
}

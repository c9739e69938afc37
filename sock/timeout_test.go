package sock_test

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// setDefaultTimeout sets the default timeout for the rest of the test.
func setDefaultTimeout(t *testing.T, d time.Duration) {
	t.Helper()
	before := sock.DefaultTimeout()
	socktest.Must(t, sock.SetDefaultTimeout(d))
	t.Cleanup(func() { sock.SetDefaultTimeout(before) })
}

func TestTimeoutIsTheMode(t *testing.T) { // items 31, 32, 33
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, test := range []struct {
		timeout  time.Duration
		blocking bool
	}{
		{0, false},
		{1, true}, // a nanosecond
		{time.Second, true},
		{sock.Forever - 1, true},
		{sock.Forever, true},
	} {
		socktest.Must(t, s.SetTimeout(test.timeout))
		if s.Timeout() != test.timeout || s.Blocking() != test.blocking {
			t.Errorf("SetTimeout(%v): Timeout() = %v, Blocking() = %v", test.timeout, s.Timeout(), s.Blocking())
		}
	}
	socktest.Must(t, s.SetBlocking(false))
	if s.Timeout() != 0 || s.Blocking() {
		t.Errorf("SetBlocking(false): Timeout() = %v", s.Timeout())
	}
	socktest.Must(t, s.SetBlocking(true))
	if s.Timeout() != sock.Forever || !s.Blocking() {
		t.Errorf("SetBlocking(true): Timeout() = %v", s.Timeout())
	}
}

// All views of a socket share one timeout, as in Python's object. Duplicates have their own.
func TestTimeoutOfViewsAndDuplicates(t *testing.T) { // items 46, 77
	socktest.Check(t)
	s := socktest.TCP.New(t)
	socktest.Must(t, s.With(t.Context()).SetTimeout(time.Second))
	if s.Timeout() != time.Second {
		t.Errorf("set by a view: %v", s.Timeout())
	}
	d, err := s.Dup()
	socktest.Must(t, err)
	defer d.Close()
	socktest.Must(t, d.SetTimeout(time.Minute))
	if s.Timeout() != time.Second || d.Timeout() != time.Minute {
		t.Errorf("the socket's is %v, its duplicate's %v", s.Timeout(), d.Timeout())
	}
}

func TestSecondsRounding(t *testing.T) { // item 34
	for _, test := range []struct {
		seconds float64
		want    time.Duration
	}{
		{0, 0},
		{math.Copysign(0, -1), 0},
		{1e-12, 1},
		{-1e-12, -1},
		{1e-10, 1},
		{1e-9, 1},
		{1.5e-9, 2},
		{-1.5e-9, -2},
		{1e-6, 1000},
		{0.1, 100000000},
		{0.3, 300000000},
		{1.0 / 3, 333333334},
		{2.0 / 3, 666666667},
		{1.1, 1100000000},
		{123456.789, 123456789000000},
		{9223372036, 9223372036000000000},
		{math.SmallestNonzeroFloat64, 1},
	} {
		if got, err := sock.Seconds(test.seconds); err != nil || got != test.want {
			t.Errorf("Seconds(%v) = %d ns, %v; want %d ns", test.seconds, got, err, test.want)
		}
	}
}

func TestTimeoutOutOfRange(t *testing.T) { // items 35, 38, 39
	socktest.Check(t)
	s := socktest.TCP.New(t)
	socktest.Must(t, s.SetTimeout(time.Second))
	for _, test := range []struct {
		name    string
		seconds float64
		want    string // ArgError.Rule: Python's text
	}{
		{"negative", -1, "Timeout value out of range"},
		{"just negative", -1e-12, "Timeout value out of range"},
		{"NaN", math.NaN(), "Invalid value NaN (not a number)"},
		{"infinite", math.Inf(1), "timestamp out of range for platform time_t"},
		{"minus infinite", math.Inf(-1), "timestamp out of range for platform time_t"},
		{"2**63 ns", 9223372036.854775807, "timestamp out of range for platform time_t"},
		{"greatest", math.MaxFloat64, "timestamp out of range for platform time_t"},
	} {
		var arg *sock.ArgError
		if err := s.SetTimeoutSeconds(test.seconds); !errors.As(err, &arg) || arg.Rule != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	for _, d := range []time.Duration{-1, -time.Second, math.MinInt64} {
		for name, err := range map[string]error{"SetTimeout": s.SetTimeout(d), "SetDefaultTimeout": sock.SetDefaultTimeout(d)} {
			var arg *sock.ArgError
			if !errors.As(err, &arg) || arg.Rule != "Timeout value out of range" {
				t.Errorf("%s(%v): %v", name, d, err)
			}
		}
	}
	if s.Timeout() != time.Second || sock.DefaultTimeout() != sock.Forever {
		t.Errorf("what was refused was set: %v, default %v", s.Timeout(), sock.DefaultTimeout())
	}
	socktest.Must(t, s.SetTimeoutSeconds(2.5))
	if s.Timeout() != 2500*time.Millisecond {
		t.Errorf("2.5 seconds are %v", s.Timeout())
	}
}

func TestTimeoutOfAClosedSocket(t *testing.T) { // item 38
	socktest.Check(t)
	s := socktest.TCP.New(t)
	s.Close()
	if err := s.SetTimeout(time.Second); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SetTimeout: %v", err)
	}
	if s.Timeout() != time.Second {
		t.Errorf("the timeout is %v, and should have been stored", s.Timeout())
	}
	if err := s.SetBlocking(false); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SetBlocking: %v", err)
	}
	if s.Blocking() {
		t.Error("the mode should have been stored")
	}
}

func TestDefaultTimeout(t *testing.T) { // items 12, 39
	socktest.Check(t)
	if d := sock.DefaultTimeout(); d != sock.Forever {
		t.Errorf("at first: %v", d)
	}
	for _, d := range []time.Duration{0, time.Second, sock.Forever} {
		setDefaultTimeout(t, d)
		if got := sock.DefaultTimeout(); got != d {
			t.Errorf("DefaultTimeout() = %v, want %v", got, d)
		}
		if s := socktest.UDP.New(t); s.Timeout() != d {
			t.Errorf("a new socket has %v, want %v", s.Timeout(), d)
		}
	}
	s := socktest.UDP.New(t)
	setDefaultTimeout(t, time.Second)
	if s.Timeout() != sock.Forever {
		t.Errorf("one that was there before has %v", s.Timeout())
	}
}

// A wait with the longest possible timeout does not end at once.
func TestGreatestTimeout(t *testing.T) { // items 35 to 37
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		socktest.Must(t, a.SetTimeout(sock.Forever-1))
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
	})
}

// Each wait of a socket has its own deadline, whatever timeout was set before.
func TestTimeoutCountsFromTheCall(t *testing.T) { // items 40, 43
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, _ := socktest.UDP.Pair(t)
		for _, timeout := range []time.Duration{20 * time.Millisecond, time.Millisecond, 5 * time.Millisecond, time.Nanosecond} {
			socktest.Must(t, a.SetTimeout(timeout))
			began := time.Now()
			_, err := w.On(a).Recv(10, 0)
			took := time.Since(began)
			if !errors.Is(err, os.ErrDeadlineExceeded) || took < timeout || took > timeout+socktest.Patience {
				t.Errorf("timeout %v: %v after %v", timeout, err, took)
			}
		}
	})
}

// A new timeout is for the operations that start after it.
func TestTimeoutOfThoseThatWait(t *testing.T) { // item 40
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, a.SetTimeout(0))
		if _, err := a.Recv(10, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("one that came later: %v, want ErrWouldBlock", err)
		}
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
	})
}

// The waiting calls of one lane reach their deadlines in any order.
func TestTimeoutsOfOneLane(t *testing.T) { // items 40, 42
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	var calls []*socktest.Call
	for _, timeout := range []time.Duration{sock.Forever, 15 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond} {
		socktest.Must(t, a.SetTimeout(timeout))
		began := time.Now()
		f := a.Async().Recv(10, 0)
		calls = append(calls, socktest.Start(func() error {
			_, err := f.Wait(t.Context())
			if took := time.Since(began); took < timeout && errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("timeout %v: ended after %v", timeout, took)
			}
			return err
		}))
	}
	for _, call := range calls[1:] {
		if err := call.Wait(t); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v, want a timeout", err)
		}
	}
	if calls[0].Done() {
		t.Error("the one without a timeout has ended")
	}
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	socktest.Must(t, calls[0].Wait(t))
}

// With a timeout and a context, the first to end counts, and the error says which it was.
func TestTimeoutAndContext(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	cause := errors.New("had enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	soon, stop := context.WithTimeout(t.Context(), 2*time.Millisecond)
	defer stop()

	socktest.Must(t, a.SetTimeout(2*time.Millisecond))
	if _, err := a.With(ctx).Recv(1, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the timeout first: %v", err)
	}
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	if _, err := a.With(soon).Recv(1, 0); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the context's deadline first: %v", err)
	}
	cancel(cause)
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	socktest.AwaitReadable(t, a)
	var op *net.OpError
	if _, err := a.With(ctx).Recv(1, 0); !errors.Is(err, cause) || !errors.As(err, &op) {
		t.Errorf("a context that has ended: %v, want its cause even though something is there", err)
	}
	if p, err := a.With(context.WithoutCancel(ctx)).Recv(10, 0); err != nil || string(p) != string(hello) {
		t.Errorf("without it: %q, %v", p, err)
	}
}

// An operation is canceled while a byte arrives: the byte is either received or still in the queue.
func TestCancelLosesNoByte(t *testing.T) { // item 42
	socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
		for _, k := range []socktest.Kind{socktest.TCP, socktest.UnixDatagram} {
			a, b := k.Pair(t)
			received, canceled := 0, 0
			for i := range 100 {
				var got []byte
				call := socktest.Start(func() (err error) {
					got, err = w.On(a).Recv(10, 0)
					return err
				})
				socktest.AwaitWaiting(t, a)
				send := func() error { _, err := b.Send([]byte{byte(i)}, 0); return err }
				var sent *socktest.Call
				if i%2 == 0 {
					sent = socktest.Start(send)
					w.Cancel()
				} else {
					w.Cancel()
					sent = socktest.Start(send)
				}
				switch err := call.Wait(t); {
				case err == nil:
					received++
				case errors.Is(err, context.Canceled):
					canceled++
					got, err = a.Recv(10, 0)
					socktest.Must(t, err)
				default:
					t.Fatal(err)
				}
				socktest.Must(t, sent.Wait(t))
				if len(got) != 1 || got[0] != byte(i) {
					t.Fatalf("%s: %v came, want %d", k.Name, got, i)
				}
			}
			t.Logf("%s: %d received, %d canceled", k.Name, received, canceled)
		}
	})
}

// A connection that arrives while an accept is canceled is accepted by it or by the next accept.
func TestCancelLosesNoConnection(t *testing.T) { // item 42
	socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := socktest.TCP.Listener(t)
		for range 30 {
			var peer sock.Addr
			accept := func() (err error) {
				c, from, err := w.On(ln).Accept()
				if err == nil {
					peer, err = from, c.Close()
				}
				return err
			}
			call := socktest.Start(accept)
			socktest.AwaitWaiting(t, ln)
			c := socktest.TCP.New(t)
			connect := socktest.Start(func() error { return c.Connect(addr) })
			w.Cancel()
			if err := call.Wait(t); errors.Is(err, context.Canceled) {
				socktest.Must(t, socktest.Start(accept).Wait(t))
			} else {
				socktest.Must(t, err)
			}
			socktest.Must(t, connect.Wait(t))
			if want := socktest.Name(t, c); peer != want {
				t.Errorf("accepted %v, want %v", peer, want)
			}
			c.Close()
		}
	})
}

// Timeouts pass while bytes arrive: each byte is received once, and in order.
func TestTimeoutLosesNoByte(t *testing.T) { // items 40, 42
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		const n = 100
		a, b := socktest.TCP.Pair(t)
		socktest.Must(t, a.SetTimeout(100*time.Microsecond))
		call := socktest.Start(func() error {
			tick := time.NewTicker(100 * time.Microsecond)
			defer tick.Stop()
			for i := range n {
				<-tick.C
				if _, err := b.Send([]byte{byte(i)}, 0); err != nil {
					return err
				}
			}
			return nil
		})
		timeouts := 0
		for i := 0; i < n; {
			p, err := w.On(a).Recv(10, 0)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				timeouts++
				continue
			}
			socktest.Must(t, err)
			for _, got := range p {
				if got != byte(i) {
					t.Fatalf("received %d, want %d", got, i)
				}
				i++
			}
		}
		socktest.Must(t, call.Wait(t))
		t.Logf("%d timeouts among %d receives", timeouts, n)
	})
}

// A new timeout is for the operations that start after it, even if a waiting one is woken without
// result in between.
func TestTimeoutSetDuringAWait(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	l := r.Next()
	errs := make(chan error, 2)
	for range 2 {
		l.Go(func(task *loop.Task) {
			_, err := a.In(task).RecvInto(make([]byte, 10), 0)
			errs <- err
		})
	}
	l.Post(func() { a.SetTimeout(0) }) // runs when both wait
	for range 2 {
		call := socktest.Start(func() error { return <-errs })
		l.Post(func() { b.Async().Send(hello, 0) })
		if err := call.Wait(t); err != nil { // then the lane goes to the next call, which finds nothing
			t.Error(err)
		}
	}
}

package sock_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// MSG_DONTWAIT makes one call non-blocking.
func TestDontWait(t *testing.T) { // item 108
	calls := []struct {
		name string
		call func(o socktest.Operations) error
	}{
		{"Recv", func(o socktest.Operations) error { _, err := o.Recv(1, sock.MSG_DONTWAIT); return err }},
		{"RecvInto", func(o socktest.Operations) error {
			_, err := o.RecvInto(make([]byte, 1), sock.MSG_DONTWAIT)
			return err
		}},
		{"Recvfrom", func(o socktest.Operations) error { _, _, err := o.Recvfrom(1, sock.MSG_DONTWAIT); return err }},
		{"Recvmsg", func(o socktest.Operations) error { _, _, _, _, err := o.Recvmsg(1, 0, sock.MSG_DONTWAIT); return err }},
		{"RecvmsgInto", func(o socktest.Operations) error {
			_, _, _, _, err := o.RecvmsgInto([][]byte{make([]byte, 1)}, 0, sock.MSG_DONTWAIT)
			return err
		}},
		{"Sendmsg", func(o socktest.Operations) error {
			_, err := o.Sendmsg([][]byte{hello}, nil, sock.MSG_DONTWAIT, sock.Addr{})
			return err
		}},
		{"Send", func(o socktest.Operations) error { _, err := o.Send(hello, sock.MSG_DONTWAIT); return err }},
		{"Sendall", func(o socktest.Operations) error { _, err := o.Sendall(hello, sock.MSG_DONTWAIT); return err }},
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, test := range calls {
			a, b := socktest.UnixStream.Pair(t)
			fill(t, a)
			call := socktest.Start(func() error { return test.call(w.On(a)) })
			socktest.Await(t, "an end or a wait", func() bool { return call.Done() || a.Loop() != nil })
			if !call.Done() {
				t.Errorf("%s waits", test.name)
				a.Close()
				call.Wait(t)
				continue
			}
			if err := call.Wait(t); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("%s: %v, want ErrWouldBlock", test.name, err)
			}
			_, err := b.Send(hello, sock.MSG_DONTWAIT)
			socktest.Must(t, err)
			socktest.Must(t, wantBytes("hello")(w.On(a).Recv(10, sock.MSG_DONTWAIT)))
		}
	})
}

// With MSG_TRUNC a receive returns the whole length of a datagram: recv(2). In Python, recv returns
// that many bytes, and the last ones are undefined.
func TestRecvTellsTheWholeLength(t *testing.T) { // item 90
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		received := func() socktest.Operations {
			a, b := socktest.UDP.Pair(t)
			_, err := b.Send(hello, 0)
			socktest.Must(t, err)
			return w.On(a)
		}
		if n, err := received().RecvInto(make([]byte, 3), sock.MSG_TRUNC); n != len(hello) || err != nil {
			t.Errorf("RecvInto of 3 bytes = %d, %v; want %d", n, err, len(hello))
		}
		if n, _, err := received().RecvfromInto(make([]byte, 3), sock.MSG_TRUNC); n != len(hello) || err != nil {
			t.Errorf("RecvfromInto of 3 bytes = %d, %v; want %d", n, err, len(hello))
		}
		if err := noPanic(func() error { return wantBytes("hel")(received().Recv(3, sock.MSG_TRUNC)) }); err != nil {
			t.Error("Recv of 3 bytes: ", err)
		}
		if err := noPanic(func() error {
			p, _, err := received().Recvfrom(3, sock.MSG_TRUNC)
			return wantBytes("hel")(p, err)
		}); err != nil {
			t.Error("Recvfrom of 3 bytes: ", err)
		}
	})
}

// A non-blocking call receives what has arrived, even if an earlier call on the socket has just
// waited without result.
func TestDontwaitAfterAWait(t *testing.T) { // items 44, 108
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		socktest.Check(t)
		a, b := k.Pair(t)
		for range 200 {
			socktest.Must(t, b.SetTimeout(time.Microsecond))
			if _, err := b.Recv(10, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			_, err := a.Send(hello, 0)
			socktest.Must(t, err)
			socktest.AwaitReadable(t, b)
			if p, err := b.Recv(10, sock.MSG_DONTWAIT); string(p) != string(hello) || err != nil {
				t.Fatalf("MSG_DONTWAIT: %q, %v", p, err)
			}
			_, err = a.Send(hello, 0)
			socktest.Must(t, err)
			socktest.AwaitReadable(t, b)
			socktest.Must(t, b.SetTimeout(0))
			if p, _, _, _, err := b.Recvmsg(10, 0, 0); string(p) != string(hello) || err != nil {
				t.Fatalf("non-blocking: %q, %v", p, err)
			}
		}
	})
}

// An SCTP message has its own end, and the next one may already be in the queue, although the
// socket is SOCK_STREAM. An AF_UNIX pair that keeps message boundaries takes its place here.
func TestRecvOneToOneSCTP(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
		socktest.Must(t, err)
		defer b.Close()
		s, err := sock.Adopt(a.Detach(), sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_SCTP)
		socktest.Must(t, err)
		defer s.Close()
		socktest.Must(t, s.SetBlocking(true))
		socktest.Must(t, s.Join(nil))
		for range 3 {
			_, err := b.Send(hello, 0)
			socktest.Must(t, err)
		}
		for range 3 {
			call := socktest.Start(func() error { return wantBytes("hello")(w.On(s).Recv(10, 0)) })
			socktest.Must(t, call.Wait(t))
		}
	})
}

// noPanic returns a panic in fn as an error.
func noPanic(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return fn()
}

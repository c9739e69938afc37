//go:build linux

package families_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// An exchange says how bytes get from one socket of a pair to the other. The zero one is that of a
// connected pair which delivers what was sent as it was sent.
type exchange struct {
	// Message is what is sent as the i-th one, not empty; nil: a text with i in it.
	Message func(i int) []byte
	// Arrives is what is received for what was sent, if that is not the same.
	Arrives func(sent []byte) []byte
	// Send sends p from one socket to the other; nil: Sendto to the address of To if there is one,
	// and Send if not.
	Send func(from socktest.Operations, to *sock.Socket, p []byte) error
	// To is where a message for this socket goes; nil: the pair is connected.
	To func(*sock.Socket) sock.Addr
	// Sender checks the address that came with a message from s; nil: only that Recvfrom and
	// Recvmsg say the same.
	Sender func(t *testing.T, s *sock.Socket, from sock.Addr)
	// Ancillary checks what Recvmsg gave beside the data; nil: nothing is checked.
	Ancillary func(t *testing.T, items []sock.Control, flags int)
	// Ready makes a pair what a receiver with ancillary data wants (SO_TIMESTAMP, IP_RECVTTL, …);
	// nil: nothing.
	Ready func(t *testing.T, receiver *sock.Socket)

	OneWay     bool          // only b sends, only a receives
	NeverEmpty bool          // receiving never waits: no timeout, no cancel
	NoGather   bool          // a message must be one buffer
	Patience   time.Duration // how long an empty socket is waited for; 0: 30 ms. Never less than a message of the family takes.
}

// everyWay sends real bytes between the two sockets of pairs, in each way to wait, and checks what
// all families have in common: a receive ends by its timeout, by a cancel and by Close, and what
// comes afterwards is not lost; recvmsg(2) says the same as recvfrom(2). pair makes two blocking
// sockets that are closed with the test; it is called once for each check, so what one test can
// have only once (a link, a namespace) is made outside. a may be b.
func everyWay(t *testing.T, pair func(*testing.T) (a, b *sock.Socket), x exchange) {
	t.Helper()
	a, b := pair(t) // what this kernel lacks is one skip, not one of each check
	a.Close()
	b.Close()
	t.Run("delivers", func(t *testing.T) { socktest.EachWaiter(t, x.with(pair).delivers) })
	t.Run("callback", x.with(pair).callback)
	t.Run("recvmsg", x.with(pair).recvmsg)
	t.Run("netconn", x.with(pair).asNetConn)
	if a.Type() != sock.SOCK_STREAM && x.Send == nil { // a batch is of messages that are data alone
		t.Run("batches", func(t *testing.T) { socktest.EachWaiter(t, x.with(pair).batches) })
	}
	if x.NeverEmpty {
		return
	}
	t.Run("waits", func(t *testing.T) { socktest.EachWaiter(t, x.with(pair).waits) })
	t.Run("timeout", func(t *testing.T) { socktest.EachWaiter(t, x.with(pair).timeout) })
	t.Run("cancel", func(t *testing.T) { socktest.EachCanceler(t, x.with(pair).cancel) })
	t.Run("close", func(t *testing.T) { socktest.EachWaiter(t, x.with(pair).close) })
	t.Run("non-blocking", x.with(pair).nonblocking)
}

// A trial is an exchange with its pairs.
type trial struct {
	exchange
	pair func(*testing.T) (a, b *sock.Socket)
}

func (x exchange) with(pair func(*testing.T) (a, b *sock.Socket)) *trial { return &trial{x, pair} }

func (x *trial) message(i int) []byte {
	if x.Message != nil {
		return x.Message(i)
	}
	return fmt.Appendf(nil, "message %d", i)
}

func (x *trial) arrives(sent []byte) []byte {
	if x.Arrives != nil {
		return x.Arrives(sent)
	}
	return sent
}

func (x *trial) send(t *testing.T, from socktest.Operations, to *sock.Socket, p []byte) {
	t.Helper()
	switch {
	case x.Send != nil:
		must(t, x.Send(from, to, p))
	case x.To != nil:
		x.sent(t, len(p))(from.Sendto(p, 0, x.To(to)))
	default:
		x.sent(t, len(p))(from.Send(p, 0))
	}
}

// sent checks that all went.
func (x *trial) sent(t *testing.T, want int) func(int, error) {
	return func(n int, err error) {
		t.Helper()
		must(t, err)
		if n != want {
			t.Fatalf("sent %d bytes of %d", n, want)
		}
	}
}

// room is more than a message has, so that one that is too long is noticed.
func (x *trial) room(sent []byte) int { return len(x.arrives(sent)) + 64 }

// receive is one message; on a stream, as much.
func (x *trial) receive(s *sock.Socket, o socktest.Operations, sent []byte) ([]byte, error) {
	p, err := o.Recv(x.room(sent), 0)
	for err == nil && s.Type() == sock.SOCK_STREAM && len(p) > 0 && len(p) < len(x.arrives(sent)) {
		var more []byte
		more, err = o.Recv(x.room(sent)-len(p), 0)
		if len(more) == 0 {
			break
		}
		p = append(p, more...)
	}
	return p, err
}

func (x *trial) same(t *testing.T, what string, got, sent []byte) {
	t.Helper()
	if want := x.arrives(sent); !bytes.Equal(got, want) {
		t.Fatalf("%s:\n got %d bytes %s\nwant %d bytes %s", what, len(got), head(got), len(want), head(want))
	}
}

// head is as much of p as a log should have.
func head(p []byte) string {
	if len(p) > 100 {
		return fmt.Sprintf("%x…", p[:100])
	}
	return fmt.Sprintf("%x %q", p, p)
}

// delivers sends both ways, with the message there before it is received.
func (x *trial) delivers(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	step := func(i int, from, to *sock.Socket) {
		p := x.message(i)
		if i >= 2 && x.Send == nil && x.To == nil {
			x.sent(t, len(p))(w.On(from).Sendall(p, 0))
		} else {
			x.send(t, w.On(from), to, p)
		}
		got, err := x.receive(to, w.On(to), p)
		must(t, err)
		x.same(t, fmt.Sprintf("message %d", i), got, p)
	}
	for i := 0; i < 4; i += 2 {
		step(i, b, a)
		if !x.OneWay {
			step(i+1, a, b)
		}
	}
}

// batches sends and receives several messages at once.
func (x *trial) batches(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	const n = 4
	var ms []sock.Datagram
	for i := range n {
		m := sock.Datagram{Buffers: [][]byte{x.message(i)}}
		if x.To != nil {
			m.Addr = x.To(a)
		}
		ms = append(ms, m)
	}
	sent, err := w.On(b).SendBatch(ms, 0)
	x.sent(t, n)(sent, err)
	for i := 0; i < n; {
		in := make([]sock.Datagram, n-i)
		for j := range in {
			in[j].Buffers = [][]byte{make([]byte, x.room(ms[i+j].Buffers[0]))}
		}
		got, err := w.On(a).RecvBatch(in, 0)
		must(t, err)
		for _, m := range in[:got] {
			x.same(t, fmt.Sprintf("message %d of a batch", i), m.Buffers[0][:m.N], ms[i].Buffers[0])
			i++
		}
	}
}

// waits receives before anything is sent.
func (x *trial) waits(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	step := func(i int, from, to *sock.Socket) {
		p := x.message(i)
		var got []byte
		call := socktest.Start(func() (err error) {
			got, err = x.receive(to, w.On(to), p)
			return err
		})
		socktest.AwaitWaiting(t, to)
		x.send(t, w.On(from), to, p)
		must(t, call.Wait(t))
		x.same(t, fmt.Sprintf("message %d", i), got, p)
	}
	step(0, b, a)
	if !x.OneWay {
		step(1, a, b)
	}
}

func (x *trial) patience() time.Duration {
	if x.Patience > 0 {
		return x.Patience
	}
	return 30 * time.Millisecond
}

// timeout ends a receive, and loses nothing.
func (x *trial) timeout(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	before := a.Timeout()
	must(t, a.SetTimeout(x.patience()))
	began := time.Now()
	p := x.message(0)
	got, err := x.receive(a, w.On(a), p)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %q, %v; want os.ErrDeadlineExceeded", got, err)
	}
	if took := time.Since(began); took < x.patience() {
		t.Errorf("timed out after %v, want %v or more", took, x.patience())
	}
	must(t, a.SetTimeout(before))
	x.send(t, w.On(b), a, p)
	got, err = x.receive(a, w.On(a), p)
	must(t, err)
	x.same(t, "after the timeout", got, p)
}

// cancel ends a receive, and loses nothing.
func (x *trial) cancel(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	p := x.message(0)
	call := socktest.Start(func() error { _, err := w.On(a).Recv(x.room(p), 0); return err })
	socktest.AwaitWaiting(t, a)
	w.Cancel()
	if err := call.Wait(t); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
	x.send(t, w.On(b), a, p)
	got, err := x.receive(a, w.On(a), p)
	must(t, err)
	x.same(t, "after the cancel", got, p)
}

// close ends a receive.
func (x *trial) close(t *testing.T, w *socktest.Waiter) {
	a, _ := x.pair(t)
	call := socktest.Start(func() error { _, err := w.On(a).Recv(x.room(x.message(0)), 0); return err })
	socktest.AwaitWaiting(t, a)
	must(t, a.Close())
	if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("%v, want net.ErrClosed", err)
	}
}

// nonblocking would block, and then does not.
func (x *trial) nonblocking(t *testing.T) {
	socktest.Check(t)
	a, b := x.pair(t)
	p := x.message(0)
	must(t, a.SetBlocking(false))
	if got, err := a.Recv(x.room(p), 0); !errors.Is(err, sock.ErrWouldBlock) {
		t.Fatalf("got %q, %v; want ErrWouldBlock", got, err)
	}
	x.send(t, b, a, p)
	var got []byte
	err := error(sock.ErrWouldBlock)
	// poll(2) may say readable without need: that of AF_RDS does once, when a congestion map came
	// (rds_poll of net/rds/af_rds.c).
	for tries := 0; errors.Is(err, sock.ErrWouldBlock) && tries < 10; tries++ {
		socktest.AwaitReadable(t, a)
		got, err = a.Recv(x.room(p), 0)
	}
	must(t, err)
	x.same(t, "non-blocking", got, p)
}

// callback receives by a standing watcher.
func (x *trial) callback(t *testing.T) {
	socktest.Check(t)
	a, b := x.pair(t)
	r, err := loop.Default()
	must(t, err)
	h := &collector{max: x.room(x.message(0)), got: make(chan []byte, 100), closed: make(chan error, 1), once: x.NeverEmpty}
	early := x.message(0)
	x.send(t, b, a, early) // there before anybody watches
	must(t, a.Watch(r.Next(), h))
	next := func(sent []byte) {
		t.Helper()
		var got []byte
		for end := time.After(socktest.Patience); ; {
			select {
			case p := <-h.got:
				got = append(got, p...)
			case err := <-h.closed:
				t.Fatalf("closed: %v", err)
			case <-end:
				t.Fatalf("nothing more for the handler within %v, after %s", socktest.Patience, head(got))
			}
			if a.Type() != sock.SOCK_STREAM || len(got) >= len(x.arrives(sent)) {
				x.same(t, "callback", got, sent)
				return
			}
		}
	}
	next(early)
	if !x.NeverEmpty && a != b {
		for i := 1; i < 4; i++ {
			p := x.message(i)
			x.send(t, b, a, p)
			next(p)
		}
	}
	must(t, a.Close())
	select {
	case err := <-h.closed:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Closed(%v), want net.ErrClosed", err)
		}
	case <-time.After(socktest.Patience):
		t.Errorf("the handler was not told of the end within %v", socktest.Patience)
	}
}

// A collector is a handler that takes what comes.
type collector struct {
	max    int
	once   bool // one message is all
	got    chan []byte
	closed chan error
}

var _ sock.Handler = (*collector)(nil)

func (h *collector) Readable(s *sock.Socket) {
	for !h.once || len(h.got) == 0 {
		p, err := s.Recv(h.max, 0)
		switch {
		case errors.Is(err, sock.ErrWouldBlock):
			return
		case err != nil:
			select {
			case h.closed <- err:
			default:
			}
			return
		}
		select {
		case h.got <- p:
		default: // nothing takes them: the test has failed
			return
		}
		if len(p) == 0 {
			return
		}
	}
}

func (h *collector) Writable(*sock.Socket) {}

func (h *collector) Closed(_ *sock.Socket, err error) {
	select {
	case h.closed <- err:
	default:
	}
}

// recvmsg tells what recvfrom does, for a goroutine, with a context and in a task; sendmsg gathers.
func (x *trial) recvmsg(t *testing.T) {
	for _, way := range []string{"goroutine", "context", "task"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			a, b := x.pair(t)
			if x.Ready != nil {
				x.Ready(t, a)
			}
			in := func(fn func(*sock.Socket) error) {
				t.Helper()
				must(t, within(t, way, a, fn))
			}

			p := x.message(0)
			x.send(t, b, a, p)
			var got []byte
			var from sock.Addr
			in(func(s *sock.Socket) (err error) { got, from, err = s.Recvfrom(x.room(p), 0); return err })
			x.same(t, "Recvfrom", got, p)

			if x.Send == nil && !x.NoGather { // as two buffers
				buffers := [][]byte{p[:len(p)/2], p[len(p)/2:]}
				var to sock.Addr
				if x.To != nil {
					to = x.To(a)
				}
				x.sent(t, len(p))(b.Sendmsg(buffers, nil, 0, to))
			} else {
				x.send(t, b, a, p)
			}
			var items []sock.Control
			var flags int
			var sender sock.Addr
			in(func(s *sock.Socket) (err error) {
				got, items, flags, sender, err = s.Recvmsg(x.room(p), 512, 0)
				return err
			})
			x.same(t, "Recvmsg", got, p)
			if flags&(sock.MSG_TRUNC|sock.MSG_CTRUNC) != 0 {
				t.Errorf("flags %#x, want none that something was cut", flags)
			}
			if sender != from {
				t.Errorf("Recvmsg says from %v, Recvfrom %v", sender, from)
			}
			if x.Sender != nil {
				x.Sender(t, b, sender)
			}
			if x.Ancillary != nil {
				x.Ancillary(t, items, flags)
			}
		})
	}
}

// within makes an operation on s in a way to wait, with a deadline.
func within(t *testing.T, way string, s *sock.Socket, fn func(*sock.Socket) error) (err error) {
	t.Helper()
	call := socktest.Start(func() error {
		view := s
		if strings.Contains(way, "context") {
			ctx, cancel := context.WithTimeout(context.Background(), socktest.Patience)
			defer cancel()
			view = view.With(ctx)
		}
		if !strings.Contains(way, "task") {
			return fn(view)
		}
		r, err := loop.Default()
		if err != nil {
			return err
		}
		var result error
		if err := r.Next().Go(func(task *loop.Task) { result = fn(view.In(task)) }).Wait(context.Background()); err != nil {
			return err
		}
		return result
	})
	return call.Wait(t)
}

//go:build linux

package families_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A netEnd is one socket of a pair as package netconn has it: a *netconn.Conn or a
// *netconn.PacketConn.
type netEnd interface {
	net.Conn
	Socket() *sock.Socket
	ReadMsg(b, oob []byte) (n, oobn, flags int, from sock.Addr, err error)
	WriteMsg(b, oob []byte, to sock.Addr) (n, oobn int, err error)
	Detach() (*os.File, error)
}

var (
	_ netEnd = (*netconn.Conn)(nil)
	_ netEnd = (*netconn.PacketConn)(nil)
)

// ends are the two sockets of a pair, and where messages for each of them go.
type ends struct {
	*trial
	way      string // goroutine or task
	a, b     netEnd
	toA, toB sock.Addr // zero: the pair is connected
}

// asNetConn does through package netconn what net.Conn and net.PacketConn promise: bytes go both
// ways, deadlines and Close end a call that waits, addresses print and compare, and a descriptor
// that is given away and adopted again has lost nothing.
func (x *trial) asNetConn(t *testing.T) {
	for _, way := range []string{"goroutine", "task"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			s, other := x.pair(t)
			e := &ends{trial: x, way: way}
			if x.To != nil {
				e.toA, e.toB = x.To(s), x.To(other)
			}
			e.a = e.wrapped(t, s)
			e.b = e.a
			if other != s {
				e.b = e.wrapped(t, other)
			}
			e.addresses(t)
			e.exchange(t, 0, e.b, e.a, e.toA)
			if !x.OneWay && e.a != e.b {
				e.exchange(t, 1, e.a, e.b, e.toB)
			}
			e.messages(t)
			e.batch(t)
			e.deadline(t)
			e.adopt(t)
			e.close(t)
		})
	}
}

// wrapped makes a Conn of a connected socket that has an end, and a PacketConn of any other.
func (e *ends) wrapped(t *testing.T, s *sock.Socket) netEnd {
	t.Helper()
	if e.packets(s) {
		p, err := netconn.NewPacketConn(s)
		must(t, err)
		t.Cleanup(func() { p.Close() })
		return p
	}
	c, err := netconn.New(s)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func (e *ends) packets(s *sock.Socket) bool {
	return e.To != nil || s.Type() != sock.SOCK_STREAM && s.Type() != sock.SOCK_SEQPACKET
}

// in runs fn with the end in the way to wait.
func (e *ends) in(t *testing.T, n netEnd, fn func(netEnd) error) *socktest.Call {
	t.Helper()
	if e.way == "goroutine" {
		return socktest.Start(func() error { return fn(n) })
	}
	r, err := loop.Default()
	must(t, err)
	return socktest.Start(func() (err error) {
		failed := r.Next().Go(func(task *loop.Task) {
			switch n := n.(type) {
			case *netconn.Conn:
				err = fn(n.In(task))
			case *netconn.PacketConn:
				err = fn(n.In(task))
			}
		}).Wait(context.Background())
		return errors.Join(failed, err)
	})
}

// addresses checks that both ends have addresses that print and compare.
func (e *ends) addresses(t *testing.T) {
	t.Helper()
	for _, n := range []netEnd{e.a, e.b} {
		local := n.LocalAddr()
		if local == nil || local.Network() == "" || local != n.LocalAddr() {
			t.Fatalf("the local address is %#v", local)
		}
		if _, isConn := n.(*netconn.Conn); isConn && (n.RemoteAddr() == nil || n.RemoteAddr() != n.RemoteAddr()) {
			t.Errorf("the remote address is %#v", n.RemoteAddr())
		}
		for _, a := range []net.Addr{local, n.RemoteAddr()} {
			if a == nil {
				continue
			}
			of, err := families.FromNet(a)
			must(t, err)
			if set := map[sock.Addr]string{of: a.String()}; set[of] != a.String() {
				t.Errorf("%v is not found among addresses", a)
			}
			if own, is := a.(sock.Addr); is && own != of {
				t.Errorf("%v is another address than %v", own, of)
			}
		}
	}
}

func (e *ends) send(t *testing.T, from, to netEnd, addr sock.Addr, p []byte) {
	t.Helper()
	if e.Send != nil {
		must(t, e.Send(from.Socket(), to.Socket(), p))
		return
	}
	must(t, e.in(t, from, func(n netEnd) error {
		if packets, ok := n.(*netconn.PacketConn); ok && !addr.IsZero() {
			return all(p)(packets.WriteTo(p, addr))
		}
		return all(p)(n.Write(p))
	}).Wait(t))
}

// all is an error unless all of p went.
func all(p []byte) func(int, error) error {
	return func(n int, err error) error {
		if err == nil && n != len(p) {
			err = fmt.Errorf("%d bytes of %d went", n, len(p))
		}
		return err
	}
}

// receive starts to receive one message; on a stream, as much.
func (e *ends) receive(t *testing.T, at netEnd, sent []byte) func() ([]byte, error) {
	t.Helper()
	p := make([]byte, e.room(sent))
	n := 0
	call := e.in(t, at, func(c netEnd) (err error) {
		switch c := c.(type) {
		case *netconn.PacketConn:
			var from net.Addr
			n, from, err = c.ReadFrom(p)
			if err == nil && from != nil && from.String() == "" && from.Network() == "" {
				err = fmt.Errorf("the sender is %#v", from)
			}
		case *netconn.Conn:
			n, err = io.ReadAtLeast(c, p, 1)
			for err == nil && c.Socket().Type() == sock.SOCK_STREAM && n < len(e.arrives(sent)) {
				var m int
				m, err = c.Read(p[n:])
				n += m
			}
		}
		return err
	})
	return func() ([]byte, error) {
		t.Helper()
		err := call.Wait(t)
		return p[:n], err
	}
}

// exchange sends one message while the receiver waits, and one before it receives.
func (e *ends) exchange(t *testing.T, i int, from, to netEnd, addr sock.Addr) {
	t.Helper()
	p := e.message(i)
	if !e.NeverEmpty {
		received := e.receive(t, to, p)
		socktest.AwaitWaiting(t, to.Socket())
		e.send(t, from, to, addr, p)
		got, err := received()
		must(t, err)
		e.same(t, "while it waits", got, p)
	}
	e.send(t, from, to, addr, p)
	got, err := e.receive(t, to, p)()
	must(t, err)
	e.same(t, "after it was sent", got, p)
}

// messages go by WriteMsg and ReadMsg too.
func (e *ends) messages(t *testing.T) {
	t.Helper()
	p := e.message(2)
	if e.Send != nil {
		e.send(t, e.b, e.a, e.toA, p)
	} else {
		must(t, e.in(t, e.b, func(n netEnd) error {
			sent, oobn, err := n.WriteMsg(p, nil, e.toA)
			if err == nil && oobn != 0 {
				err = fmt.Errorf("%d bytes of no ancillary data went", oobn)
			}
			return all(p)(sent, err)
		}).Wait(t))
	}
	room, oob := make([]byte, e.room(p)), make([]byte, 512)
	must(t, e.in(t, e.a, func(n netEnd) error {
		got, oobn, flags, _, err := n.ReadMsg(room, oob)
		if err != nil {
			return err
		}
		if flags&(sock.MSG_TRUNC|sock.MSG_CTRUNC) != 0 {
			return fmt.Errorf("flags %#x", flags)
		}
		e.same(t, "ReadMsg", room[:got], p)
		_, err = sock.ParseControl(oob[:oobn])
		return err
	}).Wait(t))
}

// batch is a message by WriteBatch and ReadBatch, in two buffers.
func (e *ends) batch(t *testing.T) {
	t.Helper()
	from, ok := e.b.(*netconn.PacketConn)
	to, both := e.a.(*netconn.PacketConn)
	if !ok || !both || e.Send != nil || e.NoGather {
		return
	}
	p := e.message(6)
	out := []netconn.Message{{Buffers: [][]byte{p[:len(p)/2], p[len(p)/2:]}}}
	if !e.toA.IsZero() {
		out[0].Addr = e.toA
	}
	must(t, e.in(t, from, func(n netEnd) error {
		sent, err := n.(*netconn.PacketConn).WriteBatch(out, 0)
		if err == nil && (sent != 1 || out[0].N != len(p)) {
			err = fmt.Errorf("%d messages, %d bytes of %d went", sent, out[0].N, len(p))
		}
		return err
	}).Wait(t))
	room := make([]byte, e.room(p))
	must(t, e.in(t, to, func(n netEnd) error {
		in := []netconn.Message{{Buffers: [][]byte{room[:1], room[1:]}, OOB: make([]byte, 512)}}
		got, err := n.(*netconn.PacketConn).ReadBatch(in, 0)
		if err != nil {
			return err
		}
		if got != 1 || in[0].Flags&(sock.MSG_TRUNC|sock.MSG_CTRUNC) != 0 {
			return fmt.Errorf("%d messages came, flags %#x", got, in[0].Flags)
		}
		e.same(t, "ReadBatch", room[:in[0].N], p)
		return nil
	}).Wait(t))
}

// deadline moves into the past while a call waits, and nothing is lost.
func (e *ends) deadline(t *testing.T) {
	t.Helper()
	if e.NeverEmpty {
		return
	}
	p := e.message(3)
	must(t, e.a.SetReadDeadline(time.Now().Add(time.Hour)))
	received := e.receive(t, e.a, p)
	socktest.AwaitWaiting(t, e.a.Socket())
	must(t, e.a.SetReadDeadline(time.Unix(1, 0)))
	_, err := received()
	var op *net.OpError
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &op) || !op.Timeout() || op.Op != "read" {
		t.Fatalf("%v, want os.ErrDeadlineExceeded of a read", err)
	}
	must(t, e.a.SetReadDeadline(time.Time{}))
	e.exchange(t, 3, e.b, e.a, e.toA)
}

// adopt gives the descriptor away and takes it back.
func (e *ends) adopt(t *testing.T) {
	t.Helper()
	if e.a == e.b {
		return
	}
	if _, err := e.a.Socket().Getsockname(); errors.Is(err, unix.EOPNOTSUPP) {
		return // FromFile asks for the name to learn the family, as Python does: a BCM socket has none
	}
	p := e.message(4)
	if !e.NeverEmpty {
		e.send(t, e.b, e.a, e.toA, p)
	}
	f, err := e.a.Detach()
	must(t, err)
	if err := e.a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close after Detach: %v", err)
	}
	if _, isConn := e.a.(*netconn.Conn); isConn {
		e.a, err = netconn.FromFile(f)
	} else {
		e.a, err = netconn.PacketConnFromFile(f)
	}
	must(t, err)
	t.Cleanup(func() { e.a.Close() })
	e.addresses(t)
	if !e.NeverEmpty {
		got, err := e.receive(t, e.a, p)()
		must(t, err)
		e.same(t, "after it was adopted", got, p)
	}
}

// close ends a call that waits. The addresses stay.
func (e *ends) close(t *testing.T) {
	t.Helper()
	local := e.a.LocalAddr()
	if e.NeverEmpty {
		must(t, e.a.Close())
	} else {
		received := e.receive(t, e.a, e.message(5))
		socktest.AwaitWaiting(t, e.a.Socket())
		must(t, e.a.Close())
		if _, err := received(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read while Close: %v, want net.ErrClosed", err)
		}
	}
	if err := e.a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close: %v", err)
	}
	if err := e.a.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a deadline after Close: %v", err)
	}
	if e.a.LocalAddr() != local {
		t.Errorf("the address is %v after Close, and was %v", e.a.LocalAddr(), local)
	}
}

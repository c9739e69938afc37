package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// talk is a DatagramProtocol whose methods are functions.
type talk struct {
	*parrot
	made chan *protocol.Datagrams
	data func(d *protocol.Datagrams, p []byte, from sock.Addr)
}

func newTalk() *talk { return &talk{parrot: newParrot(), made: make(chan *protocol.Datagrams, 1)} }

func (p *talk) Made(d *protocol.Datagrams) { p.made <- d }

func (p *talk) Datagram(d *protocol.Datagrams, b []byte, from sock.Addr) {
	if p.data != nil {
		p.data(d, b, from)
		return
	}
	p.parrot.Datagram(d, b, from)
}

// servePacket serves a socket by p.
func servePacket(t testing.TB, cfg protocol.Config, c *sock.Socket, p *talk) (*protocol.Server, *protocol.Datagrams) {
	t.Helper()
	cfg.Loops = 1
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	t.Cleanup(func() { socktest.Must(t, s.Close()) })
	socktest.Must(t, s.ServePacket(c, p))
	return s, next(t, "Made", p.made)
}

// Messages of all sizes and of two senders, in any mix, come one by one and in order, and so do the
// answers, though the kernel hands over many at once, and on Linux several as one (UDP_GRO).
func TestDatagramBatches(t *testing.T) {
	for _, k := range []socktest.Kind{socktest.UDP, socktest.UDP6, socktest.UnixDatagram} {
		t.Run(k.Name, func(t *testing.T) {
			socktest.Check(t)
			c, at := k.Bound(t)
			p := newTalk()
			server, _ := servePacket(t, protocol.Config{}, c, p)
			for _, tt := range []struct {
				sizes []int
				count int // as many as a receive buffer of Linux's default size has room for
			}{{[]int{100}, 70}, {[]int{0, 1, 0}, 70}, {[]int{1200, 1200, 600}, 40}, {[]int{5000, 3, 4096, 4097}, 12}} {
				var senders [2]*sock.Socket
				for i := range senders {
					senders[i], _ = k.Bound(t)
					senders[i].SetTimeout(socktest.Patience)
					socktest.Must(t, senders[i].Connect(at))
				}
				for round := range 3 {
					ms := room(tt.count, 0)
					for i := range ms {
						size := tt.sizes[i%len(tt.sizes)]
						text := fmt.Sprintf("%d.%d ", round, i)
						ms[i].Buffers[0] = append(bytes.Repeat([]byte{'x'}, max(0, size-len(text))), text[:min(len(text), size)]...)
					}
					for _, s := range senders {
						if _, err := s.SendBatch(ms, 0); err != nil {
							t.Fatal(err)
						}
					}
					for _, s := range senders {
						wantBatch(t, s, ms)
					}
				}
			}
			wantUnsent(t, server, 0)
		})
	}
}

// wantUnsent waits until so many bytes are unsent.
func wantUnsent(t testing.TB, s *protocol.Server, n int64) {
	t.Helper()
	socktest.Await(t, "the bytes that are unsent", func() bool { return s.Stats().Buffered == n })
}

// room returns n datagrams with buffers of size bytes.
func room(n, size int) []sock.Datagram {
	ms := make([]sock.Datagram, n)
	for i := range ms {
		ms[i].Buffers = [][]byte{make([]byte, size)}
	}
	return ms
}

// wantBatch receives the messages ms, one by one.
func wantBatch(t testing.TB, s *sock.Socket, ms []sock.Datagram) {
	t.Helper()
	buf := make([]byte, 1<<16)
	for i := range ms {
		want := ms[i].Buffers[0]
		n, err := s.RecvInto(buf, 0)
		if err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("message %d: %d bytes, %.20q…, %v, want %d, %.20q…", i, n, buf[:n], err, len(want), want)
		}
	}
}

// A message that the system refuses is reported, and the others of its batch go, each once and in
// order. The refused ones are: too large for the family, to an address of another family, and to a
// path without a socket.
func TestDatagramOfBatchFails(t *testing.T) {
	socktest.Check(t)
	c, at := socktest.UnixDatagram.Bound(t)
	p := newTalk()
	gone := sock.Unix(at.Path() + ".gone")
	bad := 0
	p.data = func(d *protocol.Datagrams, b []byte, from sock.Addr) {
		socktest.Must(t, d.Send(b, from))
		switch bad++; bad % 3 {
		case 0:
			socktest.Must(t, d.Send(b, sock.Inet("127.0.0.1", 9)))
		case 1:
			socktest.Must(t, d.Send(b, gone))
		}
	}
	servePacket(t, protocol.Config{}, c, p)
	peer, _ := socktest.UnixDatagram.Bound(t)
	peer.SetTimeout(socktest.Patience)
	socktest.Must(t, peer.Connect(at))
	const count = 6
	var sent []sock.Datagram
	for range 5 {
		ms := room(count, 4)
		for i := range ms {
			copy(ms[i].Buffers[0], fmt.Sprintf("%4d", len(sent)))
			sent = append(sent, ms[i])
		}
		if _, err := peer.SendBatch(ms, 0); err != nil {
			t.Fatal(err)
		}
		wantBatch(t, peer, ms)
	}
	var missing, wrong int
	for range 20 {
		switch err := next(t, "Error", p.errs); {
		case errors.Is(err, syscall.ENOENT):
			missing++
		case errors.Is(err, families.ErrFamilyMismatch):
			wrong++
		default:
			t.Errorf("Error got %v", err)
		}
	}
	if missing != 10 || wrong != 10 || len(p.errs) != 0 {
		t.Errorf("%d errors of a path that is missing, %d of an address of another family, %d more; want 10, 10, 0", missing, wrong, len(p.errs))
	}
}

// A connected socket whose peer has gone reports ECONNREFUSED, and serves on when the peer is back.
func TestDatagramPeerGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("when a refusal is reported differs: run this on Linux")
	}
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	p := newTalk()
	_, d := servePacket(t, protocol.Config{}, a, p)
	socktest.Must(t, b.Connect(socktest.Name(t, b))) // it refuses what others send, and no other gets its address
	d.Send([]byte("x"), sock.Addr{})
	if err := next(t, "Error", p.errs); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Error got %v, want ECONNREFUSED", err)
	}
	b.SetTimeout(socktest.Patience)
	socktest.Must(t, b.Connect(socktest.Name(t, a)))
	_, err := b.Send([]byte("back"), 0)
	socktest.Must(t, err)
	if got, err := b.Recv(10, 0); string(got) != "back" {
		t.Errorf("%q, %v", got, err)
	}
}

// Answers that the receiver's queue does not take are kept in order: a batch that went in part goes
// on where it stopped, and nothing is lost or comes twice.
func TestDatagramBatchInParts(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixDatagram.Pair(t)
	p := newTalk()
	const count = 400 // the queue of a Unix datagram socket has 11
	p.data = func(d *protocol.Datagrams, _ []byte, _ sock.Addr) {
		for i := range count {
			if err := d.Send(fmt.Append(nil, i), sock.Addr{}); err != nil {
				t.Error(i, err)
			}
		}
	}
	server, d := servePacket(t, protocol.Config{}, a, p)
	_, err := b.Send([]byte("go"), 0)
	socktest.Must(t, err)
	b.SetTimeout(socktest.Patience)
	for i := range count {
		m, err := b.Recv(10, 0)
		if err != nil || string(m) != fmt.Sprint(i) {
			t.Fatalf("message %d: %q, %v", i, m, err)
		}
	}
	wantUnsent(t, server, 0)
	if n := d.Dropped(); n != 0 {
		t.Errorf("%d messages were dropped", n)
	}
}

// What a protocol sends before it closes goes.
func TestDatagramSendAndClose(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixDatagram.Pair(t)
	p := newTalk()
	p.data = func(d *protocol.Datagrams, m []byte, _ sock.Addr) {
		d.Send(m, sock.Addr{})
		d.Close()
	}
	servePacket(t, protocol.Config{}, a, p)
	b.SetTimeout(socktest.Patience)
	_, err := b.Send([]byte("last"), 0)
	socktest.Must(t, err)
	if got, err := b.Recv(10, 0); string(got) != "last" {
		t.Errorf("%q, %v", got, err)
	}
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

// A protocol that panics ends its socket; what it had sent in that call is dropped, and does not
// come to another socket of the loop.
func TestDatagramPanics(t *testing.T) {
	socktest.Check(t)
	a, peer := socktest.UnixDatagram.Pair(t)
	p, q := newTalk(), newTalk()
	p.data = func(d *protocol.Datagrams, m []byte, from sock.Addr) {
		d.Send(m, from)
		panic("meant")
	}
	s, _ := servePacket(t, protocol.Config{Loop: quiet()}, a, p)
	other, at := socktest.UnixDatagram.Bound(t)
	socktest.Must(t, s.ServePacket(other, q))
	_, err := peer.Send([]byte("x"), 0)
	socktest.Must(t, err)
	if err := next(t, "Lost", p.lost); err == nil {
		t.Error("lost without a reason")
	}
	c, _ := socktest.UnixDatagram.Bound(t)
	c.SetTimeout(socktest.Patience)
	socktest.Must(t, c.Connect(at))
	ms := room(2, 1)
	if _, err := c.SendBatch(ms, 0); err != nil {
		t.Fatal(err)
	}
	wantBatch(t, c, ms)
}

// A message beyond DatagramSize is reported, and the next one comes. One of that size comes whole.
func TestDatagramSize(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixDatagram.Pair(t)
	p := newTalk()
	servePacket(t, protocol.Config{DatagramSize: 100}, a, p)
	b.SetTimeout(socktest.Patience)
	for _, n := range []int{101, 100} {
		_, err := b.Send(make([]byte, n), 0)
		socktest.Must(t, err)
	}
	if m, err := b.Recv(200, 0); len(m) != 100 || err != nil {
		t.Errorf("%d bytes, %v", len(m), err)
	}
	var limit *protocol.LimitError
	if err := next(t, "Error", p.errs); !errors.As(err, &limit) || limit.Option != "DatagramSize" || limit.Limit != 100 {
		t.Errorf("Error got %v", err)
	}
}

// A socket of connections is refused.
func TestServePacketRefuses(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{Loops: 1})
	socktest.Must(t, err)
	defer s.Close()
	for _, k := range []socktest.Kind{socktest.TCP, socktest.UnixSeqpacket} {
		var option *protocol.OptionError
		if err := s.ServePacket(k.New(t), newTalk()); !errors.As(err, &option) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

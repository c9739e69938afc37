//go:build !race

package protocol_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// An idle connection with an idle timeout costs no more than 240 bytes of heap.
func TestIdleMemory(t *testing.T) {
	const conns, most = 5000, 240
	cfg := each(echo{})
	cfg.Loops, cfg.IdleTimeout = 1, time.Hour
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	defer s.Close()
	at, err := s.Listen(sock.Unix(""))
	socktest.Must(t, err)
	peers := make([]int, 0, conns)
	defer func() {
		for _, fd := range peers {
			sock.Close(fd)
		}
	}()
	buf := make([]byte, 16)
	connect := func(n int) {
		for range n {
			c, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
			socktest.Must(t, err)
			socktest.Must(t, c.Connect(at))
			_, err = c.Sendall([]byte("hello"), 0) // it has been in use
			socktest.Must(t, err)
			_, err = c.RecvInto(buf, 0)
			socktest.Must(t, err)
			peers = append(peers, c.Detach())
		}
	}
	connect(conns / 10)
	before := socktest.Heap()
	connect(conns - conns/10)
	each := (socktest.Heap() - before) / (conns - conns/10)
	t.Logf("%d bytes a connection", each)
	if each > most {
		t.Errorf("%d bytes a connection, at most %d", each, most)
	}
}

// A message costs no allocation: neither through the protocol, nor when a part of it is kept, nor
// when unsent bytes are queued, nor for its timeouts.
func TestMessageAllocates(t *testing.T) {
	for _, tt := range []struct {
		name string
		data func(t *protocol.Transport, p []byte) int
		size int
	}{
		{"echo", echo{}.Data, 64},
		{"in parts", func(t *protocol.Transport, p []byte) int {
			if len(p) < 1000 {
				t.Need(1000)
				return 0
			}
			t.Write(p[:1000])
			return 1000
		}, 500},
	} {
		p := newScript()
		p.data = tt.data
		_, c := pair(t, p, protocol.Config{Loops: 1, IdleTimeout: time.Hour, ReadTimeout: time.Hour, WriteTimeout: time.Hour})
		buf := make([]byte, tt.size)
		got := make([]byte, 1000)
		round := func() {
			c.Write(buf)
			if tt.size == 500 {
				c.Write(buf)
				for n := 0; n < 1000; {
					k, err := c.Read(got)
					if err != nil {
						t.Fatal(err)
					}
					n += k
				}
				return
			}
			if _, err := c.Read(got); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(500, round); n != 0 {
			t.Errorf("%s: %v allocations a message", tt.name, n)
		}
	}
}

// numbered answers each message with its number, made in the loop's memory.
type numbered struct {
	protocol.Base
	n *int
}

func (p numbered) Data(t *protocol.Transport, in []byte) int {
	*p.n++
	b := strconv.AppendInt(append(t.AvailableBuffer(), "number "...), int64(*p.n), 10)
	t.Write(append(b, '\n'))
	return len(in)
}

// An answer that is made in AvailableBuffer allocates nothing.
func TestAvailableBuffer(t *testing.T) {
	n := 0
	cfg := each(numbered{n: &n})
	cfg.Loops = 1
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	defer s.Close()
	at, err := s.Listen(sock.Unix(""))
	socktest.Must(t, err)
	c, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	defer c.Close()
	socktest.Must(t, c.Connect(at))
	buf := make([]byte, 64)
	var got string
	allocs := testing.AllocsPerRun(100, func() {
		if _, err = c.Sendall(buf[:1], 0); err == nil {
			var k int
			k, err = c.RecvInto(buf, 0)
			if string(buf[:k]) != "number "+strconv.Itoa(n)+"\n" {
				got = string(buf[:k])
			}
		}
	})
	if err != nil || got != "" {
		t.Fatalf("%v, %q", err, got)
	}
	// The concatenation of the test itself is one.
	if allocs > 1 {
		t.Errorf("%v allocations for each answer", allocs)
	}
}

// A datagram and its answer cost no allocation, one at a time and many at once, and neither does an
// answer that is kept because the receiver's queue is full.
func TestDatagramAllocates(t *testing.T) {
	for _, tt := range []struct {
		name    string
		udp     bool // else Unix sockets without names: a name is a string
		count   int
		answers int // for each
	}{
		{"UDP, one", true, 1, 1},
		{"UDP, many", true, 30, 1},
		{"Unix, one", false, 1, 1},
		{"Unix, kept", false, 1, 40},
	} {
		var c, peer *sock.Socket
		if tt.udp {
			to, at := socktest.UDP.Bound(t)
			c, peer = to, socktest.UDP.New(t)
			socktest.Must(t, peer.Connect(at))
		} else {
			var err error
			c, peer, err = sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
			socktest.Must(t, err)
			socktest.Closing(t, peer)
		}
		p := newTalk()
		p.data = func(d *protocol.Datagrams, b []byte, from sock.Addr) {
			for range tt.answers {
				d.Send(b, from)
			}
		}
		servePacket(t, protocol.Config{}, c, p)
		peer.SetTimeout(socktest.Patience)
		out, in := room(tt.count, 64), make([]byte, 100)
		round := func() {
			if _, err := peer.SendBatch(out, 0); err != nil {
				t.Fatal(err)
			}
			for range tt.count * tt.answers {
				if n, err := peer.RecvInto(in, 0); n != 64 || err != nil {
					t.Fatal(n, err)
				}
			}
		}
		if n := testing.AllocsPerRun(300, round); n != 0 {
			t.Errorf("%s: %v allocations a round", tt.name, n)
		}
	}
}

package protocol_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// parrot sends each message back.
type parrot struct {
	protocol.DatagramBase
	lost chan error
	errs chan error
}

func (p *parrot) Datagram(d *protocol.Datagrams, b []byte, from sock.Addr) { d.Send(b, from) }
func (p *parrot) Lost(_ *protocol.Datagrams, err error)                    { p.lost <- err }
func (p *parrot) Error(_ *protocol.Datagrams, err error)                   { p.errs <- err }

func newParrot() *parrot { return &parrot{lost: make(chan error, 10), errs: make(chan error, 100)} }

func TestDatagrams(t *testing.T) {
	socktest.Check(t)
	p := newParrot()
	s, err := protocol.NewServer(&protocol.Config{Loops: 2})
	socktest.Must(t, err)
	defer s.Close()
	at, err := s.ListenPacket(sock.Inet("127.0.0.1", 0), p)
	socktest.Must(t, err)
	c, err := net.Dial("udp", at.String())
	socktest.Must(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(socktest.Patience))
	buf := make([]byte, 70_000)
	for _, n := range []int{0, 1, 1200, 60_000} {
		sent := make([]byte, n)
		for i := range sent {
			sent[i] = byte(i)
		}
		for range 3 {
			c.Write(sent)
			got, err := c.Read(buf)
			if err != nil || string(buf[:got]) != string(sent) {
				t.Fatalf("%d bytes: %d, %v", n, got, err)
			}
		}
	}
	if _, err := s.Shutdown(patience(t)); err != nil {
		t.Error(err)
	}
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
	if _, err := s.ListenPacket(at, p); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
}

// A Unix receiver that does not read: messages are kept, and beyond the limit dropped; once it
// reads, what was kept arrives in order.
func TestUnixDatagramsToSlowReader(t *testing.T) {
	socktest.Check(t)
	p := newParrot()
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, WriteLimit: 100_000, HighWater: 100_000})
	socktest.Must(t, err)
	defer s.Close()
	a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
	socktest.Must(t, err)
	defer b.Close()
	made := make(chan *protocol.Datagrams, 1)
	socktest.Must(t, s.ServePacket(a, &noter{parrot: p, made: made}))
	d := next(t, "Made", made)
	sent := 0
	for {
		err := d.Send(append(make([]byte, 999), byte(sent)), sock.Addr{})
		if err == sock.ErrWouldBlock {
			break
		}
		socktest.Must(t, err)
		sent++
	}
	if sent < 100 || d.Dropped() != 1 {
		t.Errorf("%d were kept, %d dropped", sent, d.Dropped())
	}
	b.SetTimeout(socktest.Patience)
	for i := range sent {
		m, err := b.Recv(2000, 0)
		if err != nil || len(m) != 1000 || m[999] != byte(i) {
			t.Fatalf("message %d: %d bytes, %v", i, len(m), err)
		}
	}
	wantUnsent(t, s, 0)
	d.Close()
	if err := d.Send([]byte("x"), sock.Addr{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}
}

type noter struct {
	*parrot
	made chan *protocol.Datagrams
}

func (n *noter) Made(d *protocol.Datagrams) { n.made <- d }

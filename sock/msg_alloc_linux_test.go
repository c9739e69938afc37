//go:build !race

package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// This file is not for builds with the race detector, which makes sync.Pool forget at random.

// Messages allocate nothing, with ancillary data and without, in each way to wait.
func TestMessagesAllocateNothing(t *testing.T) {
	socktest.Check(t)
	s, self := socktest.UDP.Bound(t)
	setInt(t, s, sock.IPPROTO_IP, sock.IP_RECVTTL)
	out, in := [][]byte{[]byte("hello "), []byte("world")}, [][]byte{make([]byte, 4), make([]byte, 100)}
	whole, into, room := []byte("hello world"), make([]byte, 100), make([]byte, 64)
	items := []sock.Control{sock.TTL(9).Control()}
	encoded, err := sock.AppendControl(nil, items...)
	socktest.Must(t, err)
	send := map[string]func(*sock.Socket) (int, error){
		"Sendmsg":                     func(s *sock.Socket) (int, error) { return s.Sendmsg(out, nil, 0, self) },
		"Sendmsg with ancillary data": func(s *sock.Socket) (int, error) { return s.Sendmsg(out, items, 0, self) },
		"SendmsgBuffers":              func(s *sock.Socket) (int, error) { return s.SendmsgBuffers(out, encoded, 0, self) },
		"Sendto":                      func(s *sock.Socket) (int, error) { return s.Sendto(whole, 0, self) },
	}
	recv := map[string]func(*sock.Socket) (int, sock.Addr, error){
		"RecvmsgInto": func(s *sock.Socket) (int, sock.Addr, error) {
			n, _, _, from, err := s.RecvmsgInto(in, 0, 0)
			return n, from, err
		},
		"RecvmsgBuffers": func(s *sock.Socket) (int, sock.Addr, error) {
			n, got, _, from, err := s.RecvmsgBuffers(in, room, 0)
			for c := range sock.ControlMessages(room[:got]) {
				if ttl, ok := c.TTL(); !ok || ttl <= 0 {
					t.Errorf("%v", c)
				}
			}
			return n, from, err
		},
		"RecvfromInto": func(s *sock.Socket) (int, sock.Addr, error) { return s.RecvfromInto(into, 0) },
	}
	measure := func(who string, s *sock.Socket) {
		for name, send := range send {
			for other, recv := range recv {
				if n := testing.AllocsPerRun(50, func() {
					if n, err := send(s); n != 11 || err != nil {
						t.Fatal(n, err)
					}
					if n, from, err := recv(s); n != 11 || from != self || err != nil {
						t.Fatal(n, from, err)
					}
				}); n != 0 {
					t.Errorf("%s: %s and %s: %v allocations", who, name, other, n)
				}
			}
		}
	}
	measure("goroutine", s)
	measure("context", s.With(t.Context()))
	inTask(t, func(task *loop.Task) error {
		measure("task", s.In(task))
		return nil
	})
}

// RecvError allocates nothing.
func TestRecvErrorAllocatesNothing(t *testing.T) {
	socktest.Check(t)
	s, to := socktest.UDP.New(t), socktest.UDP.Refusing(t)
	socktest.Must(t, s.SetRecvErr(true))
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	p := make([]byte, 100)
	if n := testing.AllocsPerRun(50, func() {
		if _, err := s.Sendto(hello, 0, to); err != nil {
			t.Fatal(err)
		}
		if m, err := s.RecvError(p); m.N != len(hello) || m.To != to || err != nil {
			t.Fatal(m, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

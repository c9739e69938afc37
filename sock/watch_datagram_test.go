package sock_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// oneACall makes one receive in each call of a handler, and sends the results that found something.
func oneACall(got chan<- string, recv func(*sock.Socket) ([]byte, error)) *handler {
	h := newHandler()
	h.readable = func(s *sock.Socket) {
		switch p, err := recv(s); {
		case err == nil:
			got <- string(p)
		case !errors.Is(err, sock.ErrWouldBlock):
			var errno syscall.Errno
			errors.As(err, &errno)
			got <- errno.Error()
		}
	}
	return h
}

// take returns n results.
func take(t *testing.T, got <-chan string, n int) (all []string) {
	t.Helper()
	socktest.Must(t, socktest.Start(func() error {
		for range n {
			all = append(all, <-got)
		}
		return nil
	}).Wait(t))
	return all
}

// receives are the ways to receive a datagram.
var receives = map[string]func(*sock.Socket) ([]byte, error){
	"Recv":     func(s *sock.Socket) ([]byte, error) { return s.Recv(100, 0) },
	"Recvfrom": func(s *sock.Socket) ([]byte, error) { p, _, err := s.Recvfrom(100, 0); return p, err },
	"Recvmsg":  func(s *sock.Socket) ([]byte, error) { p, _, _, _, err := s.Recvmsg(100, 100, 0); return p, err },
	"RecvmsgInto": func(s *sock.Socket) ([]byte, error) {
		p := make([]byte, 100)
		n, _, _, _, err := s.RecvmsgInto([][]byte{p[:50], p[50:]}, 0, 0)
		return p[:n], err
	},
	"RecvBuffer": func(s *sock.Socket) ([]byte, error) {
		b := sock.NewBuffers(100)
		p, err := s.RecvBuffer(b, 0)
		text := slices.Clone(p)
		b.Put(p)
		return text, err
	},
}

// An empty datagram blocks nothing: a handler with one receive in each call gets the datagrams
// behind it.
func TestWatchEmptyDatagrams(t *testing.T) {
	for name, recv := range receives {
		for _, k := range socktest.Datagrams {
			t.Run(name+", "+k.Name, func(t *testing.T) {
				socktest.Check(t)
				a, b := k.Pair(t)
				sent := []string{"", "", "one", "", "two", ""}
				for _, text := range sent { // all arrive before the first call: one edge for all
					_, err := b.Send([]byte(text), 0)
					socktest.Must(t, err)
				}
				got := make(chan string, 10)
				socktest.Must(t, a.Watch(nil, oneACall(got, recv)))
				if all := take(t, got, len(sent)); !slices.Equal(all, sent) {
					t.Errorf("%q came, want %q", all, sent)
				}
			})
		}
	}
}

// An empty message of a seqpacket socket looks like the end: a handler that receives until
// ErrWouldBlock gets the messages behind it.
func TestWatchEmptySeqpacket(t *testing.T) {
	socktest.Check(t)
	if systems.Here(systems.EmptyPackets).Says == systems.No {
		t.Skip("a receive skips empty messages here: run this where it returns them")
	}
	a, b := socktest.UnixSeqpacket.Pair(t)
	sent := []string{"", "one", "", "two"}
	for _, text := range sent {
		_, err := b.Sendmsg([][]byte{[]byte(text)}, nil, 0, sock.Addr{})
		socktest.Must(t, err)
	}
	got := make(chan string, 10)
	h := newHandler()
	h.readable = func(s *sock.Socket) {
		for {
			p, err := s.Recv(100, 0)
			if err != nil {
				return
			}
			got <- string(p)
		}
	}
	socktest.Must(t, a.Watch(nil, h))
	if all := take(t, got, len(sent)); !slices.Equal(all, sent) {
		t.Errorf("%q came, want %q", all, sent)
	}
}

// An ICMP error (ECONNREFUSED) blocks nothing either: the datagrams that have arrived cause another
// call.
func TestWatchDatagramsBehindAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such error comes here, since New turns SIO_UDP_CONNRESET off: run this on another system")
	}
	for name, recv := range receives {
		for _, k := range []socktest.Kind{socktest.UDP, socktest.UDP6} {
			t.Run(name+", "+k.Name, func(t *testing.T) {
				socktest.Check(t)
				a, peer := k.Pair(t)
				// The peer refuses what others send, and no other gets its address.
				socktest.Must(t, peer.Connect(socktest.Name(t, peer)))
				_, err := a.Send(hello, 0) // the answer is that the port is closed
				socktest.Must(t, err)
				socktest.Must(t, peer.Connect(socktest.Name(t, a)))
				_, err = peer.Send([]byte("back again"), 0)
				socktest.Must(t, err)
				got := make(chan string, 10)
				socktest.Must(t, a.Watch(nil, oneACall(got, recv)))
				want := []string{syscall.ECONNREFUSED.Error(), "back again"}
				all := take(t, got, 2)
				slices.Sort(all) // on the BSDs data comes before an error
				slices.Sort(want)
				if !slices.Equal(all, want) {
					t.Errorf("%q came, want %q", all, want)
				}
			})
		}
	}
}

// A failed answer (EMSGSIZE) does not keep a server from its next datagram.
func TestWatchAnswerTooLong(t *testing.T) {
	socktest.Each(t, []socktest.Kind{socktest.UDP, socktest.UDP6}, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		got := make(chan string, 10)
		h := oneACall(got, func(s *sock.Socket) ([]byte, error) {
			p, err := s.Recv(100, 0)
			if err == nil {
				if _, failed := s.Send(make([]byte, 70_000), 0); !errors.Is(failed, syscall.EMSGSIZE) {
					t.Errorf("%v, want EMSGSIZE", failed)
				}
			}
			return p, err
		})
		for _, text := range []string{"one", "two", "three"} {
			_, err := b.Send([]byte(text), 0)
			socktest.Must(t, err)
		}
		socktest.Must(t, a.Watch(nil, h))
		if all := strings.Join(take(t, got, 3), " "); all != "one two three" {
			t.Errorf("%q came", all)
		}
	})
}

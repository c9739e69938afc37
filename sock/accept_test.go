package sock_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestAccept(t *testing.T) { // items 63, 64
	for _, k := range socktest.Kinds {
		if !k.Connects() {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				ln, addr := k.Listener(t)
				for range 2 {
					c := k.New(t)
					socktest.Must(t, c.Connect(addr))
					s, from, err := w.On(ln).Accept()
					socktest.Must(t, err)
					defer s.Close()
					if s.Family() != ln.Family() || s.Type() != ln.Type() || s.Proto() != ln.Proto() {
						t.Errorf("it is %v, of the listener %v", s, ln)
					}
					if want := socktest.Name(t, c); from != want && k.Family != sock.AF_UNIX {
						t.Errorf("the peer is %v, want %v", from, want)
					}
					if peer, err := s.Getpeername(); err != nil || peer != socktest.Name(t, c) {
						t.Errorf("Getpeername = %v, %v", peer, err)
					}
					if name := socktest.Name(t, s); name != addr {
						t.Errorf("it is bound to %v, want %v", name, addr)
					}
					echo(t, s, c)
				}
			})
		})
	}
}

// Accept returns the address of a peer that is bound, for AF_UNIX too.
func TestAcceptTellsTheUnixPeer(t *testing.T) { // items 63, 182
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := socktest.UnixStream.Listener(t)
		c, want := socktest.UnixStream.Bound(t)
		socktest.Must(t, c.Connect(addr))
		s, from, err := w.On(ln).Accept()
		socktest.Must(t, err)
		defer s.Close()
		if from != want {
			t.Errorf("the peer is %v, want %v", from, want)
		}
	})
}

// An accepted socket has the default timeout, whatever the mode of the listener. In Python it is
// blocking if the listener has a timeout, and the system decides if the listener is non-blocking.
func TestAcceptedMode(t *testing.T) { // item 65
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := socktest.TCP.Listener(t)
		for _, listener := range []time.Duration{sock.Forever, socktest.Patience, 0} {
			for _, def := range []time.Duration{sock.Forever, socktest.Patience, 0} {
				socktest.Must(t, ln.SetTimeout(listener))
				setDefaultTimeout(t, sock.Forever)
				socktest.Must(t, socktest.TCP.New(t).Connect(addr))
				socktest.AwaitReadable(t, ln)
				setDefaultTimeout(t, def)
				s, _, err := w.On(ln).Accept()
				socktest.Must(t, err)
				if s.Timeout() != def {
					t.Errorf("the default is %s, the listener is %s: it has %v", modeName(def), modeName(listener), s.Timeout())
				}
				s.Close()
			}
		}
	})
}

func TestAcceptWithoutListening(t *testing.T) { // item 66
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, mode := range []time.Duration{sock.Forever, socktest.Patience, 0} {
			for _, test := range []struct {
				kind socktest.Kind
				want systems.Errnos
			}{
				{socktest.TCP, systems.Errnos{syscall.EINVAL}},
				{socktest.UnixStream, systems.Errnos{syscall.EINVAL}},
				{socktest.UDP, systems.ErrnosHere(systems.AcceptDatagram)},
			} {
				s, _ := test.kind.Bound(t)
				socktest.Must(t, s.SetTimeout(mode))
				if c, _, err := w.On(s).Accept(); !test.want.Has(err) || c != nil {
					t.Errorf("%s, %s: %v, want %v", test.kind.Name, modeName(mode), err, test.want)
				}
			}
		}
	})
}

// Each connection goes to exactly one of the waiting accepts.
func TestAcceptByMany(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		const n = 20
		ln, addr := socktest.TCP.Listener(t)
		accepted := make(chan sock.Addr, n)
		var calls []*socktest.Call
		for range n {
			calls = append(calls, socktest.Start(func() error {
				c, from, err := w.On(ln).Accept()
				if err == nil {
					accepted <- from
					err = c.Close()
				}
				return err
			}))
		}
		want := make(map[sock.Addr]bool)
		for range n {
			c := socktest.TCP.New(t)
			socktest.Must(t, c.Connect(addr))
			want[socktest.Name(t, c)] = true
		}
		for _, call := range calls {
			socktest.Must(t, call.Wait(t))
			from := <-accepted
			if !want[from] {
				t.Errorf("a connection from %v, twice or from an unknown peer", from)
			}
			delete(want, from)
		}
	})
}

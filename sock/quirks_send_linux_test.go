package sock_test

import (
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// deaf is a poller that reports no edge.
type deaf struct{ *pollux.Poller }

func (p deaf) Wait(events []pollux.Event, timeout time.Duration) (int, error) {
	_, err := p.Poller.Wait(events, timeout)
	return 0, err
}

// A send that waits on an ISO-TP socket works without an edge: Linux before 6.3 makes none. A Unix
// socket takes the place of one that is still sending a message.
func TestISOTPSendNeedsNoEdge(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		name string
		send func(*sock.Socket) (int, error)
	}{
		{"send", func(s *sock.Socket) (int, error) { return s.Send(make([]byte, 512), 0) }},
		{"sendall", func(s *sock.Socket) (int, error) { return s.Sendall(make([]byte, 512), 0) }},
		{"sendmsg", func(s *sock.Socket) (int, error) {
			return s.Sendmsg([][]byte{make([]byte, 512)}, nil, 0, sock.Addr{})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := loop.NewReactor(&loop.Config{Loops: 1, NewPoller: func() (loop.Poller, error) {
				p, err := pollux.New(nil)
				return deaf{p}, err
			}})
			socktest.Must(t, err)
			defer r.Close()
			a, b := unixPair(t, sock.SOCK_DGRAM)
			s, err := sock.Adopt(a.Detach(), sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_ISOTP)
			socktest.Must(t, err)
			defer s.Close()
			fill(t, s)
			socktest.Must(t, s.Join(r.Next()))
			socktest.Must(t, s.SetTimeout(time.Hour))
			call := socktest.Start(func() error {
				_, err := tt.send(s)
				return err
			})
			socktest.Await(t, "the send waits", func() bool { return r.Next().Stats().Timers > 0 })
			_, err = b.Recv(1024, 0)
			socktest.Must(t, err)
			socktest.Must(t, call.Wait(t))
		})
	}
}

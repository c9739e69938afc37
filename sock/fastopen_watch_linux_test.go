package sock_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A connector is a handler that asks for the result of the connect at the first Writable.
type connector struct {
	to     sock.Addr
	result chan error
}

func (h *connector) Readable(*sock.Socket)      {}
func (h *connector) Closed(*sock.Socket, error) {}
func (h *connector) Writable(s *sock.Socket) {
	select {
	case h.result <- s.Connect(h.to):
	default: // only the first
	}
}

// A send with MSG_FASTOPEN connects. A handler hears of the end of that connect only after the send
// has given the lane back, so that its Connect gets the result. On loopback the end mostly comes
// while the send is still running.
func TestWatchFastopen(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	ln, to := socktest.TCP.Listener(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			c, _, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	defer func() {
		ln.Close()
		<-over
	}()
	hello := []byte("hello")
	for name, send := range map[string]func(s *sock.Socket) error{
		"Sendto": func(s *sock.Socket) error { _, err := s.Sendto(hello, sock.MSG_FASTOPEN, to); return err },
		"Sendmsg": func(s *sock.Socket) error {
			_, err := s.Sendmsg([][]byte{hello}, nil, sock.MSG_FASTOPEN, to)
			return err
		},
		"Async.Sendto": func(s *sock.Socket) error {
			_, err := s.Async().Sendto(hello, sock.MSG_FASTOPEN, to).Wait(t.Context())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 400 {
				s := socktest.TCP.New(t)
				h := &connector{to, make(chan error, 1)}
				socktest.Must(t, s.Watch(r.Next(), h))
				if err := send(s); errors.Is(err, unix.EOPNOTSUPP) {
					t.Skip("MSG_FASTOPEN wants bit 1 of the sysctl net.ipv4.tcp_fastopen:", err)
				} else if err != nil && !errors.Is(err, unix.EINPROGRESS) {
					t.Fatal(err)
				}
				select {
				case err := <-h.result:
					if err != nil {
						t.Errorf("Connect of the handler: %v", err)
					}
				case <-time.After(20 * time.Second):
					t.Error("the handler does not hear of the end of the connect")
				}
				s.Close()
			}
		})
	}
}

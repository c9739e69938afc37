package protocol_test

import (
	"context"
	"errors"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A nil socket, a socket that does not listen, one without connections, and a loop of another owner
// are errors that name the call. Nothing panics, and the server and the client go on.
func TestWrongSockets(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return protocol.Base{} }})
	socktest.Must(t, err)
	defer s.Close()
	c, err := protocol.NewClient(&protocol.Config{Loops: 1})
	socktest.Must(t, err)
	defer c.Close()
	fresh := func(typ sock.Type) *sock.Socket {
		s, err := sock.New(sock.AF_INET, typ, -1)
		socktest.Must(t, err)
		return s
	}
	a, b, err := sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	defer b.Close()
	tr, err := c.Adopt(a, protocol.Base{})
	socktest.Must(t, err)
	for _, tt := range []struct {
		option string
		call   func() error
	}{
		{"Serve", func() error { return s.Serve(nil) }},
		{"Serve", func() error { return s.Serve(fresh(sock.SOCK_STREAM)) }},
		{"Serve", func() error { return s.Serve(fresh(sock.SOCK_DGRAM)) }},
		{"ServePacket", func() error { return s.ServePacket(nil, protocol.DatagramBase{}) }},
		{"ServePacket", func() error { return s.ServePacket(fresh(sock.SOCK_DGRAM), nil) }},
		{"Adopt", func() error { _, err := s.Adopt(nil, nil); return err }},
		{"Adopt", func() error {
			return closed(t, fresh(sock.SOCK_DGRAM), func(d *sock.Socket) error { _, err := s.Adopt(d, nil); return err })
		}},
		{"Adopt", func() error {
			return closed(t, fresh(sock.SOCK_DGRAM), func(d *sock.Socket) error { _, err := c.Adopt(d, protocol.Base{}); return err })
		}},
		{"Connect", func() error {
			return closed(t, fresh(sock.SOCK_DGRAM), func(d *sock.Socket) error {
				_, err := c.Connect(t.Context(), d, sock.Inet("127.0.0.1", 1), protocol.Base{}).Wait(t.Context())
				return err
			})
		}},
		{"Connect", func() error {
			_, err := c.Connect(t.Context(), nil, sock.Inet("127.0.0.1", 1), protocol.Base{}).Wait(t.Context())
			return err
		}},
		{"Move", func() error { return tr.Move(nil) }},
		{"Move", func() error { return tr.Move(s.Reactor().Next()) }},
	} {
		var option *protocol.OptionError
		if err := tt.call(); !errors.As(err, &option) || option.Option != tt.option || len(err.Error()) > 150 {
			t.Errorf("%s: %v", tt.option, err)
		} else if _, is := option.Value.(*loop.Loop); is {
			t.Errorf("%s: the error holds a loop, which runs", tt.option)
		}
	}
	_, err = s.Shutdown(context.Background())
	socktest.Must(t, err)
}

// closed calls fn with s, and fails the test if s is open then.
func closed(t *testing.T, s *sock.Socket, fn func(*sock.Socket) error) error {
	t.Helper()
	err := fn(s)
	if s.Fileno() >= 0 {
		s.Close()
		t.Error("the socket is open")
	}
	return err
}

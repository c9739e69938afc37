package protocol_test

import (
	"io"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// parting starts a server whose tasks read one byte, answer and return.
func parting(t *testing.T, linger time.Duration) (*protocol.Server, sock.Addr) {
	s, err := protocol.NewServer(&protocol.Config{Linger: linger})
	socktest.Must(t, err)
	t.Cleanup(func() { s.Close() })
	s.Go(func(_ *loop.Task, c *sock.Socket) {
		if _, err := c.RecvInto(make([]byte, 1), 0); err == nil {
			c.Sendall([]byte("bye"), 0)
		}
	})
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
	return s, at
}

// A task that returns before it has read everything does not cost the peer its last answer: the
// system would reset the connection.
func TestTaskThatLeavesSomethingUnread(t *testing.T) {
	socktest.Check(t)
	s, at := parting(t, 0)
	for range 20 {
		c := dial(t, at.String())
		_, err := c.Write(make([]byte, 100_000))
		socktest.Must(t, err)
		if got, err := io.ReadAll(c); err != nil || string(got) != "bye" {
			t.Fatalf("%q, %v", got, err)
		}
		_, err = c.Write(make([]byte, 100_000)) // its end of the stream comes late
		socktest.Must(t, err)
		c.Close()
	}
	socktest.Await(t, "the end of all connections", func() bool { return s.Stats().Connections == 0 })
}

// Such a connection ends after Config.Linger, whatever the peer does, and at Shutdown and Close.
func TestTaskLingersForALimitedTime(t *testing.T) {
	for _, tt := range []struct {
		name   string
		linger time.Duration
		end    func(s *protocol.Server) error
	}{
		{"the time has passed", time.Millisecond, nil},
		{"no lingering", -1, nil},
		{"Close", time.Hour, (*protocol.Server).Close},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			s, at := parting(t, tt.linger)
			c := dial(t, at.String())
			defer c.Close()
			_, err := c.Write(make([]byte, 100_000))
			socktest.Must(t, err)
			if tt.end != nil {
				var bye [3]byte
				_, err := io.ReadFull(c, bye[:])
				socktest.Must(t, err)
				socktest.Must(t, tt.end(s))
			}
			socktest.Await(t, "the end of the connection", func() bool { return s.Stats().Connections == 0 })
		})
	}
	t.Run("Shutdown", func(t *testing.T) {
		socktest.Check(t)
		s, at := parting(t, time.Hour)
		c := dial(t, at.String())
		defer c.Close()
		_, err := c.Write(make([]byte, 100_000))
		socktest.Must(t, err)
		var bye [3]byte
		_, err = io.ReadFull(c, bye[:])
		socktest.Must(t, err)
		over := socktest.Start(func() error {
			_, err := s.Shutdown(patience(t))
			return err
		})
		// Shutdown waits until this end has closed, and the answer is whole.
		if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
			t.Errorf("%q, %v", rest, err)
		}
		c.Close()
		socktest.Must(t, over.Wait(t))
	})
}

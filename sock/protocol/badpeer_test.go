package protocol_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A peer that resets in the middle of a message.
func TestReset(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan int, 10)
	p.data = func(_ *protocol.Transport, b []byte) int { got <- len(b); return 0 }
	_, c := pair(t, p, protocol.Config{})
	c.Write([]byte("half a mess"))
	next(t, "Data", got)
	c.SetLinger(0)
	c.Close()
	if err := next(t, "Lost", p.lost); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("lost by %v, want ECONNRESET", err)
	}
}

// A program that writes, closes and pauses after the end gets errors, and nothing else happens.
func TestUseAfterEnd(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{})
	s.Close()
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
	for what, err := range map[string]error{
		"Write":       errOf(s.Write([]byte("x"))),
		"WriteString": errOf(s.WriteString("x")),
		"Writev":      errOf(s.Writev([]byte("x"))),
		"Upgrade":     s.Upgrade(nil),
		"Move":        s.Move(s.Loop()),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.SendFile(strings.NewReader("x"), 0, -1).Wait(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SendFile: %v", err)
	}
	s.PauseReading()
	s.ResumeReading()
	s.CloseWrite()
	s.Close()
	s.CloseIn(time.Second)
	s.Abort()
	on(t, s, func() { s.SetIdleTimeout(time.Second); s.HandshakeDone() })
	if n := s.Buffered(); n != 0 || !s.RemoteAddr().IsZero() {
		t.Errorf("%d bytes unsent, peer %v", n, s.RemoteAddr())
	}
}

func errOf(_ int, err error) error { return err }

// A protocol that blocks its loop is logged and counted; the others are late, and lose nothing.
func TestBlockingProtocol(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = func(t *protocol.Transport, b []byte) int {
		stuck := func() bool { return t.Loop().Stats().Stuck > 0 }
		for end := time.Now().Add(socktest.Patience); !stuck() && time.Now().Before(end); {
			runtime.Gosched()
		}
		t.Write(b)
		return len(b)
	}
	first := true
	server, at := serve(t, protocol.Config{Loops: 1,
		Loop: &loop.Config{Logger: slog.New(slog.DiscardHandler), StuckAfter: 50 * time.Millisecond},
		New: func(*protocol.Transport) protocol.Protocol {
			if first {
				first = false
				return p
			}
			return echo{}
		}})
	slow, other := dial(t, at), dial(t, at)
	slow.Write([]byte("x"))
	other.Write([]byte("y"))
	want(t, other, "y")
	want(t, slow, "x")
	socktest.Await(t, "the count", func() bool { return server.Reactor().Loops()[0].Stats().Stuck > 0 })
}

func TestVar(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = echo{}.Data
	cfg := each(p)
	cfg.Loops = 2
	server, at := serve(t, cfg)
	c := dial(t, at)
	c.Write([]byte("hello"))
	want(t, c, "hello")
	var got struct {
		Connections, Received, Sent int
		Loops                       []struct{ Turns int }
	}
	socktest.Await(t, "the count of what was sent", func() bool { return server.Stats().Sent == 5 })
	text := protocol.Var{Source: server}.String()
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Connections != 1 || got.Received != 5 || got.Sent != 5 ||
		len(got.Loops) != 2 || got.Loops[0].Turns+got.Loops[1].Turns == 0 {
		t.Errorf("%v: %s", err, text)
	}
}

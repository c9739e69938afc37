package protocol_test

import (
	"errors"
	"io"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// faulty is an echo with one method that panics.
type faulty struct {
	protocol.Base
	in   string
	lost chan error
}

func (f *faulty) fail(method string) {
	if f.in == method {
		panic("a fault of " + method)
	}
}

func (f *faulty) Made(*protocol.Transport)    { f.fail("Made") }
func (f *faulty) Paused(*protocol.Transport)  { f.fail("Paused") }
func (f *faulty) Resumed(*protocol.Transport) { f.fail("Resumed") }
func (f *faulty) EOF(t *protocol.Transport)   { f.fail("EOF"); t.Close() }

func (f *faulty) Data(t *protocol.Transport, p []byte) int {
	f.fail("Data")
	if f.in == "Frame" {
		return protocol.Frames(t, p, protocol.Fixed{Size: 1}, frameFunc(func(*protocol.Transport, []byte) { f.fail("Frame") }))
	}
	t.Write(make([]byte, 8<<20)) // more than the system takes at once
	return len(p)
}

func (f *faulty) Shutdown(t *protocol.Transport) { f.fail("Shutdown"); t.Close() }

func (f *faulty) Lost(_ *protocol.Transport, err error) {
	f.lost <- err
	f.fail("Lost")
}

// A protocol that panics, in each of its methods, ends its own connection by a *loop.PanicError.
// The others of its loop go on, and the server can be shut down.
func TestPanicsInEachMethod(t *testing.T) {
	for _, method := range []string{"New", "Made", "Data", "Frame", "Paused", "Resumed", "EOF", "Shutdown", "Lost"} {
		t.Run(method, func(t *testing.T) {
			socktest.Check(t)
			f := &faulty{in: method, lost: make(chan error, 1)}
			first := true
			s, at := serve(t, protocol.Config{Loops: 1, Loop: quiet(), New: func(*protocol.Transport) protocol.Protocol {
				if !first {
					return echo{}
				}
				first = false
				f.fail("New")
				return f
			}})
			c := dial(t, at)
			socktest.Await(t, "the connection", func() bool { return s.Stats().Accepted == 1 })
			other := dial(t, at)
			c.Write([]byte("x"))
			switch method {
			case "Resumed", "EOF", "Lost":
				if method != "Resumed" {
					c.CloseWrite()
				}
				io.Copy(io.Discard, c)
			case "Shutdown":
				io.CopyN(io.Discard, c, 8<<20)
			}
			if method != "Shutdown" {
				other.Write([]byte("hello"))
				want(t, other, "hello")
			}
			go io.Copy(io.Discard, other)
			report, err := s.Shutdown(patience(t))
			if err != nil {
				t.Errorf("%v, %v", report, err)
			}
			if method == "New" {
				return // there was no protocol
			}
			var panicked *loop.PanicError
			if err := next(t, "Lost", f.lost); (method != "Lost") != errors.As(err, &panicked) {
				t.Errorf("lost by %v", err)
			}
		})
	}
}

// Pausing twice is pausing once, resuming twice is resuming once, closing twice is closing once,
// and what is written after Close is refused and does not go.
func TestTwice(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan string, 10)
	p.data = func(t *protocol.Transport, b []byte) int {
		got <- string(b)
		if string(b) == "close" {
			t.WriteString("bye")
			t.Close()
			t.Close()
			if _, err := t.WriteString("too late"); err == nil {
				got <- "a write after Close was taken"
			}
		}
		return len(b)
	}
	s, c := pair(t, p, protocol.Config{})
	for range 2 {
		on(t, s, func() { s.PauseReading(); s.PauseReading() }) // not while the loop receives
		c.Write([]byte("held"))
		on(t, s, func() {})
		if len(got) > 0 {
			t.Errorf("%q came while reading was paused", <-got)
		}
		s.ResumeReading()
		s.ResumeReading()
		if text := next(t, "what was held", got); text != "held" {
			t.Errorf("got %q", text)
		}
	}
	c.Write([]byte("close"))
	if text, err := io.ReadAll(c); string(text) != "bye" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
	if len(got) != 1 {
		t.Errorf("%d calls, the last %q", len(got), <-got)
	}
	if len(p.lost) != 0 {
		t.Error("Lost came twice")
	}
}

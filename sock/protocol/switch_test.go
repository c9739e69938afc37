package protocol_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A protocol that hands the connection to another: the bytes that it has not used go to the new one
// without a further byte of the peer.
func TestSetProtocolPassesBytesOn(t *testing.T) {
	q := newScript()
	for _, tt := range []struct {
		name, sent, rest string
		data             func(t *protocol.Transport, p []byte) int
	}{
		{"in Data, which looks only", "GET /", "GET /", func(t *protocol.Transport, p []byte) int {
			t.SetProtocol(q)
			return 0
		}},
		{"in Data, which uses a part", "GET /", "T /", func(t *protocol.Transport, p []byte) int {
			t.SetProtocol(q)
			return 2
		}},
		{"in Data, behind another", "GET /", "GET /", func(t *protocol.Transport, p []byte) int {
			between := newScript()
			between.data = func(t *protocol.Transport, p []byte) int { t.SetProtocol(q); return 0 }
			t.SetProtocol(between)
			return 0
		}},
		{"in Frame", "DATA\nline\nmore", "line\nmore", func(t *protocol.Transport, p []byte) int {
			return protocol.Frames(t, p, protocol.Line{}, frameFunc(func(tr *protocol.Transport, line []byte) {
				if string(line) != "DATA" {
					t.Abort()
				}
				tr.SetProtocol(q)
			}))
		}},
		{"in Frame, while another part of the next frame is there", "DATA\nli", "li", func(t *protocol.Transport, p []byte) int {
			return protocol.Frames(t, p, protocol.Line{}, frameFunc(func(tr *protocol.Transport, _ []byte) { tr.SetProtocol(q) }))
		}},
		{"by a posted function", "GET /", "GET /", func(t *protocol.Transport, p []byte) int {
			t.Loop().Post(func() { t.SetProtocol(q) })
			return 0
		}},
		{"by a posted function, although the earlier one needs more", "GET /", "GET /", func(t *protocol.Transport, p []byte) int {
			t.Need(1000)
			t.Loop().Post(func() { t.SetProtocol(q) })
			return 0
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			got := make(chan string, 10)
			q.data = func(_ *protocol.Transport, p []byte) int { got <- string(p); return len(p) }
			p := newScript()
			p.data = tt.data
			_, c := pair(t, p, protocol.Config{Loops: 1})
			c.Write([]byte(tt.sent))
			if g := next(t, "Data of the new protocol", got); g != tt.rest {
				t.Errorf("the new protocol got %q, want %q", g, tt.rest)
			}
			c.Write([]byte("!"))
			if g := next(t, "Data of the new protocol", got); g != "!" {
				t.Errorf("then it got %q, want !", g)
			}
		})
	}
}

// A protocol that sets itself again and again, and uses nothing, does not hold the loop.
func TestSetProtocolWithoutEnd(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = func(t *protocol.Transport, b []byte) int { t.SetProtocol(p); return 0 }
	s, c := pair(t, p, protocol.Config{Loops: 1})
	c.Write([]byte("x"))
	socktest.Await(t, "the byte", func() (is bool) {
		on(t, s, func() { is = len(s.Unread()) == 1 })
		return is
	})
}

// A nil argument is an error or a panic of the call. The connection goes on.
func TestNilArguments(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = echo{}.Data
	s, c := pair(t, p, protocol.Config{Loops: 1})
	var option *protocol.OptionError
	if err := s.Upgrade(nil); !errors.As(err, &option) || option.Option != "Upgrade" {
		t.Errorf("Upgrade: %v", err)
	}
	panics := func(name string, fn func()) {
		t.Helper()
		defer func() {
			if v, _ := recover().(string); len(v) == 0 {
				t.Errorf("%s does not panic with a text", name)
			}
		}()
		fn()
	}
	on(t, s, func() { panics("SetProtocol", func() { s.SetProtocol(nil) }) })
	client := client(t, nil)
	panics("Each", func() { client.Each(nil) })
	c.Write([]byte("hello"))
	want(t, c, "hello")
}

package protocol_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// wrong is a Decoder that returns the same numbers each time.
type wrong struct{ used, need int }

func (w wrong) Decode(p []byte) (frame []byte, used, need int, err error) {
	return p, w.used, w.need, nil
}

// A Decoder that returns an impossible number of bytes ends the connection. One that makes no
// progress is asked again when more bytes have come, and holds no loop.
func TestWrongDecoders(t *testing.T) {
	socktest.Check(t)
	for _, d := range []wrong{{used: -1}, {used: 6}, {used: math.MaxInt}, {used: math.MinInt}} {
		p := newScript()
		p.data = func(t *protocol.Transport, b []byte) int {
			return protocol.Frames(t, b, d, frameFunc(func(t *protocol.Transport, _ []byte) { t.Abort() }))
		}
		_, c := pair(t, p, protocol.Config{})
		c.Write([]byte("hello"))
		var bad *protocol.DataError
		if err := next(t, "Lost", p.lost); !errors.As(err, &bad) || bad.Used != d.used || bad.Len != 5 {
			t.Errorf("%+v: lost by %v", d, err)
		}
	}
	for _, d := range []wrong{{}, {need: 1}, {need: math.MinInt}} {
		p := newScript()
		seen := make(chan int, 100)
		p.data = func(t *protocol.Transport, b []byte) int {
			seen <- len(b)
			return protocol.Frames(t, b, d, frameFunc(func(t *protocol.Transport, _ []byte) { t.Abort() }))
		}
		_, c := pair(t, p, protocol.Config{})
		for n := range 3 {
			c.Write([]byte("x"))
			if got := next(t, "Data", seen); got != n+1 {
				t.Errorf("%+v: Data got %d bytes, want %d", d, got, n+1)
			}
		}
	}
}

// The largest limits are limits, and no sum overflows.
func TestLargestLimits(t *testing.T) {
	for _, limit := range []int{math.MaxInt, math.MaxInt - 1, math.MaxInt - 10} {
		for name, d := range map[string]protocol.Decoder{
			"Delimiter": protocol.Delimiter{End: []byte("\r\n"), Limit: limit},
			"Line":      protocol.Line{Limit: limit},
			"Varint":    protocol.Length{Bytes: protocol.Varint, Limit: limit},
			"8 bytes":   protocol.Length{Bytes: 8, Limit: limit},
			"Whole":     protocol.Length{Bytes: 8, Limit: limit, Whole: true},
			"Fixed":     protocol.Fixed{Size: limit},
		} {
			for _, in := range []string{"", "a", "abc\r\ndef", "\x7f\xff\xff\xff\xff\xff\xff\xffx", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
				if frame, used, need, _ := d.Decode([]byte(in)); used < 0 || used > len(in) || need < 0 || len(frame) > used {
					t.Errorf("%s, limit %d, %q: frame %q, used %d, need %d", name, limit, in, frame, used, need)
				}
			}
		}
	}
}

// Data may leave ReadLimit bytes.
func TestReadLimitExactly(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	left := make(chan int, 1)
	p.data = func(_ *protocol.Transport, b []byte) int { return 0 }
	p.eof = func(t *protocol.Transport) { left <- len(t.Unread()); t.Close() }
	_, c := pair(t, p, protocol.Config{ReadLimit: 1000})
	c.Write(bytes.Repeat([]byte("x"), 1000))
	c.CloseWrite()
	if n := next(t, "EOF", left); n != 1000 {
		t.Errorf("%d bytes unread, want 1000", n)
	}
	socktest.Must(t, next(t, "Lost", p.lost))
	// A frame as long as the limit, with its end a byte later.
	lines := newScript()
	got := make(chan int, 1)
	lines.data = func(t *protocol.Transport, b []byte) int {
		return protocol.Frames(t, b, protocol.Line{Limit: 1000}, frameFunc(func(_ *protocol.Transport, line []byte) { got <- len(line) }))
	}
	s, c := pair(t, lines, protocol.Config{Loops: 1, ReadLimit: 1000})
	c.Write(bytes.Repeat([]byte("x"), 1000))
	socktest.Await(t, "the line without its end", func() (is bool) {
		if len(lines.lost) > 0 {
			return true
		}
		on(t, s, func() { is = len(s.Unread()) == 1000 })
		return is
	})
	c.Write([]byte("\n"))
	if n := next(t, "the line", got); n != 1000 {
		t.Errorf("a line of %d bytes, want 1000", n)
	}
}

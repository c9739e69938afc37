package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestDecode(t *testing.T) {
	var limit *protocol.LimitError
	var option *protocol.OptionError
	for _, tt := range []struct {
		name  string
		d     protocol.Decoder
		in    string
		frame string
		used  int
		need  int
		err   any
	}{
		{"line", protocol.Line{}, "abc\ndef", "abc", 4, 0, nil},
		{"line with CR", protocol.Line{}, "abc\r\n", "abc", 5, 0, nil},
		{"empty line", protocol.Line{}, "\n", "", 1, 0, nil},
		{"CR alone", protocol.Line{}, "\r\n", "", 2, 0, nil},
		{"part of a line", protocol.Line{}, "abc", "", 0, 0, nil},
		{"line at the limit", protocol.Line{Limit: 3}, "abc\r\n", "abc", 5, 0, nil},
		{"part at the limit", protocol.Line{Limit: 3}, "abc\r", "", 0, 0, nil},
		{"line beyond the limit", protocol.Line{Limit: 3}, "abcd\n", "", 0, 0, &limit},
		{"part beyond the limit", protocol.Line{Limit: 3}, "abcd", "", 0, 0, &limit},
		{"CR in the middle", protocol.Line{Limit: 3}, "abc\rx", "", 0, 0, &limit},
		{"delimiter", protocol.Delimiter{End: []byte("--")}, "a-b--c", "a-b", 5, 0, nil},
		{"half a delimiter", protocol.Delimiter{End: []byte("--"), Limit: 1}, "a-", "", 0, 0, nil},
		{"beyond the limit", protocol.Delimiter{End: []byte("--"), Limit: 1}, "ab-", "", 0, 0, &limit},
		{"no delimiter", protocol.Delimiter{}, "ab", "", 0, 0, errors.New("")},
		{"fixed", protocol.Fixed{Size: 2}, "abc", "ab", 2, 0, nil},
		{"part of fixed", protocol.Fixed{Size: 2}, "a", "", 0, 2, nil},
		{"no size", protocol.Fixed{}, "a", "", 0, 0, &option},
		{"1 byte", protocol.Length{Bytes: 1}, "\x02abc", "ab", 3, 0, nil},
		{"2 bytes", protocol.Length{Bytes: 2}, "\x00\x02abc", "ab", 4, 0, nil},
		{"2 bytes, little", protocol.Length{Bytes: 2, LittleEndian: true}, "\x02\x00abc", "ab", 4, 0, nil},
		{"4 bytes", protocol.Length{Bytes: 4}, "\x00\x00\x00\x01a", "a", 5, 0, nil},
		{"4 bytes, little", protocol.Length{Bytes: 4, LittleEndian: true}, "\x01\x00\x00\x00a", "a", 5, 0, nil},
		{"8 bytes", protocol.Length{Bytes: 8}, "\x00\x00\x00\x00\x00\x00\x00\x00", "", 8, 0, nil},
		{"8 bytes, little, a lie", protocol.Length{Bytes: 8, LittleEndian: true}, "\xff\xff\xff\xff\xff\xff\xff\xff", "", 0, 0, &limit},
		{"varint", protocol.Length{Bytes: protocol.Varint}, "\x02ab", "ab", 3, 0, nil},
		{"varint of two", protocol.Length{Bytes: protocol.Varint}, "\x80\x01", "", 0, 130, nil},
		{"half a varint", protocol.Length{Bytes: protocol.Varint}, "\x80", "", 0, 0, nil},
		{"varint without end", protocol.Length{Bytes: protocol.Varint}, strings.Repeat("\xff", 11), "", 0, 0, errors.New("")},
		{"part of the number", protocol.Length{Bytes: 4}, "\x00", "", 0, 4, nil},
		{"part of the frame", protocol.Length{Bytes: 2}, "\x00\x05abc", "", 0, 7, nil},
		{"the whole", protocol.Length{Bytes: 2, Whole: true}, "\x00\x04abc", "ab", 4, 0, nil},
		{"less than the number", protocol.Length{Bytes: 2, Whole: true}, "\x00\x01abc", "", 0, 0, errors.New("")},
		{"beyond the limit of length", protocol.Length{Bytes: 2, Limit: 4}, "\x00\x05abcde", "", 0, 0, &limit},
		{"a negative limit", protocol.Length{Bytes: 1, Limit: -1}, "\x01a", "", 0, 0, &option},
		{"a line with a negative limit", protocol.Line{Limit: -1}, "a\n", "", 0, 0, &option},
		{"a delimiter with a negative limit", protocol.Delimiter{End: []byte{0}, Limit: -1}, "a\x00", "", 0, 0, &option},
		{"an empty delimiter", protocol.Delimiter{}, "abc", "", 0, 0, &option},
		{"no such width", protocol.Length{Bytes: 3}, "abcde", "", 0, 0, &option},
		{"zero width", protocol.Length{}, "abcde", "", 0, 0, &option},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame, used, need, err := tt.d.Decode([]byte(tt.in))
			bad := (err != nil) != (tt.err != nil)
			switch want := tt.err.(type) {
			case **protocol.LimitError:
				bad = !errors.As(err, want)
			case **protocol.OptionError:
				bad = !errors.As(err, want)
			}
			if string(frame) != tt.frame || used != tt.used || need != tt.need || bad {
				t.Errorf("%q, used %d, need %d, %v", frame, used, need, err)
			}
		})
	}
}

// A stream of frames, cut anywhere, is decoded to what was encoded; and nothing in it makes a
// decoder panic or use what is not there.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("abc\r\n\x00\x02xy--"), 3)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 1)
	f.Add([]byte{0x80, 0x80, 0x01, 0, 0, 0, 0, 0, 0, 5}, 2)
	decoders := []protocol.Decoder{protocol.Line{Limit: 20}, protocol.Delimiter{End: []byte("--"), Limit: 20}, protocol.Fixed{Size: 7}}
	lengths := []protocol.Length{}
	for _, n := range []int{1, 2, 4, 8, protocol.Varint} {
		for _, little := range []bool{false, true} {
			lengths = append(lengths, protocol.Length{Bytes: n, LittleEndian: little, Limit: 40})
			if n != protocol.Varint {
				lengths = append(lengths, protocol.Length{Bytes: n, LittleEndian: little, Whole: true, Limit: 40})
			}
		}
	}
	for _, l := range lengths {
		decoders = append(decoders, l)
	}
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		for _, d := range decoders {
			frame, used, need, err := d.Decode(p)
			if used < 0 || used > len(p) || need < 0 || len(frame) > used || err != nil && used != 0 || used == 0 && need != 0 && need <= len(p) {
				t.Fatalf("%#v: %q gives %q, used %d, need %d, %v", d, p, frame, used, need, err)
			}
			if used > 0 { // the same with less, and with more
				if f2, used2, _, err := d.Decode(append(append([]byte{}, p[:used]...), "more"...)); used2 != used || err != nil || !bytes.Equal(f2, frame) {
					t.Fatalf("%#v: %q gives %q, %q without the rest, %v", d, p, frame, f2, err)
				}
				if _, ok := d.(protocol.Line); !ok {
					if _, used2, _, _ := d.Decode(p[:used-1]); used2 == used {
						t.Fatalf("%#v: %q gives a frame without its end", d, p)
					}
				}
			}
		}
		if cut <= 0 || len(p) > 40 {
			return
		}
		for _, l := range lengths {
			b, err := l.Append(nil, p)
			if err == nil {
				b, err = l.Append(b, p[:min(cut, len(p))])
			}
			if err != nil {
				t.Fatalf("%#v: %v", l, err)
			}
			first, used, _, err := l.Decode(b)
			if err != nil || !bytes.Equal(first, p) {
				t.Fatalf("%#v: %q, %v", l, first, err)
			}
			second, _, _, err := l.Decode(b[used:])
			if err != nil || !bytes.Equal(second, p[:min(cut, len(p))]) {
				t.Fatalf("%#v: %q, %v", l, second, err)
			}
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	for name, err := range map[string]error{
		"too long":        second(protocol.Length{Bytes: 2, Limit: 5}.Append(nil, make([]byte, 6))),
		"beyond a byte":   second(protocol.Length{Bytes: 1, Limit: 1000}.Append(nil, make([]byte, 256))),
		"with the number": second(protocol.Length{Bytes: 1, Whole: true, Limit: 1000}.Append(nil, make([]byte, 255))),
		"no width":        second(protocol.Length{}.Append(nil, nil)),
		"varint, whole":   second(protocol.Length{Bytes: protocol.Varint, Whole: true}.Append(nil, nil)),
		"its delimiter":   second(protocol.Delimiter{End: []byte("x")}.Append(nil, []byte("axb"))),
		"no delimiter":    second(protocol.Delimiter{}.Append(nil, []byte("axb"))),
		"long":            second(protocol.Delimiter{End: []byte("x"), Limit: 1}.Append(nil, []byte("ab"))),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ []byte, err error) error { return err }

// rpc answers each frame with its length.
type rpc struct {
	script
	frames protocol.Length
}

func (r *rpc) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, r.frames, r) }
func (r *rpc) Frame(t *protocol.Transport, frame []byte) {
	if err := r.frames.Write(t, fmt.Append(nil, len(frame))); err != nil {
		t.Abort()
	}
}

func TestFrames(t *testing.T) {
	socktest.Check(t)
	r := &rpc{*newScript(), protocol.Length{Bytes: 4, Limit: 100_000}}
	_, at := serve(t, each(r))
	c := dial(t, at)
	var all []byte
	sizes := []int{0, 1, 10, 5000, 70_000, 3, 100_000}
	for _, n := range sizes {
		var err error
		all, err = r.frames.Append(all, make([]byte, n))
		socktest.Must(t, err)
	}
	go func() {
		c.Write(all[:3])
		c.Write(all[3:20])
		c.Write(all[20:])
	}()
	for _, n := range sizes {
		want(t, c, "\x00\x00\x00"+string(rune(len(fmt.Sprint(n))))+fmt.Sprint(n))
	}
	c.Write([]byte{0, 2, 0, 0}) // a frame beyond the limit
	var limit *protocol.LimitError
	if err := next(t, "Lost", r.lost); !errors.As(err, &limit) || limit.Limit != 100_000 || limit.Size != 2<<16 {
		t.Errorf("lost by %v", err)
	}
}

// counting is a decoder that counts the bytes that it looks at.
type counting struct {
	protocol.Line
	looks *atomic.Int64
}

func (c counting) Decode(p []byte) ([]byte, int, int, error) { return c.DecodeFrom(p, 0) }

func (c counting) DecodeFrom(p []byte, looked int) ([]byte, int, int, error) {
	c.looks.Add(int64(len(p) - looked))
	return c.Line.DecodeFrom(p, looked)
}

// longLines answers with the length of each line.
type longLines struct {
	protocol.Base
	decoder counting
}

func (l longLines) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, l.decoder, l)
}

func (l longLines) Frame(t *protocol.Transport, line []byte) { fmt.Fprintf(t, "%d\n", len(line)) }

// A line of 1 MiB that comes in small parts is looked at once, and not once for each part.
func TestLineInParts(t *testing.T) {
	socktest.Check(t)
	l := longLines{decoder: counting{protocol.Line{Limit: 1 << 20}, new(atomic.Int64)}}
	cfg := each(l)
	cfg.ReadLimit = 2 << 20
	_, at := serve(t, cfg)
	c := dial(t, at)
	const size = 1 << 20
	line := append(bytes.Repeat([]byte{'x'}, size), "\nshort\nrest"...)
	for len(line) > 0 {
		n, err := c.Write(line[:min(256, len(line))])
		if err != nil {
			t.Fatal(err)
		}
		line = line[n:]
	}
	want(t, c, fmt.Sprintf("%d\n5\n", size))
	if n := l.decoder.looks.Load(); n < size || n > size+100 {
		t.Errorf("looked at %d bytes, want %d", n, size)
	}
}

// A decoder that goes on does not look at what it has seen, one byte at a time over 1 MiB: there is
// an end in it that it must not find. An end of several bytes may have begun there.
func TestDecodeFrom(t *testing.T) {
	const size = 1 << 20
	p := bytes.Repeat([]byte{'\n'}, size)
	line, crlf := protocol.Line{Limit: size}, protocol.Delimiter{End: []byte("\n\n"), Limit: size}
	for _, d := range []protocol.ResumingDecoder{line, crlf} {
		for n := range size {
			q := p[:n+1]
			q[n] = 'x'
			if _, used, _, err := d.DecodeFrom(q, n); used != 0 || err != nil {
				t.Fatalf("%T: after %d bytes: used %d, %v", d, n, used, err)
			}
			q[n] = '\n'
		}
	}
	q := []byte("ab\n\ncd")
	for looked := range 4 {
		if frame, used, _, err := crlf.DecodeFrom(q, min(looked, 3)); string(frame) != "ab" || used != 4 || err != nil {
			t.Errorf("looked at %d: %q, %d, %v", looked, frame, used, err)
		}
	}
	if frame, used, _, err := line.DecodeFrom([]byte("abc\r\nd"), 4); string(frame) != "abc" || used != 5 || err != nil {
		t.Errorf("%q, %d, %v", frame, used, err)
	}
}

// A protocol that takes over in the middle of the data sees the rest from its first byte on, though
// the one before had looked at it.
func TestFramesOfAnotherProtocol(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	upper := newScript()
	upper.data = func(t *protocol.Transport, b []byte) int {
		return protocol.Frames(t, b, protocol.Delimiter{End: []byte(";")}, frameFunc(func(t *protocol.Transport, f []byte) { fmt.Fprintf(t, "<%s>", f) }))
	}
	p.data = func(t *protocol.Transport, b []byte) int {
		return protocol.Frames(t, b, protocol.Line{}, frameFunc(func(t *protocol.Transport, f []byte) {
			if string(f) == "switch" {
				t.SetProtocol(upper)
			}
		}))
	}
	_, c := pair(t, p, protocol.Config{})
	c.Write([]byte("switch\nall of this; has no line;"))
	want(t, c, "<all of this>< has no line>")
}

type frameFunc func(t *protocol.Transport, frame []byte)

func (f frameFunc) Frame(t *protocol.Transport, frame []byte) { f(t, frame) }

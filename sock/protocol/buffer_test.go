package protocol_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// Buffers come back, each once and as it was, when they are sent; writes between them keep their
// place. With and without MSG_ZEROCOPY, which copies on loopback and is switched off then.
func TestWriteBuffer(t *testing.T) {
	for _, tt := range []struct {
		name string
		zero int
	}{{"copied", 0}, {"zero-copy", 4096}} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			p := newScript()
			s, c := pair(t, p, protocol.Config{ZeroCopy: tt.zero, WriteLimit: 4 << 20})
			var want bytes.Buffer
			var futures []loop.Future[[]byte]
			var given [][]byte
			for i := range 12 {
				size := []int{300_000, 10, 0, 50_000}[i%4]
				b := bytes.Repeat([]byte{byte('a' + i)}, size)
				want.Write(b)
				want.WriteString("-")
				futures, given = append(futures, s.WriteBuffer(b)), append(given, b)
				s.WriteString("-")
			}
			got := make([]byte, want.Len())
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want.Bytes()) {
				t.Fatalf("%v, or other bytes; lost: %d", err, len(p.lost))
			}
			for i, f := range futures {
				b, err := f.Wait(patience(t))
				if err != nil || len(b) != len(given[i]) || len(b) > 0 && &b[0] != &given[i][0] {
					t.Errorf("buffer %d: %d bytes came back, %v", i, len(b), err)
				}
			}
			s.Close()
			c.Close()
			if err := next(t, "Lost", p.lost); err != nil {
				t.Errorf("lost by %v", err)
			}
			if b, err := s.WriteBuffer([]byte("x")).Wait(patience(t)); err == nil || string(b) != "x" {
				t.Errorf("after the end: %q, %v", b, err)
			}
		})
	}
}

// A connection that is aborted ends the futures of its buffers: they do not come back.
func TestWriteBufferLost(t *testing.T) {
	for _, zero := range []int{0, 4096} {
		socktest.Check(t)
		p := newScript()
		s, _ := pair(t, p, protocol.Config{ZeroCopy: zero})
		f := s.WriteBuffer(make([]byte, 64<<20)) // more than the system takes
		s.Abort()
		if b, err := f.Wait(patience(t)); b != nil || !errors.Is(err, protocol.ErrAborted) {
			t.Errorf("%d: %d bytes came back, %v", zero, len(b), err)
		}
		next(t, "Lost", p.lost)
	}
}

package protocol_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A message of SOCK_SEQPACKET that is larger than the loop's buffer arrives whole, up to ReadLimit.
// The connection ends by a *LimitError for a longer one, and does not lose its end silently.
func TestLargeMessages(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		name       string
		limit, big int // bytes
	}{
		{"the default", 0, 200 << 10},
		{"the limit", 100 << 10, 100 << 10},
		{"beyond the limit", 100 << 10, 100<<10 + 1},
		{"a limit below the buffer", 10, 64 << 10},
		{"beyond the buffer", 10, 64<<10 + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
			socktest.Must(t, err)
			defer b.Close()
			b.SetTimeout(socktest.Patience)
			socktest.Must(t, b.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 1<<20))
			c := client(t, &protocol.Config{Loops: 1, ReadLimit: tt.limit})
			p := newScript()
			got := make(chan []byte, 10)
			p.data = func(_ *protocol.Transport, b []byte) int {
				got <- append([]byte(nil), b...)
				return -1 // the result is ignored
			}
			_, err = c.Adopt(a, p)
			socktest.Must(t, err)
			big := make([]byte, tt.big)
			big[tt.big-1] = 'z'
			for _, m := range [][]byte{[]byte("first"), big, []byte("last")} {
				if _, err = b.Send(m, 0); err != nil && string(m) != "last" {
					t.Fatal(err)
				}
			}
			if m := next(t, "the first message", got); string(m) != "first" {
				t.Errorf("%q", m)
			}
			if limit := max(tt.limit, 64<<10); tt.limit != 0 && tt.big > limit {
				var over *protocol.LimitError
				if err := next(t, "Lost", p.lost); !errors.As(err, &over) || over.Option != "ReadLimit" || over.Size <= over.Limit || over.Limit != limit {
					t.Errorf("lost by %v, want a LimitError of ReadLimit", err)
				}
				return
			}
			if m := next(t, "the large message", got); len(m) != tt.big || m[tt.big-1] != 'z' {
				t.Errorf("%d bytes, want %d", len(m), tt.big)
			}
			if m := next(t, "the last message", got); string(m) != "last" {
				t.Errorf("%q", m)
			}
		})
	}
}

package sock_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A receive stops at the urgent mark, and Sockatmark tells that it is there.
func TestSockatmark(t *testing.T) {
	for _, tt := range []struct {
		kind   socktest.Kind
		inline bool
	}{{socktest.TCP, true}, {socktest.TCP, false}, {socktest.UnixStream, true}, {socktest.UnixStream, false}} {
		t.Run(fmt.Sprintf("%s, SO_OOBINLINE %v", tt.kind.Name, tt.inline), func(t *testing.T) {
			inline := tt.inline
			if tt.kind == socktest.UnixStream && runtime.GOOS != "linux" {
				t.Skip("only Linux has urgent data on AF_UNIX streams")
			}
			if !inline && runtime.GOOS == "windows" {
				t.Skip("SIOCATMARK of Windows needs SO_OOBINLINE")
			}
			socktest.Check(t)
			a, b := tt.kind.Pair(t)
			want := "after"
			if inline {
				socktest.Must(t, b.Setsockopt(sock.SOL_SOCKET, sock.SO_OOBINLINE, 1))
				want = "!after"
			}
			for _, part := range []struct {
				text  string
				flags int
			}{{"before", 0}, {"!", sock.MSG_OOB}, {"after", 0}} {
				n, err := a.Send([]byte(part.text), part.flags)
				if tt.kind == socktest.UnixStream && errors.Is(err, syscall.EOPNOTSUPP) {
					t.Skip("a kernel without urgent data on AF_UNIX streams: Linux 5.15 has it")
				}
				if err != nil || n != len(part.text) {
					t.Fatalf("%d of %q, %v", n, part.text, err)
				}
			}
			socktest.Must(t, a.Shutdown(sock.SHUT_WR))
			if p, err := b.Recv(100, 0); err != nil || string(p) != "before" {
				t.Fatalf("%q, %v", p, err)
			}
			socktest.Await(t, "the mark", func() bool {
				at, err := b.Sockatmark()
				socktest.Must(t, err)
				return at
			})
			if p, err := io.ReadAll(b); err != nil || string(p) != want {
				t.Errorf("%q behind the mark, %v", p, err)
			}
			if at, err := b.Sockatmark(); runtime.GOOS != "windows" && (at || err != nil) {
				t.Errorf("at the end: %v, %v", at, err)
			}
		})
	}
}

// A datagram socket has no urgent data.
func TestSockatmarkWithoutUrgentData(t *testing.T) {
	socktest.Check(t)
	s, _ := socktest.UDP.Bound(t)
	at, err := s.Sockatmark()
	if at || runtime.GOOS == "linux" && !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("%v, %v", at, err)
	}
}

package sock

import (
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A short receive proves an empty socket only of plain TCP.
func TestShortReceiveProves(t *testing.T) {
	for _, tt := range []struct {
		name           string
		family         Family
		typ            Type
		proto          Protocol
		state          uint32
		n, room, flags int
		want           bool
	}{
		{"TCP", AF_INET, SOCK_STREAM, 0, 0, 3, 8, 0, true},
		{"TCP over IPv6, by its number", AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0, 3, 8, 0, true},
		{"a full buffer", AF_INET, SOCK_STREAM, 0, 0, 8, 8, 0, false},
		{"the end", AF_INET, SOCK_STREAM, 0, 0, 0, 8, 0, false},
		{"MSG_TRUNC, which counts what it has dropped", AF_INET, SOCK_STREAM, 0, 0, 3, 8, MSG_TRUNC, false},
		{"an upper layer protocol", AF_INET, SOCK_STREAM, 0, hasULP, 3, 8, 0, false},
		{"a duplicate, which may have got one", AF_INET, SOCK_STREAM, 0, isShared, 3, 8, 0, false},
		{"SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP, 0, 3, 8, 0, false},
		{"MPTCP", AF_INET, SOCK_STREAM, 262, 0, 3, 8, 0, false},
		{"Unix", AF_UNIX, SOCK_STREAM, 0, 0, 3, 8, 0, false},
		{"datagrams", AF_INET, SOCK_DGRAM, 0, 0, 3, 8, 0, false},
	} {
		s := &core{family: int32(tt.family), typ: int32(tt.typ), proto: int32(tt.proto)}
		s.flags.Store(tt.state)
		if got := s.hasDrained(tt.n, tt.room, tt.flags); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A batch that is not full proves an empty queue only where the kernel stops for nothing else.
func TestShortBatchProves(t *testing.T) {
	for _, tt := range []struct {
		name           string
		family         Family
		typ            Type
		n, room, flags int
		want           bool
	}{
		{"UDP", AF_INET, SOCK_DGRAM, 3, 8, 0, true},
		{"UDP over IPv6", AF_INET6, SOCK_DGRAM, 3, 8, 0, true},
		{"Unix", AF_UNIX, SOCK_DGRAM, 3, 8, 0, true},
		{"a full batch", AF_INET, SOCK_DGRAM, 8, 8, 0, false},
		{"MSG_PEEK", AF_INET, SOCK_DGRAM, 3, 8, MSG_PEEK, false},
		{"Unix connections, which end", AF_UNIX, SOCK_SEQPACKET, 3, 8, 0, false},
		{"netlink", AF_NETLINK, SOCK_RAW, 3, 8, 0, false},
	} {
		s := &core{family: int32(tt.family), typ: int32(tt.typ)}
		if got := s.drainedBy(tt.n, tt.room, tt.flags); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// What is put above a socket of a duplicate's, or by number, or before it was adopted, is known.
func TestShortReceiveLearns(t *testing.T) {
	pair := func() *Socket {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		s, err := New(AF_INET, SOCK_STREAM, 0)
		if err == nil {
			t.Cleanup(func() { s.Close() })
			err = s.Connect(Inet("127.0.0.1", ln.Addr().(*net.TCPAddr).Port))
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	knows := func(s *Socket, what string, bit uint32) {
		t.Helper()
		if s.flags.Load()&bit == 0 {
			t.Errorf("%s: not known", what)
		}
	}
	s := pair()
	dup, err := s.Dup()
	if err != nil {
		t.Fatal(err)
	}
	defer dup.Close()
	knows(s, "a socket that was duplicated", isShared)
	knows(dup, "a duplicate", isShared)

	s = pair()
	if err := s.SetsockoptBytes(IPPROTO_TCP, TCP_ULP, []byte("tls")); errors.Is(err, syscall.ENOENT) {
		t.Skip("run this on a kernel with CONFIG_TLS:", err)
	} else if err != nil {
		t.Fatal(err)
	}
	knows(s, "TCP_ULP as bytes", hasULP)
	fd := s.Detach()
	adopted, err := Adopt(fd, -1, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer adopted.Close()
	knows(adopted, "a descriptor that had TCP_ULP", hasULP)
	runtime.KeepAlive(s)
}

// A MSG_PEEK beyond what is there, with SO_PEEK_OFF, says nothing of a receive that takes it.
func TestPeekOffsetHidesNothing(t *testing.T) {
	a, b, err := Pair(AF_UNIX, SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	for _, joined := range []bool{false, true} {
		if joined {
			if err := a.Join(nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(a.SetTimeout(0), a.Setsockopt(SOL_SOCKET, unix.SO_PEEK_OFF, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Send([]byte("hello"), 0); err != nil {
			t.Fatal(err)
		}
		if p, err := a.Recv(8, MSG_PEEK); err != nil || string(p) != "hello" {
			t.Fatalf("peeked %q, %v", p, err)
		}
		if p, err := a.Recv(8, MSG_PEEK); !errors.Is(err, ErrWouldBlock) {
			t.Fatalf("peeked %q behind the offset, %v", p, err)
		}
		if err := a.SetTimeout(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		if p, err := a.Recv(8, 0); err != nil || string(p) != "hello" {
			t.Fatalf("received %q, %v", p, err)
		}
	}
}

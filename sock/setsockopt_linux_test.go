package sock_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestOptionsOfLinux(t *testing.T) { // items 148, 149
	socktest.Check(t)
	s := socktest.UDP.New(t)
	for _, test := range []struct {
		name   string
		option int
		want   int
	}{
		{"SO_DOMAIN", sock.SO_DOMAIN, int(sock.AF_INET)},
		{"SO_PROTOCOL", sock.SO_PROTOCOL, sock.IPPROTO_UDP},
		{"SO_BINDTOIFINDEX", 62, 0}, // <asm-generic/socket.h>
	} {
		if got, err := s.Getsockopt(sock.SOL_SOCKET, test.option); got != test.want || err != nil {
			t.Errorf("%s = %d, %v; want %d", test.name, got, err, test.want)
		}
	}
	// The value is -1 before the first packet, and then the processor of the last one.
	if cpu, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_INCOMING_CPU); cpu < -1 || err != nil {
		t.Errorf("SO_INCOMING_CPU = %d, %v", cpu, err)
	}
	// This needs CAP_NET_ADMIN.
	if err := s.Setsockopt(sock.SOL_SOCKET, sock.SO_MARK, 7); err == nil {
		if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_MARK); got != 7 || err != nil {
			t.Errorf("SO_MARK = %d, %v", got, err)
		}
	} else if !errors.Is(err, syscall.EPERM) {
		t.Errorf("SO_MARK: %v, want EPERM if anything", err)
	}
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_PRIORITY, 5))
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_PRIORITY); got != 5 || err != nil {
		t.Errorf("SO_PRIORITY = %d, %v", got, err)
	}
	// Linux doubles the value, for its own data: socket(7).
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 10000))
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF); got != 20000 || err != nil {
		t.Errorf("SO_RCVBUF = %d, %v", got, err)
	}
	if name, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_BINDTODEVICE, 16); len(name) != 0 || err != nil {
		t.Errorf("SO_BINDTODEVICE = %q, %v", name, err)
	}
}

// An unsigned value of 32 bits is accepted; in Python it needs four bytes.
func TestOptionUnsigned(t *testing.T) { // item 142
	socktest.Check(t)
	const maxPacingRate = 47 // SO_MAX_PACING_RATE, <asm-generic/socket.h>
	s := socktest.TCP.New(t)
	greatest := int64(math.MaxUint32)
	if err := s.Setsockopt(sock.SOL_SOCKET, maxPacingRate, int(greatest)); err != nil {
		t.Error(err)
	}
}

func TestOptionPeerCredentials(t *testing.T) { // item 149
	socktest.Check(t)
	a, b, err := sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	defer a.Close()
	defer b.Close()
	// struct ucred { pid_t pid; uid_t uid; gid_t gid; }, <sys/socket.h>
	p, err := a.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_PEERCRED, 12)
	if err != nil || len(p) != 12 {
		t.Fatalf("SO_PEERCRED = %v, %v", p, err)
	}
	for i, want := range []int{os.Getpid(), os.Getuid(), os.Getgid()} {
		if got := binary.NativeEndian.Uint32(p[4*i:]); int(got) != want {
			t.Errorf("SO_PEERCRED[%d] = %d, want %d", i, got, want)
		}
	}
}

package sock_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestLinger(t *testing.T) { // item 148
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, tt := range []struct{ set, want sock.Linger }{
		{sock.Linger{On: true, Time: 7 * time.Second}, sock.Linger{On: true, Time: 7 * time.Second}},
		{sock.Linger{On: true, Time: time.Millisecond}, sock.Linger{On: true, Time: time.Second}},
		{sock.Linger{On: true}, sock.Linger{On: true}},
		{sock.Linger{}, sock.Linger{}},
	} {
		socktest.Must(t, s.SetLinger(tt.set))
		if got, err := s.Linger(); got != tt.want || err != nil {
			t.Errorf("%+v became %+v, %v; want %+v", tt.set, got, err, tt.want)
		}
	}
	var arg *sock.ArgError
	for _, d := range []time.Duration{-1, sock.Forever} {
		if err := s.SetLinger(sock.Linger{On: true, Time: d}); !errors.As(err, &arg) {
			t.Errorf("%v: %v", d, err)
		}
	}
	// With a time of 0 the connection is reset.
	a, b := socktest.TCP.Pair(t)
	socktest.Must(t, b.SetTimeout(socktest.Patience))
	socktest.Must(t, a.SetLinger(sock.Linger{On: true}))
	socktest.Must(t, a.Close())
	if _, err := b.Recv(1, 0); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want ECONNRESET", err)
	}
}

func TestTimeval(t *testing.T) {
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, tt := range []struct{ set, want time.Duration }{
		{0, 0}, {3*time.Second + 500*time.Millisecond, 3*time.Second + 500*time.Millisecond}, {time.Hour, time.Hour},
	} {
		socktest.Must(t, s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, tt.set))
		if got, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO); got != tt.want || err != nil {
			t.Errorf("%v became %v, %v", tt.set, got, err)
		}
	}
	socktest.Must(t, s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, 1)) // 1 ns must not become 0
	if got, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO); got <= 0 || got > 20*time.Millisecond || err != nil {
		t.Errorf("a nanosecond became %v, %v", got, err)
	}
	var arg *sock.ArgError
	if err := s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, -1); !errors.As(err, &arg) {
		t.Error(err)
	}
	if _, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_TYPE); err == nil {
		t.Error("an int was taken for a time")
	}
	if err := s.SetsockoptTimeval(sock.SOL_SOCKET, 9999, 1); !errors.Is(err, syscall.ENOPROTOOPT) {
		t.Error(err)
	}
}

func TestPeer(t *testing.T) { // item 149
	socktest.Check(t)
	a, _ := socktest.UnixStream.Pair(t)
	self := sock.Ucred{PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid()}
	if got, err := a.PeerCred(); got != self || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, self)
	}
	switch fd, err := a.PeerPidFD(); {
	case errors.Is(err, syscall.ENOPROTOOPT):
		t.Log("SO_PEERPIDFD came with Linux 6.5:", err)
	case err != nil:
		t.Error(err)
	default:
		socktest.Must(t, unix.PidfdSendSignal(fd, 0, nil, 0))
		socktest.Must(t, sock.Close(fd))
	}
	if fd, err := socktest.UnixStream.New(t).PeerPidFD(); err == nil || fd != -1 {
		t.Errorf("of an unconnected socket: %d, %v", fd, err)
	}
}

func TestBindToDevice(t *testing.T) { // item 149
	socktest.Check(t)
	name, err := sock.IfIndextoname(loopbackIndex(t))
	socktest.Must(t, err)
	s := socktest.UDP.New(t)
	if got, err := s.BoundDevice(); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.BindToDevice(name); errors.Is(err, syscall.EPERM) {
		t.Skip("run this with CAP_NET_RAW:", err)
	} else {
		socktest.Must(t, err)
	}
	if got, err := s.BoundDevice(); got != name || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if b, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_BINDTODEVICE, 16); string(b) != name+"\x00" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_BINDTOIFINDEX); n != loopbackIndex(t) || err != nil {
		t.Error(n, err)
	}
	socktest.Must(t, s.BindToDevice(""))
	if got, err := s.BoundDevice(); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.BindToDevice("no-such-device"); !errors.Is(err, syscall.ENODEV) {
		t.Error(err)
	}
	var arg *sock.ArgError
	for _, name := range []string{"sixteen-bytes-16", "a\x00b"} {
		if err := s.BindToDevice(name); !errors.As(err, &arg) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// SO_MARK needs a privilege. Any program may set SO_INCOMING_CPU.
	if err := s.Setsockopt(sock.SOL_SOCKET, sock.SO_MARK, 7); !errors.Is(err, syscall.EPERM) {
		socktest.Must(t, err)
		if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_MARK); n != 7 || err != nil {
			t.Error(n, err)
		}
	}
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_INCOMING_CPU, 0))
	if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_INCOMING_CPU); n != 0 || err != nil {
		t.Error(n, err)
	}
}

package sock_test

import (
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// The kernel's view of the descriptor of a socket.

func nonblocking(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	socktest.Must(t, err)
	return flags&unix.O_NONBLOCK != 0
}

func closeOnExec(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	socktest.Must(t, err)
	return flags&unix.FD_CLOEXEC != 0
}

// The descriptor is non-blocking in every mode. In Python it is so only with a timeout.
func TestDescriptorsAreNonBlocking(t *testing.T) { // items 8, 10, 12, 13, 31
	socktest.Check(t)
	for name, s := range socketsOfEachOrigin(t) {
		if !nonblocking(t, s.Fileno()) {
			t.Errorf("%s: the descriptor is blocking", name)
		}
		if !closeOnExec(t, s.Fileno()) {
			t.Errorf("%s: the descriptor is not close-on-exec", name)
		}
		if inheritable, err := s.GetInheritable(); err != nil || inheritable {
			t.Errorf("%s: GetInheritable() = %v, %v", name, inheritable, err)
		}
		for _, timeout := range []time.Duration{sock.Forever, 0, time.Second} {
			socktest.Must(t, s.SetTimeout(timeout))
			if !nonblocking(t, s.Fileno()) {
				t.Errorf("%s: the descriptor is blocking with a timeout of %v", name, timeout)
			}
		}
	}
}

// socketsOfEachOrigin returns a socket from each function that makes one.
func socketsOfEachOrigin(t *testing.T) map[string]*sock.Socket {
	t.Helper()
	all := make(map[string]*sock.Socket)
	add := func(name string, s *sock.Socket, err error) {
		t.Helper()
		socktest.Must(t, err)
		all[name] = socktest.Closing(t, s)
	}
	ln, addr := socktest.TCP.Listener(t)
	add("New", ln, nil)
	d, err := ln.Dup()
	add("Dup", d, err)
	d, err = sock.Fromfd(ln.Fileno(), -1, -1, -1)
	add("Fromfd", d, err)
	c, err := sock.CreateConnection("127.0.0.1", addr.Port(), nil)
	add("CreateConnection", c, err)
	c, _, err = ln.Accept()
	add("Accept", c, err)
	c, err = sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	add("CreateServer", c, err)
	a, b, err := sock.Pair(-1, -1, -1)
	add("Pair, one", a, err)
	add("Pair, the other", b, err)
	return all
}

// Adopt leaves an inheritable descriptor inheritable, and makes a blocking one non-blocking. Python
// does the latter only with a timeout.
func TestAdoptFlags(t *testing.T) { // items 10, 23
	socktest.Check(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	socktest.Must(t, err)
	s, err := sock.Adopt(fd, -1, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	if !nonblocking(t, fd) {
		t.Error("the descriptor is blocking")
	}
	if s.Timeout() != sock.Forever {
		t.Errorf("timeout %v", s.Timeout())
	}
	if inheritable, err := s.GetInheritable(); err != nil || !inheritable {
		t.Errorf("GetInheritable() = %v, %v; Adopt should leave that as it was", inheritable, err)
	}
}

// Only some systems report the protocol; on the others it is 0.
func TestAdoptProtocol(t *testing.T) { // item 19
	socktest.Check(t)
	for _, test := range []struct {
		kind socktest.Kind
		want sock.Protocol
	}{
		{socktest.TCP, sock.IPPROTO_TCP},
		{socktest.UDP, sock.IPPROTO_UDP},
		{socktest.UnixStream, 0},
	} {
		s, err := sock.Adopt(detached(t, test.kind), -1, -1, -1)
		socktest.Must(t, err)
		if s.Proto() != test.want {
			t.Errorf("%s: proto %d, want %d", test.kind.Name, s.Proto(), test.want)
		}
		s.Close()
	}
}

func TestTypeFlags(t *testing.T) { // items 11, 12
	socktest.Check(t)
	setDefaultTimeout(t, time.Second)
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM|sock.SOCK_NONBLOCK|sock.SOCK_CLOEXEC, 0)
	socktest.Must(t, err)
	defer s.Close()
	if s.Type() != sock.SOCK_STREAM || s.Timeout() != 0 {
		t.Errorf("it is %v with timeout %v", s, s.Timeout())
	}
	a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM|sock.SOCK_NONBLOCK, 0)
	socktest.Must(t, err)
	defer a.Close()
	defer b.Close()
	if a.Type() != sock.SOCK_DGRAM || a.Timeout() != 0 || b.Timeout() != 0 {
		t.Errorf("the pair is %v with timeout %v", a, a.Timeout())
	}
	s, err = sock.New(sock.AF_INET, sock.SOCK_STREAM|sock.SOCK_CLOEXEC, 0)
	socktest.Must(t, err)
	defer s.Close()
	if s.Type() != sock.SOCK_STREAM || s.Timeout() != time.Second {
		t.Errorf("it is %v with timeout %v", s, s.Timeout())
	}
}

// Detach leaves the descriptor in the mode of the socket, for a program that does not use pollux.
func TestDetachRestoresTheMode(t *testing.T) { // items 46, 76
	socktest.Check(t)
	for _, test := range []struct {
		name    string
		timeout time.Duration
		want    bool
	}{
		{"blocking", sock.Forever, false},
		{"timeout", time.Second, true},
		{"non-blocking", 0, true},
	} {
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetTimeout(test.timeout))
		fd := s.Detach()
		defer unix.Close(fd)
		if nonblocking(t, fd) != test.want {
			t.Errorf("%s: O_NONBLOCK is %v", test.name, !test.want)
		}
		if !closeOnExec(t, fd) {
			t.Errorf("%s: it is not close-on-exec", test.name)
		}
	}
}

func TestInheritable(t *testing.T) { // items 10, 80
	socktest.Check(t)
	s := socktest.UDP.New(t)
	for _, want := range []bool{true, true, false, false} {
		socktest.Must(t, s.SetInheritable(want))
		if got, err := s.GetInheritable(); err != nil || got != want {
			t.Errorf("GetInheritable() = %v, %v; want %v", got, err, want)
		}
		if closeOnExec(t, s.Fileno()) == want {
			t.Errorf("FD_CLOEXEC is %v", want)
		}
	}
	socktest.Must(t, s.SetInheritable(true))
	d, err := s.Dup()
	socktest.Must(t, err)
	defer d.Close()
	if inheritable, err := d.GetInheritable(); err != nil || inheritable {
		t.Errorf("a duplicate of an inheritable one: %v, %v", inheritable, err)
	}
}

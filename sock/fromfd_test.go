package sock_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// detached returns the bare descriptor of a new socket. The test owns it.
func detached(t *testing.T, k socktest.Kind) int {
	t.Helper()
	return k.New(t).Detach()
}

func TestAdoptTakesOver(t *testing.T) { // items 16, 19
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		fd := detached(t, k)
		s, err := sock.Adopt(fd, -1, -1, -1)
		socktest.Must(t, err)
		if s.Fileno() != fd {
			t.Errorf("descriptor %d, want the very %d", s.Fileno(), fd)
		}
		if s.Family() != k.Family || s.Type() != k.Type {
			t.Errorf("it is %v", s)
		}
		socktest.Must(t, s.Close())
		if _, err := sock.Adopt(fd, -1, -1, -1); !errors.Is(err, syscall.EBADF) {
			t.Errorf("after Close the descriptor is open still: %v", err)
		}
	})
}

func TestAdoptBelieves(t *testing.T) { // items 20, 24, 176
	socktest.Check(t)
	s, err := sock.Adopt(detached(t, socktest.TCP), 9999, 999, 99)
	socktest.Must(t, err)
	defer s.Close()
	if s.Family() != 9999 || s.Type() != 999 || s.Proto() != 99 {
		t.Errorf("it is %v, of family %d, type %d", s, s.Family(), s.Type())
	}
	if text := s.String(); !strings.Contains(text, "family=family 9999, type=999, proto=99") {
		t.Errorf("its text is %s", text)
	}
	if err := s.Bind(sock.Inet("127.0.0.1", 0)); !errors.Is(err, families.ErrBadFamily) {
		t.Errorf("bind: %v, want a bad family", err)
	}
	// In Python: OSError "getsockaddrlen: bad family". This package knows the format that the
	// system returns, so it returns the address.
	if a, err := s.Getsockname(); err != nil || a != sock.Inet("0.0.0.0", 0) {
		t.Errorf("getsockname: %v, %v", a, err)
	}

	// A family that is wrong but known decides how addresses are decoded.
	s2, err := sock.Adopt(detached(t, socktest.TCP), sock.AF_UNIX, -1, -1)
	socktest.Must(t, err)
	defer s2.Close()
	if s2.Family() != sock.AF_UNIX || s2.Type() != sock.SOCK_STREAM {
		t.Errorf("it is %v", s2)
	}
	if err := s2.Bind(sock.Inet("127.0.0.1", 0)); !errors.Is(err, families.ErrFamilyMismatch) {
		t.Errorf("bind: %v, want a mismatch of families", err)
	}
}

func TestAdoptRefuses(t *testing.T) { // items 17, 18, 78
	socktest.Check(t)
	f, err := os.Create(filepath.Join(socktest.Dir(t), "plain"))
	socktest.Must(t, err)
	defer f.Close()
	const closed = 1 << 20 // beyond the limit of descriptors of a process
	for _, fn := range []struct {
		name string
		call func(fd int, family sock.Family, typ sock.Type, proto sock.Protocol) (*sock.Socket, error)
	}{
		{"Adopt", sock.Adopt},
		{"Fromfd", sock.Fromfd},
	} {
		for _, test := range []struct {
			name string
			fd   int
			want error
		}{
			{"closed", closed, syscall.EBADF},
			{"plain file", int(f.Fd()), syscall.ENOTSOCK},
		} {
			for _, given := range []bool{false, true} { // also if the caller gives all values
				family, typ, proto := sock.Family(-1), sock.Type(-1), sock.Protocol(-1)
				if given {
					family, typ, proto = sock.AF_INET, sock.SOCK_STREAM, 0
				}
				s, err := fn.call(test.fd, family, typ, proto)
				if !errors.Is(err, test.want) {
					t.Errorf("%s of a %s descriptor: %v, want %v", fn.name, test.name, err, test.want)
				}
				if s != nil {
					s.Close()
				}
			}
		}
		for _, fd := range []int{-1, -2, -1 << 31} {
			var arg *sock.ArgError
			if _, err := fn.call(fd, -1, -1, -1); !errors.As(err, &arg) || arg.Rule != "negative file descriptor" {
				t.Errorf("%s(%d): %v", fn.name, fd, err)
			}
		}
	}
	if _, err := f.Write(hello); err != nil {
		t.Errorf("the file is the caller's still: %v", err)
	}
}

func TestFromfdDuplicates(t *testing.T) { // item 78
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	s, err := sock.Fromfd(a.Fileno(), sock.AF_INET, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	defer s.Close()
	if s.Fileno() == a.Fileno() {
		t.Error("it has the same descriptor")
	}
	if s.Family() != sock.AF_INET || s.Type() != sock.SOCK_STREAM || s.Proto() != 0 {
		t.Errorf("it is %v", s)
	}
	socktest.Must(t, a.Close())
	echo(t, s, b)
}

// Sockets that are made of a descriptor have the default timeout too.
func TestDefaultTimeoutOfAll(t *testing.T) { // items 13, 23, 39, 65, 82
	socktest.Check(t)
	setDefaultTimeout(t, socktest.Patience)
	ln, addr := socktest.TCP.Listener(t)
	all := map[string]*sock.Socket{"New": ln}
	var err error
	all["Adopt"], err = sock.Adopt(detached(t, socktest.TCP), -1, -1, -1)
	socktest.Must(t, err)
	all["Fromfd"], err = sock.Fromfd(ln.Fileno(), -1, -1, -1)
	socktest.Must(t, err)
	all["Pair, one"], all["Pair, the other"], err = sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	all["CreateConnection"], err = sock.CreateConnection("127.0.0.1", addr.Port(), nil)
	socktest.Must(t, err)
	socktest.Must(t, ln.SetTimeout(sock.Forever)) // an accepted socket does not inherit the listener's timeout
	all["Accept"], _, err = ln.Accept()
	socktest.Must(t, err)
	delete(all, "New")
	all["CreateServer"], err = sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	socktest.Must(t, err)
	for name, s := range all {
		if s.Timeout() != socktest.Patience {
			t.Errorf("%s: timeout %v, want %v", name, s.Timeout(), socktest.Patience)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: second Close: %v", name, err)
		}
	}
}

// echo checks that a and b are connected, by a message in each direction.
func echo(t *testing.T, a, b *sock.Socket) {
	t.Helper()
	for _, way := range [][2]*sock.Socket{{a, b}, {b, a}} {
		from, to := way[0], way[1]
		_, err := from.Sendall(hello, 0)
		socktest.Must(t, err)
		if got, err := to.Recv(100, 0); err != nil || string(got) != string(hello) {
			t.Fatalf("received %q, %v; want %q", got, err, hello)
		}
	}
}

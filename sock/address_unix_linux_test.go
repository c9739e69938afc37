package sock_test

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestUnixLongestPath(t *testing.T) { // item 179
	socktest.Check(t)
	t.Chdir(socktest.Dir(t))
	defer t.Chdir(os.TempDir())
	s := socktest.UnixDatagram.New(t)
	for n, want := range map[int]error{107: nil, 108: families.ErrPathTooLong} {
		if err := s.Bind(sock.Unix(strings.Repeat("a", n))); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", n, err, want)
		}
	}
	if a := socktest.Name(t, s); a != sock.Unix(strings.Repeat("a", 107)) {
		t.Errorf("bound to %v", a)
	}
}

func TestUnixAbstractName(t *testing.T) { // item 180
	socktest.Check(t)
	unique := strconv.Itoa(os.Getpid()) + t.Name()
	for _, name := range []string{
		"\x00" + unique,
		"\x00" + unique + "\x00\x00with\x00NULs\x00",
		"\x00\xff\xfe" + unique,
		"\x00" + unique + strings.Repeat("a", 107-len(unique)),
	} {
		ln := socktest.UnixStream.New(t)
		socktest.Must(t, ln.Bind(sock.Unix(name)))
		socktest.Must(t, ln.Listen(1))
		if a := socktest.Name(t, ln); a != sock.Unix(name) {
			t.Errorf("bound to %q, want %q", a.Path(), name)
		}
		c := socktest.UnixStream.New(t)
		socktest.Must(t, c.Connect(sock.Unix(name)))
		if a, err := c.Getpeername(); a != sock.Unix(name) || err != nil {
			t.Errorf("the peer is %q, %v; want %q", a.Path(), err, name)
		}
		if len(name) == 108 {
			continue
		}
		// A name with one more NUL is another name.
		if err := socktest.UnixStream.New(t).Connect(sock.Unix(name + "\x00")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("to %q and a NUL: %v", name, err)
		}
	}
	long := sock.Unix("\x00" + strings.Repeat("a", 108))
	if err := socktest.UnixStream.New(t).Bind(long); !errors.Is(err, families.ErrPathTooLong) {
		t.Errorf("109 bytes: %v", err)
	}
	if text := sock.Unix("\x00app").String(); text != "@app" {
		t.Errorf("its text is %q", text)
	}
}

func TestUnixAutobind(t *testing.T) { // item 181
	socktest.Check(t)
	pattern := regexp.MustCompile("^\x00[0-9a-f]{5}$")
	a, b := socktest.UnixDatagram.New(t), socktest.UnixDatagram.New(t)
	for _, s := range []*sock.Socket{a, b} {
		socktest.Must(t, s.Bind(sock.Unix("")))
		if name := socktest.Name(t, s); !pattern.MatchString(name.Path()) {
			t.Errorf("bound to %q", name.Path())
		}
	}
	_, err := a.Sendto(hello, 0, socktest.Name(t, b))
	socktest.Must(t, err)
	if p, from, err := b.Recvfrom(10, 0); string(p) != "hello" || from != socktest.Name(t, a) || err != nil {
		t.Errorf("received %q from %v, %v", p, from, err)
	}
	if err := a.Connect(sock.Unix("")); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("connect to no name: %v", err)
	}
}

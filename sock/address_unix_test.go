package sock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestUnixPath(t *testing.T) { // items 178, 182
	socktest.Check(t)
	dir := socktest.Dir(t)
	for _, test := range []struct {
		name, path, want string
	}{
		{"text", dir + "/text", dir + "/text"},
		{"spaces, percent, at", dir + "/a b%41@", dir + "/a b%41@"},
		{"not ASCII", dir + "/größe", dir + "/größe"},
		{"not UTF-8", dir + "/\xff\xfe", dir + "/\xff\xfe"},
		{"an embedded NUL cuts it", dir + "/cut\x00off", dir + "/cut"},
	} {
		s := socktest.UnixDatagram.New(t)
		if err := s.Bind(sock.Unix(test.path)); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if a := socktest.Name(t, s); a != sock.Unix(test.want) {
			t.Errorf("%s: bound to %q, want %q", test.name, a.Path(), test.want)
		}
		if _, err := os.Lstat(test.want); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		sender := socktest.UnixDatagram.New(t)
		if _, err := sender.Sendto(hello, 0, sock.Unix(test.path)); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		socktest.Must(t, wantBytes("hello")(s.Recv(10, 0)))
	}
}

func TestUnixPathRelative(t *testing.T) { // item 178
	socktest.Check(t)
	t.Chdir(socktest.Dir(t))
	s := socktest.UnixStream.New(t)
	socktest.Must(t, s.Bind(sock.Unix("here")))
	if a := socktest.Name(t, s); a != sock.Unix("here") {
		t.Errorf("bound to %v", a)
	}
	t.Chdir(os.TempDir()) // leave the directory before the test removes it
}

func TestUnixPathTooLong(t *testing.T) { // items 5, 179
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		long := sock.Unix("/" + strings.Repeat("a", 200))
		s, d := socktest.UnixStream.New(t), socktest.UnixDatagram.New(t)
		for name, err := range map[string]error{
			"Bind":         s.Bind(long),
			"Connect":      w.On(s).Connect(long),
			"Sendto":       func() error { _, err := w.On(d).Sendto(hello, 0, long); return err }(),
			"ConnectEx":    func() error { _, err := s.ConnectEx(long); return err }(),
			"CreateServer": func() error { _, err := sock.CreateServer(long, nil); return err }(),
		} {
			if !errors.Is(err, families.ErrPathTooLong) || !strings.Contains(err.Error(), "AF_UNIX path too long") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestUnixErrors(t *testing.T) { // items 61, 178
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		dir := socktest.Dir(t)
		plain := filepath.Join(dir, "plain")
		socktest.Must(t, os.WriteFile(plain, nil, 0o600))
		_, datagram := socktest.UnixDatagram.Bound(t)
		for _, test := range []struct {
			name string
			to   sock.Addr
			want systems.Errnos
		}{
			{"nothing there", sock.Unix(filepath.Join(dir, "none")), systems.Errnos{syscall.ENOENT}},
			{"not a socket", sock.Unix(plain), systems.ErrnosHere(systems.ConnectToFile)},
			{"a file in the way", sock.Unix(plain + "/x"), systems.Errnos{syscall.ENOTDIR}},
			{"of another type", datagram, systems.Errnos{syscall.EPROTOTYPE}},
		} {
			if err := w.On(socktest.UnixStream.New(t)).Connect(test.to); !test.want.Has(err) {
				t.Errorf("%s: %v, want %v", test.name, err, test.want)
			}
		}
		if err := socktest.UnixStream.New(t).Bind(sock.Unix(filepath.Join(dir, "none", "x"))); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("bind where there is no directory: %v", err)
		}
		if err := socktest.UnixStream.New(t).Bind(sock.Unix(plain)); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("bind to a file: %v", err)
		}
	})
}

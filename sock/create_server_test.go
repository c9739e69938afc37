package sock_test

import (
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// serving makes a server, checks that it serves, and returns it.
func serving(t *testing.T, a sock.Addr, cfg *sock.ServerConfig) *sock.Socket {
	t.Helper()
	s, err := sock.CreateServer(a, cfg)
	socktest.Must(t, err)
	socktest.Closing(t, s)
	addr := socktest.Name(t, s)
	c, err := sock.New(sock.Family(families.Host.FamilyOf(addr)), sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	socktest.Closing(t, c)
	socktest.Must(t, c.Connect(addr))
	peer, _, err := s.Accept()
	socktest.Must(t, err)
	echo(t, socktest.Closing(t, peer), c)
	return s
}

func flag(t *testing.T, s *sock.Socket, level, option int) bool {
	t.Helper()
	v, err := s.Getsockopt(level, option)
	socktest.Must(t, err)
	return v != 0
}

func TestCreateServer(t *testing.T) { // items 220, 221, 222, 224
	socktest.Check(t)
	configs := []*sock.ServerConfig{nil, {}, {Backlog: 1}, {Backlog: -1}}
	if sock.HasReusePort {
		configs = append(configs, &sock.ServerConfig{ReusePort: true})
	}
	for _, cfg := range configs {
		s := serving(t, sock.Inet("127.0.0.1", 0), cfg)
		if s.Family() != sock.AF_INET || s.Type() != sock.SOCK_STREAM || s.Timeout() != sock.Forever {
			t.Errorf("%+v: it is %v", cfg, s)
		}
		if reused := flag(t, s, sock.SOL_SOCKET, sock.SO_REUSEADDR); reused == (runtime.GOOS == "windows") {
			t.Errorf("%+v: SO_REUSEADDR is %v", cfg, reused)
		}
	}
}

func TestCreateServerInet6(t *testing.T) { // item 222
	socktest.Each(t, []socktest.Kind{socktest.TCP6}, func(t *testing.T, k socktest.Kind) {
		k.Bound(t)
		s := serving(t, sock.Inet6("::1", 0), nil)
		if !flag(t, s, sock.IPPROTO_IPV6, sock.IPV6_V6ONLY) {
			t.Error("IPV6_V6ONLY is not set")
		}
	})
}

func TestCreateServerDualstack(t *testing.T) { // items 220, 222, 224
	if !sock.HasDualstackIPv6() {
		t.Skip("this host has no IPv6: run this on one that has")
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s, err := sock.CreateServer(sock.Inet6("", 0), &sock.ServerConfig{DualstackIPv6: true})
		socktest.Must(t, err)
		socktest.Closing(t, s)
		if flag(t, s, sock.IPPROTO_IPV6, sock.IPV6_V6ONLY) {
			t.Error("IPV6_V6ONLY is set")
		}
		port := socktest.Name(t, s).Port()
		for _, test := range []struct {
			kind socktest.Kind
			to   sock.Addr
			want string
		}{
			{socktest.TCP, sock.Inet("127.0.0.1", port), "::ffff:127.0.0.1"},
			{socktest.TCP6, sock.Inet6("::1", port), "::1"},
		} {
			c := test.kind.New(t)
			socktest.Must(t, w.On(c).Connect(test.to))
			peer, from, err := w.On(s).Accept()
			socktest.Must(t, err)
			socktest.Closing(t, peer)
			if from.Host() != test.want || from.Kind() != families.KindInet6 {
				t.Errorf("the peer is %v, want %s", from, test.want)
			}
			echo(t, peer, c)
		}
	})
}

func TestCreateServerUnix(t *testing.T) { // item 244
	socktest.Check(t)
	socktest.UnixStream.New(t).Close()
	if !sock.HasReusePort {
		t.Skip("this system has no SO_REUSEPORT: run this on one that has")
	}
	path := filepath.Join(socktest.Dir(t), "socket")
	for _, a := range []sock.Addr{sock.Unix(path), sock.Unix("\x00" + path)} {
		if a != sock.Unix(path) && systems.Here(systems.AbstractNames).Says == systems.No {
			continue
		}
		s := serving(t, a, &sock.ServerConfig{ReusePort: true}) // ReusePort has an effect on the internet families only
		if s.Family() != sock.AF_UNIX || socktest.Name(t, s) != a {
			t.Errorf("it is %v", s)
		}
	}
	_, err := sock.CreateServer(sock.Unix(path), nil)
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), path) {
		t.Errorf("to a path that is there: %v", err)
	}
}

func TestCreateServerReusePort(t *testing.T) { // item 222
	if !sock.HasReusePort {
		t.Skip("this system has no SO_REUSEPORT: TestCreateServerRefuses says what CreateServer does")
	}
	socktest.Check(t)
	cfg := &sock.ServerConfig{ReusePort: true}
	s := serving(t, sock.Inet("127.0.0.1", 0), cfg)
	addr := socktest.Name(t, s)
	other, err := sock.CreateServer(addr, cfg)
	socktest.Must(t, err)
	other.Close()
	if _, err := sock.CreateServer(addr, nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("one that does not share: %v", err)
	}
}

// Python checks the arguments in another order. The difference is visible only on a system without
// IPv6.
func TestCreateServerRefuses(t *testing.T) { // items 220, 224
	socktest.Check(t)
	for _, test := range []struct {
		name string
		addr sock.Addr
		cfg  sock.ServerConfig
		rule string
	}{
		{"dualstack of inet", sock.Inet("", 0), sock.ServerConfig{DualstackIPv6: true}, "dualstack_ipv6 requires AF_INET6 family"},
		{"dualstack of unix", sock.Unix("/x"), sock.ServerConfig{DualstackIPv6: true}, "dualstack_ipv6 requires AF_INET6 family"},
		{"no address", sock.Addr{}, sock.ServerConfig{}, "no address"},
		{"backlog", sock.Inet("127.0.0.1", 0), sock.ServerConfig{Backlog: math.MaxInt}, "must be a C int: -2147483648 to 2147483647"},
	} {
		if test.cfg.Backlog == math.MaxInt32 {
			continue // an int of this processor is a C int, so none is too big
		}
		var arg *sock.ArgError
		if s, err := sock.CreateServer(test.addr, &test.cfg); s != nil || !errors.As(err, &arg) || arg.Rule != test.rule {
			t.Errorf("%s: %v, want %s", test.name, err, test.rule)
		}
	}
}

func TestCreateServerBindFails(t *testing.T) { // item 223
	socktest.Check(t)
	s := serving(t, sock.Inet("127.0.0.1", 0), nil)
	taken := socktest.Name(t, s)
	for _, test := range []struct {
		name string
		addr sock.Addr
		want error
	}{
		{"taken", taken, syscall.EADDRINUSE},
		{"not this host's", sock.Inet("192.0.2.1", 0), syscall.EADDRNOTAVAIL},
		{"a host that is not found", sock.Inet("no such host", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
		{"a host of the other family", sock.Inet("::1", 0), families.ErrHostFamily},
	} {
		s, err := sock.CreateServer(test.addr, nil)
		want := "(while attempting to bind on address " + test.addr.String() + ")"
		if s != nil || !errors.Is(err, test.want) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %v %s", test.name, err, test.want, want)
		}
	}
}

// An error that is found before the system call is returned unchanged: OverflowError in Python.
func TestCreateServerBadPort(t *testing.T) { // item 223
	socktest.Check(t)
	for _, port := range []int{-1, 65536, 70000} {
		s, err := sock.CreateServer(sock.Inet("127.0.0.1", port), nil)
		if s != nil || !errors.Is(err, families.ErrPort) || strings.Contains(err.Error(), "while attempting") {
			t.Errorf("port %d: %v", port, err)
		}
	}
}

package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// Accept ends by a deadline that moves while it waits, by a context, and by Close; and goes on
// after.
func TestAcceptEnds(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			socktest.Check(t)
			ln := listen(t, network)
			accept := func() *socktest.Call {
				return socktest.Start(func() error { _, err := ln.Accept(); return err })
			}
			call := accept()
			socktest.AwaitWaiting(t, ln.Socket())
			socktest.Must(t, ln.SetDeadline(time.Now().Add(time.Hour)))
			socktest.Must(t, ln.SetDeadline(time.Unix(1, 0)))
			wantOp(t, call.Wait(t), "accept", network, os.ErrDeadlineExceeded)
			socktest.Must(t, ln.SetDeadline(time.Time{}))

			ctx, cancel := context.WithCancel(context.Background())
			call = socktest.Start(func() error { _, err := ln.AcceptContext(ctx); return err })
			cancel()
			wantOp(t, call.Wait(t), "accept", network, context.Canceled)

			ctx, cancel = context.WithCancel(context.Background())
			c, err := netconn.Dial(network, ln.Addr().String())
			socktest.Must(t, err)
			defer c.Close()
			s, err := ln.AcceptContext(ctx)
			socktest.Must(t, err)
			defer s.Close()
			cancel() // it is not the connection's
			_, err = c.Write([]byte("x"))
			socktest.Must(t, err)
			if n, err := s.Read(make([]byte, 9)); n != 1 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			call = accept()
			socktest.Must(t, ln.Close())
			wantOp(t, call.Wait(t), "accept", network, net.ErrClosed)
		})
	}
}

// The file of a Unix listener is removed at Close, unless it is to stay.
func TestUnlink(t *testing.T) {
	socktest.Check(t)
	exists := func(path string) bool { _, err := os.Lstat(path); return err == nil }
	for _, stays := range []bool{false, true} {
		path := filepath.Join(socktest.Dir(t), fmt.Sprint(stays))
		ln, err := netconn.Listen("unix", path)
		socktest.Must(t, err)
		if stays {
			ln.SetUnlinkOnClose(false)
		}
		if !exists(path) {
			t.Error("there is no file")
		}
		socktest.Must(t, ln.Close())
		if exists(path) != stays {
			t.Errorf("after Close: a file %v, want %v", exists(path), stays)
		}
	}
}

// The wildcard address takes both kinds of IP, and the peer's address reads as package net's.
func TestWildcard(t *testing.T) {
	if !sock.HasDualstackIPv6() {
		t.Skip("the system has no IPv6")
	}
	socktest.Check(t)
	for _, tt := range []struct {
		network, address string
		from             []string
	}{
		{"tcp", ":0", []string{"127.0.0.1", "::1"}},
		{"tcp", "[::]:0", []string{"127.0.0.1", "::1"}},
		{"tcp4", ":0", []string{"127.0.0.1"}},
		{"tcp6", ":0", []string{"::1"}},
		{"tcp", "localhost:0", []string{"127.0.0.1"}},
	} {
		theirs, err := net.Listen(tt.network, tt.address)
		socktest.Must(t, err)
		ln, err := netconn.Listen(tt.network, tt.address)
		socktest.Must(t, err)
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		if got, want := strings.TrimSuffix(ln.Addr().String(), port), theirs.Addr().String(); !strings.HasPrefix(want, got) {
			t.Errorf("%s %s listens at %s, with package net at %s", tt.network, tt.address, ln.Addr(), want)
		}
		theirs.Close()
		for _, from := range []string{"127.0.0.1", "::1"} {
			c, err := netconn.Dial("tcp", net.JoinHostPort(from, port))
			want := strings.Contains(fmt.Sprint(tt.from), from)
			if (err == nil) != want {
				t.Errorf("%s %s from %s: %v", tt.network, tt.address, from, err)
			}
			if err != nil {
				continue
			}
			s, err := ln.Accept()
			socktest.Must(t, err)
			if got := s.RemoteAddr().String(); got != c.LocalAddr().String() {
				t.Errorf("the peer of %s is %s", c.LocalAddr(), got)
			}
			if _, ok := s.RemoteAddr().(*net.TCPAddr); !ok {
				t.Errorf("the peer is a %T", s.RemoteAddr())
			}
			c.Close()
			s.Close()
		}
		ln.Close()
	}
}

// option reads an option of a connection of either package.
func option(t *testing.T, c any, level, name int) (v int) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	socktest.Must(t, err)
	socktest.Must(t, raw.Control(func(fd uintptr) {
		s, err := sock.Fromfd(int(fd), -1, -1, -1)
		socktest.Must(t, err)
		defer s.Close()
		v, err = s.Getsockopt(level, name)
		socktest.Must(t, err)
	}))
	return v
}

// The options of a connection are those that package net sets, for the dialer and the listener, and
// for each of their settings.
func TestOptionsAsPackageNet(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the names of the options are Linux's")
	}
	socktest.Check(t)
	const keepIdle, keepInterval, keepCount = 4, 5, 6 // TCP_KEEPIDLE and so on, <netinet/tcp.h>
	options := map[string][2]int{
		"TCP_NODELAY":   {sock.IPPROTO_TCP, sock.TCP_NODELAY},
		"SO_KEEPALIVE":  {sock.SOL_SOCKET, sock.SO_KEEPALIVE},
		"TCP_KEEPIDLE":  {sock.IPPROTO_TCP, keepIdle},
		"TCP_KEEPINTVL": {sock.IPPROTO_TCP, keepInterval},
		"TCP_KEEPCNT":   {sock.IPPROTO_TCP, keepCount},
		"SO_REUSEADDR":  {sock.SOL_SOCKET, sock.SO_REUSEADDR},
	}
	for name, k := range map[string]struct {
		period time.Duration
		config net.KeepAliveConfig
	}{
		"zero":   {},
		"off":    {period: -1},
		"period": {period: 40 * time.Second},
		"config": {config: net.KeepAliveConfig{Enable: true, Idle: 7 * time.Second, Interval: -1, Count: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			theirs, err := (&net.ListenConfig{KeepAlive: k.period, KeepAliveConfig: k.config}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
			socktest.Must(t, err)
			defer theirs.Close()
			ours, err := (&netconn.ListenConfig{KeepAlive: k.period, KeepAliveConfig: k.config}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
			socktest.Must(t, err)
			defer ours.Close()
			a, err := (&net.Dialer{KeepAlive: k.period, KeepAliveConfig: k.config}).Dial("tcp", theirs.Addr().String())
			socktest.Must(t, err)
			defer a.Close()
			b, err := theirs.Accept()
			socktest.Must(t, err)
			defer b.Close()
			c, err := (&netconn.Dialer{KeepAlive: k.period, KeepAliveConfig: k.config}).Dial("tcp", ours.Addr().String())
			socktest.Must(t, err)
			defer c.Close()
			d, err := ours.Accept()
			socktest.Must(t, err)
			defer d.Close()
			for name, o := range options {
				if got, want := option(t, c, o[0], o[1]), option(t, a, o[0], o[1]); got != want {
					t.Errorf("%s of a dialed connection is %d, with package net %d", name, got, want)
				}
				if got, want := option(t, d, o[0], o[1]), option(t, b, o[0], o[1]); got != want {
					t.Errorf("%s of an accepted connection is %d, with package net %d", name, got, want)
				}
			}
		})
	}
}

// Several sockets listen at one address, and all get connections.
func TestReusePort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no SO_REUSEPORT")
	}
	socktest.Check(t)
	lc := netconn.ListenConfig{ReusePort: true, Backlog: 10}
	at := "127.0.0.1:0"
	var got [2]atomic.Int32
	for i := range 2 {
		ln, err := lc.Listen(context.Background(), "tcp", at)
		socktest.Must(t, err)
		defer ln.Close()
		at = ln.Addr().String()
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				got[i].Add(1)
				c.Close()
			}
		}()
	}
	socktest.Await(t, "connections for both", func() bool {
		c, err := netconn.Dial("tcp", at)
		socktest.Must(t, err)
		c.Close()
		return got[0].Load() > 0 && got[1].Load() > 0
	})
}

// Control sees each socket before it is bound or connected, and its error ends the call.
func TestControl(t *testing.T) {
	socktest.Check(t)
	refusal := errors.New("not this one")
	for _, network := range []string{"tcp", "udp", "unix"} {
		var saw []string
		control := func(network, address string, c syscall.RawConn) error {
			socktest.Must(t, c.Control(func(fd uintptr) {
				s, err := sock.Fromfd(int(fd), -1, -1, -1)
				socktest.Must(t, err)
				defer s.Close()
				if a, err := s.Getsockname(); err != nil || a.Port() != 0 || a.Path() != "" {
					t.Errorf("it is bound to %v, %v", a, err)
				}
			}))
			saw = append(saw, network)
			return nil
		}
		lc := netconn.ListenConfig{Control: control}
		var target string
		if network == "udp" {
			p, err := lc.ListenPacket(context.Background(), network, at(t, network))
			socktest.Must(t, err)
			defer p.Close()
			target = p.LocalAddr().String()
		} else {
			ln, err := lc.Listen(context.Background(), network, at(t, network))
			socktest.Must(t, err)
			defer ln.Close()
			target = ln.Addr().String()
		}
		d := netconn.Dialer{Control: control}
		c, err := d.Dial(network, target)
		socktest.Must(t, err)
		c.Close()
		want := network
		if network != "unix" {
			want += "4"
		}
		if len(saw) != 2 || saw[0] != want || saw[1] != want {
			t.Errorf("%s: Control saw %q", network, saw)
		}
		d.ControlContext = func(context.Context, string, string, syscall.RawConn) error { return refusal }
		_, err = d.Dial(network, target)
		wantOp(t, err, "dial", network, refusal)
		lc.Control = func(string, string, syscall.RawConn) error { return refusal }
		if network != "udp" {
			_, err = lc.Listen(context.Background(), network, at(t, network))
			wantOp(t, err, "listen", network, refusal)
		}
	}
}

// Connections and listeners go from package net to this one and back, and no byte is lost.
func TestAdoptAndDetach(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no file of a socket")
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			socktest.Check(t)
			theirs, err := net.Listen(network, at(t, network))
			socktest.Must(t, err)
			if u, ok := theirs.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			ln, err := netconn.ListenerFromConn(theirs)
			socktest.Must(t, err)
			defer ln.Close()
			if _, err := theirs.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the old listener: %v", err)
			}
			f, err := ln.File()
			socktest.Must(t, err)
			again, err := netconn.ListenerFromFile(f)
			socktest.Must(t, err)
			defer again.Close()

			plain, err := net.Dial(network, ln.Addr().String())
			socktest.Must(t, err)
			peer, err := again.Accept()
			socktest.Must(t, err)
			defer peer.Close()
			say := func(text string) { _, err := io.WriteString(peer, text); socktest.Must(t, err) }
			hear := func(c net.Conn, want string) {
				t.Helper()
				p := make([]byte, len(want))
				if _, err := io.ReadFull(c, p); err != nil || string(p) != want {
					t.Errorf("%q, %v; want %q", p, err, want)
				}
			}
			say("one two three four")
			hear(plain, "one ")
			c, err := netconn.FromConn(plain)
			socktest.Must(t, err)
			if _, err := plain.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the old connection: %v", err)
			}
			hear(c, "two ")
			f, err = c.Detach()
			socktest.Must(t, err)
			wantOp(t, c.Close(), "close", network, net.ErrClosed)
			if c, err = netconn.FromFile(f); err != nil {
				t.Fatal(err)
			}
			hear(c, "three ")
			plain, err = c.DetachConn()
			socktest.Must(t, err)
			defer plain.Close()
			hear(plain, "four")
			socktest.Must(t, plain.SetReadDeadline(time.Unix(1, 0)))
			if _, err := plain.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the new connection: %v", err)
			}
			if _, err := c.DetachConn(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a second DetachConn: %v", err)
			}
		})
	}
	t.Run("no socket", func(t *testing.T) {
		socktest.Check(t)
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		socktest.Must(t, err)
		defer f.Close()
		if _, err := netconn.FromFile(f); !errors.Is(err, syscall.ENOTSOCK) {
			t.Errorf("FromFile of a file: %v", err)
		}
		if _, err := f.WriteString("it is still open"); err != nil {
			t.Error(err)
		}
	})
}

// Every network makes an address that can be printed and compared, or an error that says why not.
func TestNetworks(t *testing.T) {
	socktest.Check(t)
	if names := netconn.Networks(); len(names) < 30 {
		t.Errorf("%q", names)
	}
	for _, network := range netconn.Networks() {
		_, err := netconn.Dial(network, "no address at all\x00")
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" || op.Net != network {
			t.Errorf("%s: %v", network, err)
		}
	}
	a, err := families.Parse("vsock:2:9999")
	socktest.Must(t, err)
	if b := sock.Vsock(2, 9999); net.Addr(a) != net.Addr(b) || b.String() != "2:9999" || b.Network() != "vsock" {
		t.Errorf("%v and %v", a, b)
	}
}

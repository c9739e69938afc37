package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

func client(t testing.TB, cfg *protocol.Config) *protocol.Client {
	t.Helper()
	c, err := protocol.NewClient(cfg)
	socktest.Must(t, err)
	t.Cleanup(func() { socktest.Must(t, c.Close()) })
	return c
}

func TestDial(t *testing.T) {
	socktest.Check(t)
	s, at := serve(t, each(echo{}))
	c := client(t, nil)
	_, port, err := net.SplitHostPort(at)
	socktest.Must(t, err)
	var n int
	fmt.Sscan(port, &n)
	for _, dial := range []func(p protocol.Protocol) (*protocol.Transport, error){
		// ::1 refuses, and 127.0.0.1 does not.
		func(p protocol.Protocol) (*protocol.Transport, error) {
			return c.Dial(t.Context(), "localhost", n, p).Wait(patience(t))
		},
		func(p protocol.Protocol) (*protocol.Transport, error) {
			var none context.Context
			return c.DialAddr(none, s.Addrs()[0], p).Wait(patience(t))
		},
	} {
		p := newScript()
		got := make(chan string, 1)
		p.made = func(t *protocol.Transport) { t.WriteString("hello") }
		p.data = func(t *protocol.Transport, b []byte) int {
			if len(b) == 5 {
				got <- string(b)
				t.Close()
				return 5
			}
			return 0
		}
		tr, err := dial(p)
		socktest.Must(t, err)
		if g := next(t, "the echo", got); g != "hello" || tr == nil {
			t.Errorf("%q", g)
		}
		if err := next(t, "Lost", p.lost); err != nil {
			t.Errorf("lost by %v", err)
		}
	}
}

func TestDialFails(t *testing.T) {
	socktest.Check(t)
	c := client(t, nil)
	port := int(socktest.TCP.Refusing(t).Port())
	p := newScript()
	if _, err := c.Dial(t.Context(), "127.0.0.1", port, p).Wait(patience(t)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a port where nothing listens: %v", err)
	}
	if _, err := c.DialAddr(t.Context(), sock.Unix("/nowhere"), p).Wait(patience(t)); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no such path: %v", err)
	}
	var option *protocol.OptionError
	if _, err := c.Dial(t.Context(), "127.0.0.1", port, nil).Wait(patience(t)); !errors.As(err, &option) {
		t.Errorf("no protocol: %v", err)
	}
	// A host without an address is an error in the words of package net, not in those of Python.
	was := sock.DefaultResolver
	defer func() { sock.DefaultResolver = was }()
	sock.DefaultResolver = &sock.Resolver{Net: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server in this test")
	}}}
	for name, f := range map[string]loop.Future[*protocol.Transport]{
		"Dial":     c.Dial(t.Context(), "no.test", port, p),
		"DialAddr": c.DialAddr(t.Context(), sock.Inet("no.test", port), p),
	} {
		_, err := f.Wait(patience(t))
		var dns *net.DNSError
		if !errors.As(err, &dns) || dns.Name != "no.test" || strings.Contains(err.Error(), "Errno") || strings.Contains(err.Error(), "create_connection") {
			t.Errorf("%s of a host without an address: %v", name, err)
		}
	}
	if len(p.conn)+len(p.lost) > 0 {
		t.Error("the protocol was called")
	}
}

// hanging is a Unix listener whose backlog is full: a connect to it waits.
func hanging(t testing.TB) sock.Addr {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a connect waits for a full backlog on Linux only")
	}
	ln, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	t.Cleanup(func() { ln.Close() })
	socktest.Must(t, ln.Bind(sock.Unix("")))
	socktest.Must(t, ln.Listen(0))
	at := socktest.Name(t, ln)
	for {
		c, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
		socktest.Must(t, err)
		socktest.Must(t, c.SetBlocking(false))
		t.Cleanup(func() { c.Close() })
		if c.Connect(at) != nil {
			return at
		}
	}
}

func TestDialEnds(t *testing.T) {
	socktest.Check(t)
	at := hanging(t)
	c := client(t, nil)
	p := newScript()
	why := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := c.DialAddr(ctx, at, p)
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	if _, err := f.Wait(patience(t)); !errors.Is(err, why) {
		t.Errorf("after a cancel: %v", err)
	}
	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if _, err := c.DialAddr(short, at, p).Wait(patience(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after a timeout: %v", err)
	}
	f = c.DialAddr(t.Context(), at, p)
	f.Cancel()
	if _, err := f.Wait(patience(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("after Cancel: %v", err)
	}
	f = c.DialAddr(t.Context(), at, p)
	socktest.Must(t, c.Close())
	if _, err := f.Wait(patience(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := c.DialAddr(t.Context(), at, p).Wait(patience(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("of a closed client: %v", err)
	}
	if len(p.conn)+len(p.lost) > 0 {
		t.Error("the protocol was called")
	}
}

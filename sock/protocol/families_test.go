package protocol_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A Server listens and a Client connects on each family of connections that this host has. The
// families that need modules of the kernel are in internal/rigs/families.
func TestConnectionsOfFamilies(t *testing.T) {
	for _, tt := range []struct {
		name string
		typ  sock.Type
		at   func(t *testing.T) sock.Addr
	}{
		{"TCP", sock.SOCK_STREAM, func(*testing.T) sock.Addr { return sock.Inet("127.0.0.1", 0) }},
		{"TCP over IPv6", sock.SOCK_STREAM, func(*testing.T) sock.Addr { return sock.Inet6("::1", 0) }},
		{"Unix", sock.SOCK_STREAM, unixPath},
		{"Unix, messages", sock.SOCK_SEQPACKET, unixPath},
		{"VSOCK", sock.SOCK_STREAM, func(*testing.T) sock.Addr { return sock.Vsock(1, 1<<32-1) }}, // VMADDR_PORT_ANY
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			ln, err := sock.CreateServer(tt.at(t), &sock.ServerConfig{Type: tt.typ, Backlog: 16})
			if lacksFamily(err) {
				t.Skipf("%v: run internal/rigs/run on a host without it", err)
			}
			socktest.Must(t, err)
			at := socktest.Name(t, ln)
			cfg := each(echo{})
			cfg.Loops = 2
			server, err := protocol.NewServer(&cfg)
			socktest.Must(t, err)
			defer server.Close()
			socktest.Must(t, server.Serve(ln))
			client, err := protocol.NewClient(&protocol.Config{Loops: 1})
			socktest.Must(t, err)
			defer client.Close()

			messages := tt.typ != sock.SOCK_STREAM
			const count = 200
			p := newScript()
			got := make(chan string, count)
			p.data = func(_ *protocol.Transport, b []byte) int {
				if messages {
					got <- string(b)
					return len(b)
				}
				used := len(b) / 4 * 4
				for i := 0; i < used; i += 4 {
					got <- string(b[i : i+4])
				}
				return used
			}
			c, err := sock.New(ln.Family(), tt.typ, 0)
			socktest.Must(t, err)
			conn, err := client.Connect(t.Context(), c, at, p).Wait(patience(t))
			socktest.Must(t, err)
			for i := range count {
				if _, err := conn.Write(fmt.Appendf(nil, "%04d", i)); err != nil {
					t.Fatal(i, err)
				}
			}
			for i := range count {
				if text := next(t, "an answer", got); text != fmt.Sprintf("%04d", i) {
					t.Fatalf("answer %d is %q", i, text)
				}
			}
			conn.CloseWrite()
			if err := next(t, "Lost", p.lost); err != nil {
				t.Errorf("lost by %v", err)
			}
		})
	}
}

func unixPath(t *testing.T) sock.Addr { return sock.Unix(filepath.Join(socktest.Dir(t), "socket")) }

// lacksFamily says whether this host lacks what a test needs.
func lacksFamily(err error) bool {
	for _, missing := range []error{syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EADDRNOTAVAIL, errors.ErrUnsupported} {
		if errors.Is(err, missing) {
			return true
		}
	}
	return runtime.GOOS == "windows" && err != nil && errors.As(err, new(*sock.ArgError))
}

// Adopt serves sockets that are connected already: a pair, a stream and messages; and one that
// Upgrade has handed over, with what was received before.
func TestAdopt(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	server, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	defer server.Close()
	for _, typ := range []sock.Type{sock.SOCK_STREAM, sock.SOCK_SEQPACKET} {
		a, b, err := sock.Pair(sock.AF_UNIX, typ, 0)
		if lacksFamily(err) {
			t.Logf("%v: run this on Linux", err)
			continue
		}
		socktest.Must(t, err)
		defer b.Close()
		b.SetTimeout(socktest.Patience)
		conn, err := server.Adopt(a, nil)
		socktest.Must(t, err)
		_, err = b.Send([]byte("hello"), 0)
		socktest.Must(t, err)
		if got, err := b.Recv(10, 0); string(got) != "hello" {
			t.Errorf("%v: %q, %v", typ, got, err)
		}
		back := make(chan error, 1)
		socktest.Must(t, conn.Upgrade(func(s *sock.Socket, _ []byte) {
			again, err := server.Adopt(s, echo{})
			if err == nil {
				_, err = again.WriteString("again")
			}
			back <- err
		}))
		socktest.Must(t, next(t, "the upgrade", back))
		if got, err := b.Recv(10, 0); string(got) != "again" {
			t.Errorf("%v: %q, %v", typ, got, err)
		}
	}
	if n := server.Stats().Connections; n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	a, b := socktest.UnixStream.Pair(t)
	_, err = server.Shutdown(patience(t))
	socktest.Must(t, err)
	if _, err := server.Adopt(a, nil); !errors.Is(err, net.ErrClosed) || a.Fileno() >= 0 {
		t.Errorf("after Shutdown: %v, descriptor %d", err, a.Fileno())
	}
	b.SetTimeout(socktest.Patience)
	if _, err := b.Recv(1, 0); err != nil && err != io.EOF {
		t.Error(err)
	}
}

// A client that is closed refuses a socket, and closes it.
func TestConnectAfterClose(t *testing.T) {
	socktest.Check(t)
	c, err := protocol.NewClient(&protocol.Config{Loops: 1})
	socktest.Must(t, err)
	socktest.Must(t, c.Close())
	s := socktest.TCP.New(t)
	if _, err := c.Connect(t.Context(), s, sock.Inet("127.0.0.1", 9), echo{}).Wait(patience(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Connect: %v", err)
	}
	if s.Fileno() >= 0 {
		t.Error("the socket was left open")
	}
}

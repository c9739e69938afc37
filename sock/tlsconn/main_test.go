package tlsconn_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

func TestMain(m *testing.M) { socktest.Main(m) }

func serverTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}}
}

func clientTLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(selfsigned.Certificate().Leaf)
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// wire returns a socket and a net.Conn that are connected to each other by TCP, and closed with the
// test. The net.Conn ends its waits after socktest.Patience.
func wire(t testing.TB) (*sock.Socket, *net.TCPConn) {
	t.Helper()
	ln, addr := socktest.TCP.Listener(t)
	c, err := net.Dial("tcp", addr.String())
	socktest.Must(t, err)
	t.Cleanup(func() { c.Close() })
	socktest.Must(t, c.SetDeadline(time.Now().Add(2*socktest.Patience)))
	s, _, err := ln.Accept()
	socktest.Must(t, err)
	socktest.Must(t, ln.Close())
	socktest.Must(t, s.SetTimeout(2*socktest.Patience))
	return socktest.Closing(t, s), c.(*net.TCPConn)
}

// A side is which end of the connection is ours.
type side struct {
	name   string
	client bool
}

var sides = []side{{"server", false}, {"client", true}}

// ours returns the Conn of that side over s, and the crypto/tls connection of the other over c.
// Each of the configs may be changed before by change.
func (d side) ends(t testing.TB, s *sock.Socket, c net.Conn, layer tlsconn.Layer, change func(server, client *tls.Config)) (*tlsconn.Conn, *tls.Conn) {
	t.Helper()
	server, client := serverTLS(), clientTLS()
	if change != nil {
		change(server, client)
	}
	if d.client {
		conn, err := tlsconn.Client(s, &tlsconn.Config{TLS: client, Layer: layer})
		socktest.Must(t, err)
		return conn, tls.Server(c, server)
	}
	conn, err := tlsconn.Server(s, &tlsconn.Config{TLS: server, Layer: layer})
	socktest.Must(t, err)
	return conn, tls.Client(c, client)
}

// newLoop returns the loop of a reactor that ends with the test.
func newLoop(t testing.TB) *loop.Loop {
	t.Helper()
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	t.Cleanup(func() { r.Close() })
	return r.Next()
}

// A mode runs a function on a connection, in a goroutine or in a task.
type mode struct {
	name string
	run  func(t testing.TB, c *tlsconn.Conn, fn func(c *tlsconn.Conn) error) *socktest.Call
}

var modes = []mode{
	{"goroutine", func(t testing.TB, c *tlsconn.Conn, fn func(*tlsconn.Conn) error) *socktest.Call {
		return socktest.Start(func() error { return fn(c) })
	}},
	{"task", func(t testing.TB, c *tlsconn.Conn, fn func(*tlsconn.Conn) error) *socktest.Call {
		l := newLoop(t)
		return socktest.Start(func() (err error) {
			failed := l.Go(func(task *loop.Task) { err = fn(c.In(task)) }).Wait(context.Background())
			if failed != nil {
				return failed
			}
			return err
		})
	}},
}

// quiet is a logger for tests of what the log would tell.
var quiet = slog.New(slog.DiscardHandler)

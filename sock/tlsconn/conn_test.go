package tlsconn_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// echo sends back what comes, until the end of the stream, and then ends its own.
func echo(c *tlsconn.Conn) error {
	p := make([]byte, 32<<10)
	for {
		n, err := c.Read(p)
		if err == io.EOF {
			return c.CloseWrite()
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(p[:n]); err != nil {
			return err
		}
	}
}

// talk has the echo of messages of many sizes, and then of 1 MB in both directions at once.
func talk(t testing.TB, c *tls.Conn) {
	t.Helper()
	for _, size := range []int{1, 64, 1000, 16<<10 - 1, 16 << 10, 16<<10 + 1, 100 << 10} {
		text := make([]byte, size)
		rand.Read(text)
		wrote := socktest.Start(func() error { _, err := c.Write(text); return err })
		got := make([]byte, size)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes: they differ, or %v", size, err)
		}
		socktest.Must(t, wrote.Wait(t))
	}
	big := make([]byte, 1<<20)
	rand.Read(big)
	wrote := socktest.Start(func() error {
		_, err := c.Write(big)
		return errors.Join(err, c.CloseWrite())
	})
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, big) {
		t.Fatalf("%d of %d bytes, or they differ: %v", len(got), len(big), err)
	}
	socktest.Must(t, wrote.Wait(t))
}

// versions are those of TLS, with each kind of cipher.
var versions = []struct {
	name    string
	version uint16
	suite   uint16 // 0: crypto/tls chooses
}{
	{"1.3", tls.VersionTLS13, 0},
	{"1.2 AES-128-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	{"1.2 AES-256-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
	{"1.2 ChaCha20", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
	{"1.2 CBC", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA},
}

// layers are those that tests run over; see need.
var layers = []tlsconn.Layer{tlsconn.Standard, tlsconn.Compact, tlsconn.Kernel}

// need skips the test if this kernel does not have that layer.
func need(t testing.TB, layer tlsconn.Layer) {
	t.Helper()
	if layer != tlsconn.Kernel {
		return
	}
	if _, err := tlsconn.KernelCiphers(); err != nil {
		socktest.Lacking(t, "internal/rigs/run ./sock/tlsconn", err)
	}
}

// checkLayer wants the connection to have that record layer, if its cipher is one for it, and to
// say why not.
func checkLayer(t testing.TB, c *tlsconn.Conn, want tlsconn.Layer) {
	t.Helper()
	suite := tls.CipherSuiteName(c.ConnectionState().CipherSuite)
	serves := strings.Contains(suite, "GCM")
	if want == tlsconn.Kernel && strings.Contains(suite, "CHACHA20") { // its module may be missing
		ciphers, _ := tlsconn.KernelCiphers()
		serves = slices.ContainsFunc(ciphers, func(name string) bool { return strings.Contains(name, "ChaCha20") })
	}
	got, why := c.Layer()
	if want != tlsconn.Standard && !serves {
		if got != tlsconn.Standard || why == nil {
			t.Errorf("%s: the layer is %v, because of %v", suite, got, why)
		}
	} else if got != want || why != nil {
		t.Errorf("%s: the layer is %v, want %v: %v", suite, got, want, why)
	}
}

// fixed sets version and suite.
func fixed(version, suite uint16) func(server, client *tls.Config) {
	return func(server, client *tls.Config) {
		client.MinVersion, client.MaxVersion = version, version
		if suite != 0 {
			client.CipherSuites, server.CipherSuites = []uint16{suite}, []uint16{suite}
		}
	}
}

func TestEcho(t *testing.T) {
	for _, m := range echoes {
		for _, side := range sides {
			for _, v := range versions {
				for _, layer := range layers {
					t.Run(fmt.Sprintf("%s/%s/%s/%s", m.name, side.name, v.name, layer), func(t *testing.T) {
						need(t, layer)
						socktest.Check(t)
						s, peer := wire(t)
						conn, other := side.ends(t, s, peer, layer, fixed(v.version, v.suite))
						served := m.serve(t, conn)
						talk(t, other)
						socktest.Must(t, served.Wait(t))
						if got := conn.ConnectionState(); got.Version != v.version || !got.HandshakeComplete {
							t.Errorf("the version is %x, complete %v", got.Version, got.HandshakeComplete)
						}
						checkLayer(t, conn, layer)
						socktest.Must(t, conn.Close())
					})
				}
			}
		}
	}
}

// The end of the stream without close_notify may be an attack: it is no io.EOF, wherever it comes.
func TestTruncation(t *testing.T) {
	for _, m := range echoes {
		for _, layer := range layers {
			t.Run(m.name+"/"+layer.String(), func(t *testing.T) {
				need(t, layer)
				socktest.Check(t)
				s, peer := wire(t)
				conn, other := sides[0].ends(t, s, peer, layer, nil)
				served := m.serve(t, conn)
				if _, err := other.Write([]byte("text")); err != nil {
					t.Fatal(err)
				}
				socktest.Must(t, peer.CloseWrite())
				if err := served.Wait(t); err != io.ErrUnexpectedEOF {
					t.Errorf("%v, want io.ErrUnexpectedEOF", err)
				}
				if m.name == "callback" {
					return // it is closed
				}
				if _, err := conn.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
					t.Errorf("the next Read: %v", err)
				}
				socktest.Must(t, conn.Close())
			})
		}
	}
}

// A deadline that passes ends a Read and leaves the connection as it was.
func TestDeadline(t *testing.T) {
	socktest.Check(t)
	s, peer := wire(t)
	conn, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
	shook := socktest.Start(other.Handshake)
	socktest.Must(t, conn.Handshake())
	socktest.Must(t, shook.Wait(t))
	p := make([]byte, 10)
	socktest.Must(t, conn.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	if _, err := conn.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v, want a deadline", err)
	}
	socktest.Must(t, conn.SetReadDeadline(time.Time{}))
	if _, err := other.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(p); string(p[:n]) != "late" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
	socktest.Must(t, conn.Close())
	if _, err := conn.Write(p); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Close: %v", err)
	}
}

// Many goroutines, and many tasks of one loop, may use a new connection at once: one of them makes
// the handshake.
func TestManyAtOnce(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			socktest.Check(t)
			s, peer := wire(t)
			conn, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
			var calls []*socktest.Call
			for range 8 {
				calls = append(calls, m.run(t, conn, func(c *tlsconn.Conn) error {
					_, err := c.Write([]byte("0123456789"))
					return err
				}))
			}
			got := make([]byte, 80)
			if _, err := io.ReadFull(other, got); err != nil || string(got) != string(bytes.Repeat([]byte("0123456789"), 8)) {
				t.Errorf("%q, %v", got, err)
			}
			for _, c := range calls {
				socktest.Must(t, c.Wait(t))
			}
			socktest.Must(t, conn.Close())
		})
	}
}

func TestBadArguments(t *testing.T) {
	socktest.Check(t)
	s, _ := wire(t)
	datagrams := socktest.UDP.New(t)
	good := &tlsconn.Config{TLS: serverTLS()}
	for _, tt := range []struct {
		name string
		s    *sock.Socket
		cfg  *tlsconn.Config
	}{
		{"no socket", nil, good},
		{"no Config", s, nil},
		{"no tls.Config", s, &tlsconn.Config{}},
		{"no such layer", s, &tlsconn.Config{TLS: serverTLS(), Layer: 9}},
		{"a datagram socket", datagrams, good},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var arg *sock.ArgError
			if _, err := tlsconn.Server(tt.s, tt.cfg); !errors.As(err, &arg) {
				t.Errorf("Server: %v, want an ArgError", err)
			}
			if _, err := tlsconn.Client(tt.s, tt.cfg); !errors.As(err, &arg) {
				t.Errorf("Client: %v, want an ArgError", err)
			}
		})
	}
	c, err := tlsconn.Server(s, good)
	socktest.Must(t, err)
	if err := c.CloseWrite(); err == nil {
		t.Error("CloseWrite before the handshake")
	}
}

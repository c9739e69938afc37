package protocol_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// tlsConfigs are those of a server and of a client that trusts it.
var tlsConfigs = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "example.com"}
})

var layers = []tlsconn.Layer{tlsconn.Standard, tlsconn.Compact, tlsconn.Kernel}

// secureServer and secureClient make the Stream of a side.
func secureServer(layer tlsconn.Layer) func(*sock.Socket) (protocol.Stream, error) {
	server, _ := tlsConfigs()
	cfg := &tlsconn.Config{TLS: server, Layer: layer}
	return func(s *sock.Socket) (protocol.Stream, error) { return tlsconn.Server(s, cfg) }
}

func secureClient(layer tlsconn.Layer) func(*sock.Socket) (protocol.Stream, error) {
	_, client := tlsConfigs()
	cfg := &tlsconn.Config{TLS: client, Layer: layer}
	return func(s *sock.Socket) (protocol.Stream, error) { return tlsconn.Client(s, cfg) }
}

// eachLayer runs fn for each record layer. Where the kernel has none, crypto/tls stands in.
func eachLayer(t *testing.T, fn func(t *testing.T, layer tlsconn.Layer)) {
	tlsConfigs()
	for _, layer := range layers {
		t.Run(layer.String(), func(t *testing.T) {
			socktest.Check(t)
			fn(t, layer)
		})
	}
}

// dialTLS connects with crypto/tls.
func dialTLS(t testing.TB, at string) *tls.Conn {
	t.Helper()
	_, cfg := tlsConfigs()
	c := tls.Client(dial(t, at), cfg)
	socktest.Must(t, c.Handshake())
	return c
}

// frames is a server of frames, which it sends back.
type frames struct{ protocol.Base }

var length = protocol.Length{Bytes: 4, Limit: 1 << 20}

func (f frames) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, length, f) }

func (f frames) Frame(t *protocol.Transport, frame []byte) { length.Write(t, frame) }

// Frames of all sizes go through TLS and come back, in each record layer; then the server is shut
// down, and the peer sees a proper end.
func TestServerOfTLS(t *testing.T) {
	eachLayer(t, func(t *testing.T, layer tlsconn.Layer) {
		made := make(chan *protocol.Transport, 1)
		s, at := serve(t, protocol.Config{Loops: 1, IdleTimeout: time.Minute, ReadLimit: 2 << 20, Secure: secureServer(layer),
			New: func(c *protocol.Transport) protocol.Protocol { made <- c; return frames{} }})
		c := dialTLS(t, at)
		conn := next(t, "New", made)
		if state := conn.Stream().(*tlsconn.Conn).ConnectionState(); !state.HandshakeComplete {
			t.Error("New before the end of the handshake")
		}
		for _, n := range []int{0, 1, 1000, 16 << 10, 100_000, 1 << 20} {
			frame := append(binary.BigEndian.AppendUint32(nil, uint32(n)), bytes.Repeat([]byte("pollux"), n/6+1)[:n]...)
			go c.Write(frame)
			got := make([]byte, len(frame))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, frame) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		shut := socktest.Start(func() error {
			report, err := s.Shutdown(patience(t))
			if report.Ended != 1 || report.Cut != 0 {
				t.Errorf("%v", report)
			}
			return err
		})
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("after the shutdown: %q, %v, want the end", rest, err)
		}
		c.Close()
		socktest.Must(t, shut.Wait(t))
	})
}

// A peer that does not read makes the server pause; once it reads, all arrives.
func TestFlowControlOfTLS(t *testing.T) {
	eachLayer(t, func(t *testing.T, layer tlsconn.Layer) {
		p := newScript()
		paused, resumed := make(chan int, 100), make(chan int, 100)
		p.pausing = func(t *protocol.Transport) { paused <- t.Buffered() }
		p.resumed = func(t *protocol.Transport) { resumed <- t.Buffered() }
		p.data = echo{}.Data
		cfg := each(p)
		cfg.Loop = quiet()
		cfg.Secure = secureServer(layer)
		_, at := serve(t, cfg)
		c := dialTLS(t, at)
		c.SetDeadline(time.Now().Add(8 * socktest.Patience)) // for the machine of internal/rigs
		const total = 16 << 20
		sent := socktest.Start(func() error {
			_, err := c.Write(bytes.Repeat([]byte{'x'}, total))
			return err
		})
		if n := next(t, "Paused", paused); n <= 64<<10 || n > 64<<10+256<<10 {
			t.Errorf("paused with %d bytes unsent", n)
		}
		if n, err := io.CopyN(io.Discard, c, total); err != nil {
			t.Fatalf("read %d bytes, %v", n, err)
		}
		next(t, "Resumed", resumed)
		socktest.Must(t, sent.Wait(t))
		socktest.Must(t, c.CloseWrite())
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("after the end: %d bytes, %v", len(rest), err)
		}
		c.Close()
		if err := next(t, "Lost", p.lost); err != nil {
			t.Errorf("lost by %v", err)
		}
	})
}

// A Server and a Client, both behind TLS: the client speaks first, a file goes between two writes,
// and the connection moves to the other loop meanwhile.
func TestTLSOnBothSides(t *testing.T) {
	eachLayer(t, func(t *testing.T, layer tlsconn.Layer) {
		text := strings.Repeat("0123456789abcdef", 20_000)
		path := filepath.Join(t.TempDir(), "file")
		socktest.Must(t, os.WriteFile(path, []byte(text), 0o600))
		sent := make(chan error, 1)
		var server *protocol.Server
		var from *loop.Loop
		served := newScript()
		served.made = func(c *protocol.Transport) { from = c.Loop() }
		served.data = func(c *protocol.Transport, p []byte) int {
			if string(p) != "file" {
				return 0
			}
			f, err := os.Open(path)
			if err != nil {
				sent <- err
				return len(p)
			}
			c.WriteString("<")
			c.SendFile(f, 16, int64(len(text)-32)).Then(func(n int64, err error) {
				f.Close()
				if err == nil && n != int64(len(text)-32) {
					err = io.ErrShortWrite
				}
				sent <- err
			})
			c.WriteString(">")
			for _, l := range server.Reactor().Loops() {
				if l != c.Loop() {
					c.Move(l)
				}
			}
			return len(p)
		}
		cfg := each(served)
		cfg.Loops, cfg.Secure = 2, secureServer(layer)
		var at string
		server, at = serve(t, cfg)
		client, err := protocol.NewClient(&protocol.Config{Loops: 1, Secure: secureClient(layer)})
		socktest.Must(t, err)
		defer client.Close()
		p := newScript()
		p.made = func(c *protocol.Transport) { c.WriteString("file") }
		var got []byte
		whole := make(chan struct{})
		p.data = func(_ *protocol.Transport, b []byte) int {
			if got = append(got, b...); got[len(got)-1] == '>' {
				close(whole)
			}
			return len(b)
		}
		to, port := splitPort(t, at)
		conn, err := client.Dial(t.Context(), to, port, p).Wait(patience(t))
		socktest.Must(t, err)
		first := next(t, "Made", served.conn)
		next(t, "the file", whole)
		socktest.Must(t, next(t, "the end of SendFile", sent))
		if want := "<" + text[16:len(text)-16] + ">"; string(got) != want {
			t.Errorf("%d bytes, want %d", len(got), len(want))
		}
		socktest.Await(t, "the move", func() bool { return first.Loop() != from })
		conn.Close()
		if err := next(t, "Lost", served.lost); err != nil {
			t.Errorf("the server lost it by %v", err)
		}
		if err := next(t, "Lost", p.lost); err != nil {
			t.Errorf("the client lost it by %v", err)
		}
		wantUnsent(t, server, 0)
	})
}

// lineTLS speaks lines, and TLS after STARTTLS.
type lineTLS struct {
	protocol.Base
	secure func(*sock.Socket) (protocol.Stream, error)
	lost   chan error
}

func (l *lineTLS) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{}, l)
}

func (l *lineTLS) Frame(t *protocol.Transport, line []byte) {
	if string(line) == "STARTTLS" {
		t.WriteString("220 go ahead\r\n")
		if err := t.Secure(l.secure); err != nil {
			t.WriteString("500 " + err.Error() + "\r\n")
			return
		}
		t.WriteString("250 safe\r\n") // it comes behind the handshake
		return
	}
	t.WriteString("echo " + string(line) + "\r\n")
}

func (l *lineTLS) Lost(_ *protocol.Transport, err error) { l.lost <- err }

// STARTTLS: the connection begins in plaintext, and goes on behind TLS.
func TestStartTLS(t *testing.T) {
	eachLayer(t, func(t *testing.T, layer tlsconn.Layer) {
		l := &lineTLS{secure: secureServer(layer), lost: make(chan error, 1)}
		_, at := serve(t, each(l))
		plain := dial(t, at)
		plain.Write([]byte("hello\r\nSTARTTLS\r\n"))
		want(t, plain, "echo hello\r\n220 go ahead\r\n")
		_, cfg := tlsConfigs()
		c := tls.Client(plain, cfg)
		want(t, c, "250 safe\r\n")
		c.Write([]byte("secret\r\nSTARTTLS\r\n"))
		want(t, c, "echo secret\r\n220 go ahead\r\n500 ")
		c.Close()
		if err := next(t, "Lost", l.lost); err != nil {
			t.Errorf("lost by %v", err)
		}
	})
}

// Plaintext behind STARTTLS may be an attacker's: the connection ends.
func TestStartTLSWithPlaintextBehind(t *testing.T) {
	socktest.Check(t)
	l := &lineTLS{secure: secureServer(tlsconn.Standard), lost: make(chan error, 1)}
	_, at := serve(t, each(l))
	c := dial(t, at)
	c.Write([]byte("STARTTLS\r\nRSET\r\n"))
	want(t, c, "220 go ahead\r\n")
	if err := next(t, "Lost", l.lost); !errors.Is(err, protocol.ErrEarlyData) {
		t.Errorf("lost by %v", err)
	}
}

// A peer that speaks no TLS, one that says nothing until HandshakeTimeout, and one that says
// nothing until the server is shut down: each ends, and no protocol is made.
func TestBadHandshakes(t *testing.T) {
	socktest.Check(t)
	s, at := serve(t, protocol.Config{Loops: 1, Secure: secureServer(tlsconn.Standard), HandshakeTimeout: 100 * time.Millisecond,
		New: func(*protocol.Transport) protocol.Protocol { t.Error("New was called"); return nil }})
	garbage, silent := dial(t, at), dial(t, at)
	garbage.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	io.ReadAll(garbage)
	if _, err := silent.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the silent peer: %v, want the end", err)
	}
	socktest.Await(t, "the end of both", func() bool { return s.Stats().Connections == 0 })
	l := &lineTLS{lost: make(chan error, 1), secure: secureServer(tlsconn.Standard)}
	s, at = serve(t, each(l))
	stuck := dial(t, at)
	stuck.Write([]byte("STARTTLS\r\n"))
	want(t, stuck, "220 go ahead\r\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if report, err := s.Shutdown(ctx); report.Cut != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", report, err)
	}
	if err := next(t, "Lost", l.lost); !errors.Is(err, protocol.ErrShutdown) {
		t.Errorf("lost by %v", err)
	}
}

// What Secure refuses.
func TestSecureRefuses(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, _ := pair(t, p, protocol.Config{})
	var option *protocol.OptionError
	if err := s.Secure(nil); !errors.As(err, &option) {
		t.Errorf("nil: %v", err)
	}
	failed := errors.New("no certificate")
	socktest.Must(t, s.Secure(func(*sock.Socket) (protocol.Stream, error) { return nil, failed }))
	if err := next(t, "Lost", p.lost); !errors.Is(err, failed) {
		t.Errorf("lost by %v, want the error of the function", err)
	}
	if err := s.Secure(secureServer(tlsconn.Standard)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func splitPort(t testing.TB, at string) (host string, port int) {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", at)
	socktest.Must(t, err)
	return a.IP.String(), a.Port
}

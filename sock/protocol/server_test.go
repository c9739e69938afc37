package protocol_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// echo answers with what it gets.
type echo struct{ protocol.Base }

func (echo) Data(t *protocol.Transport, p []byte) int {
	t.Write(p)
	return len(p)
}

// serve starts a server on a free port of the loopback interface. The test ends it.
func serve(t testing.TB, cfg protocol.Config) (*protocol.Server, string) {
	t.Helper()
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
	t.Cleanup(func() { socktest.Must(t, s.Close()) })
	return s, at.String()
}

// first is the configuration of a server on one loop that logs nothing. p has its first connection,
// and the others echo.
func first(p protocol.Protocol) protocol.Config {
	return protocol.Config{Loops: 1, Loop: quiet(), New: func(*protocol.Transport) protocol.Protocol {
		mine := p
		p = echo{}
		return mine
	}}
}

// each returns a Config whose New always returns p.
func each(p protocol.Protocol) protocol.Config {
	return protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return p }}
}

// dial connects with package net, so that what is tested has a peer of other code.
func dial(t testing.TB, at string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", at)
	socktest.Must(t, err)
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(socktest.Patience))
	return c.(*net.TCPConn)
}

func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), socktest.Patience)
	t.Cleanup(cancel)
	return ctx
}

func want(t testing.TB, c io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("read %d bytes, %.100q…, %v, want %d, %.100q…", n, got, err, len(text), text)
	}
}

func TestEcho(t *testing.T) {
	socktest.Check(t)
	_, at := serve(t, each(echo{}))
	c := dial(t, at)
	for _, n := range []int{1, 5, 1000, 64 << 10, 300_000} {
		sent := bytes.Repeat([]byte("pollux"), n/6+1)[:n]
		go c.Write(sent)
		got := make([]byte, n)
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	c.CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}

func TestShutdown(t *testing.T) {
	socktest.Check(t)
	s, at := serve(t, each(echo{}))
	c := dial(t, at)
	c.Write([]byte("hello"))
	want(t, c, "hello")
	go io.Copy(io.Discard, c)
	report, err := s.Shutdown(patience(t))
	if err != nil || report.Ended != 1 || report.Cut != 0 {
		t.Errorf("%v, %v", report, err)
	}
	if _, err := net.Dial("tcp", at); err == nil {
		t.Error("it accepts after Shutdown")
	}
}

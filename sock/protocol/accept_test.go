package protocol_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// where is a protocol that notes on which loop it is.
type where struct {
	protocol.Base
	loops chan *loop.Loop
}

func (w *where) Made(t *protocol.Transport) { w.loops <- t.Loop() }

func TestBalance(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		balance protocol.Balance
		least   int // of the loops, how many must have had a connection
		most    int // of 40 connections, how many the busiest may have
	}{
		{protocol.RoundRobin, 4, 10},
		{protocol.LeastLoaded, 4, 10},
		{protocol.SourceHash, 1, 40}, // all come from one host
		{protocol.ReusePort, 2, 39},
	} {
		t.Run(tt.balance.String(), func(t *testing.T) {
			w := &where{loops: make(chan *loop.Loop, 100)}
			cfg := each(w)
			cfg.Loops, cfg.Balance = 4, tt.balance
			s, at := serve(t, cfg)
			counts := make(map[*loop.Loop]int)
			for range 40 {
				dial(t, at)
				counts[next(t, "Made", w.loops)]++
			}
			busiest := 0
			for _, n := range counts {
				busiest = max(busiest, n)
			}
			if len(counts) < tt.least || busiest > tt.most || tt.balance == protocol.SourceHash && len(counts) != 1 {
				t.Errorf("40 connections on %d loops, the busiest has %d", len(counts), busiest)
			}
			if st := s.Stats(); st.Connections != 40 || st.Accepted != 40 || st.Refused != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestMaxConns(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	cfg.MaxConns = 3
	s, at := serve(t, cfg)
	for range 3 {
		c := dial(t, at)
		c.Write([]byte("x"))
		want(t, c, "x")
	}
	c := dial(t, at)
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the fourth connection is served")
	}
	socktest.Await(t, "the count", func() bool { st := s.Stats(); return st.Refused == 1 && st.Connections == 3 })
}

func TestAcceptRate(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	cfg.AcceptRate, cfg.AcceptBurst = 50, 2
	_, at := serve(t, cfg)
	began := time.Now()
	for range 7 {
		c := dial(t, at)
		c.Write([]byte("x"))
		want(t, c, "x")
	}
	if took := time.Since(began); took < 95*time.Millisecond {
		t.Errorf("7 connections in %v, at 50 a second and 2 at once", took)
	}
}

// Every family of streams, and SOCK_SEQPACKET, whose messages keep their bounds.
func TestFamilies(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return echo{} }})
	socktest.Must(t, err)
	defer s.Close()
	for _, a := range []sock.Addr{sock.Inet("127.0.0.1", 0), sock.Inet6("::1", 0), sock.Unix(t.TempDir() + "/s"), sock.Unix("")} {
		at, err := s.Listen(a)
		socktest.Must(t, err)
		c, err := net.Dial(map[bool]string{true: "unix", false: "tcp"}[strings.HasPrefix(at.Network(), "unix")], strings.Replace(at.String(), "%00", "@", 1))
		socktest.Must(t, err)
		c.SetDeadline(time.Now().Add(socktest.Patience))
		c.Write([]byte("hello"))
		want(t, c, "hello")
		c.Close()
	}
	ln, err := sock.New(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
	socktest.Must(t, err)
	socktest.Must(t, ln.Bind(sock.Unix("")))
	socktest.Must(t, ln.Listen(5))
	at := socktest.Name(t, ln)
	socktest.Must(t, s.Serve(ln))
	c, err := sock.New(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
	socktest.Must(t, err)
	defer c.Close()
	c.SetTimeout(socktest.Patience)
	socktest.Must(t, c.Connect(at))
	for _, m := range []string{"one", "two and more", "3"} {
		_, err := c.Send([]byte(m), 0)
		socktest.Must(t, err)
	}
	for _, m := range []string{"one", "two and more", "3"} {
		if b, err := c.Recv(100, 0); err != nil || string(b) != m {
			t.Errorf("%q, %v, want %q", b, err, m)
		}
	}
	if n := len(s.Addrs()); n != 5 {
		t.Errorf("it listens at %d addresses", n)
	}
}

func TestGo(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(&protocol.Config{IdleTimeout: time.Minute})
	socktest.Must(t, err)
	defer s.Close()
	buffers := sock.NewBuffers(4096)
	s.Go(func(_ *loop.Task, c *sock.Socket) {
		for {
			p, err := c.RecvBuffer(buffers, 0)
			if p == nil || err != nil {
				return
			}
			c.Sendall(p, 0)
			buffers.Put(p)
		}
	})
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			c := dial(t, at.String())
			defer c.Close()
			for range 10 {
				c.Write([]byte("hello"))
				want(t, c, "hello")
			}
		})
	}
	wg.Wait()
	c := dial(t, at.String())
	c.Write([]byte("hello"))
	want(t, c, "hello")
	if n := s.Stats().Connections; n < 1 {
		t.Errorf("%d connections", n)
	}
	report, err := s.Shutdown(patience(t))
	if err != nil || report.Cut != 0 {
		t.Errorf("%v, %v", report, err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestServeNeedsProtocol(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(nil)
	socktest.Must(t, err)
	if _, err := s.Listen(sock.Inet("127.0.0.1", 0)); err == nil {
		t.Error("it listens without a protocol")
	}
	s.Go(func(*loop.Task, *sock.Socket) {})
	s.Close()
	if _, err := s.Listen(sock.Inet("127.0.0.1", 0)); err == nil {
		t.Error("it listens after Close")
	}
}

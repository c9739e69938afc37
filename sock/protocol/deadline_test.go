package protocol_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/timeouts"
)

// wantTimeout waits for the end of a connection by a timeout, and returns when that was.
func wantTimeout(t *testing.T, p *script, option string, began time.Time, least time.Duration) {
	t.Helper()
	err := next(t, "Lost", p.lost)
	took := time.Since(began)
	var timeout *protocol.TimeoutError
	if !errors.As(err, &timeout) || timeout.Option != option || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("lost by %v, want %s", err, option)
	}
	if took < least {
		t.Errorf("%s after %v, must not be before %v", option, took, least)
	}
}

func TestIdleTimeout(t *testing.T) {
	socktest.Check(t)
	const idle = 10 * time.Second
	p := newScript()
	p.data = echo{}.Data
	clock, c := onClock(t, p, protocol.Config{IdleTimeout: idle})
	use := map[string]func(){ // either way pushes it back
		"receiving": func() {
			c.Write([]byte("x"))
			want(t, c, "x")
		},
		"sending": func() {
			clock.conn.WriteString("y")
			want(t, c, "y")
		},
	}
	for what, use := range use {
		for range 5 {
			use()
			clock.pass(t, idle-time.Millisecond)
			stays(t, p, "while it is in use by "+what)
		}
	}
	clock.pass(t, 50*time.Millisecond)
	wantLost(t, p, "IdleTimeout", idle)
}

func TestSetIdleTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{IdleTimeout: time.Hour})
	var option *protocol.OptionError
	on(t, s, func() {
		for _, d := range []time.Duration{-1, 1, 13 * 24 * time.Hour} {
			if err := s.SetIdleTimeout(d); !errors.As(err, &option) {
				t.Errorf("%v: %v", d, err)
			}
		}
	})
	began := time.Now()
	on(t, s, func() { socktest.Must(t, s.SetIdleTimeout(30*time.Millisecond)) })
	wantTimeout(t, p, "IdleTimeout", began, 30*time.Millisecond)
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer reads %v", err)
	}
}

// A clock is one of the test, and a server on it.
type clock struct {
	*timeouts.Fake
	conn *protocol.Transport
}

// onClock is pair, with a clock that the test moves.
func onClock(t *testing.T, p *script, cfg protocol.Config) (*clock, *net.TCPConn) {
	t.Helper()
	c := &clock{Fake: new(timeouts.Fake)}
	c.Advance(time.Hour)
	cfg.Loops, cfg.Loop = 1, &loop.Config{Clock: c}
	conn, peer := pair(t, p, cfg)
	c.conn = conn
	return c, peer
}

// pass lets a time pass between two turns of the loop, and waits until the loop has seen it.
func (c *clock) pass(t *testing.T, d time.Duration) {
	t.Helper()
	on(t, c.conn, func() { // no call of the protocol is under way
		c.Advance(d)
	})
	on(t, c.conn, func() {})
}

// wantLost wants the connection to have ended by a timeout.
func wantLost(t *testing.T, p *script, option string, after time.Duration) {
	t.Helper()
	var timeout *protocol.TimeoutError
	if err := next(t, "Lost", p.lost); !errors.As(err, &timeout) || timeout.Option != option || timeout.After != after {
		t.Errorf("lost by %v, want %s of %v", err, option, after)
	}
}

// stays wants the connection not to have ended.
func stays(t *testing.T, p *script, when string) {
	t.Helper()
	select {
	case err := <-p.lost:
		t.Fatalf("lost by %v %s", err, when)
	default:
	}
}

// A peer that sends a byte a second does not keep its connection: the bytes of the message do not
// push ReadTimeout back. Whole messages do.
func TestByteASecond(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan int, 100)
	p.data = func(_ *protocol.Transport, b []byte) int {
		got <- len(b)
		if len(b) < 1000 {
			return 0
		}
		return 1000
	}
	clock, c := onClock(t, p, protocol.Config{ReadTimeout: 10 * time.Second, IdleTimeout: time.Hour})
	for range 20 {
		c.Write(make([]byte, 1000))
		next(t, "a message", got)
		clock.pass(t, 9*time.Second)
	}
	for i := range 10 {
		stays(t, p, fmt.Sprintf("after %d bytes", i))
		c.Write([]byte("x"))
		if n := next(t, "a byte", got); n != i+1 {
			t.Fatalf("%d bytes, want %d", n, i+1)
		}
		clock.pass(t, time.Second-time.Millisecond)
	}
	stays(t, p, "before its time")
	clock.pass(t, 50*time.Millisecond)
	wantLost(t, p, "ReadTimeout", 10*time.Second)
}

// While reading is paused, by the program or because the peer does not read, ReadTimeout does not
// run: the peer cannot help what it may not send. It begins anew when reading does.
func TestReadTimeoutWhilePaused(t *testing.T) {
	const limit = 10 * time.Second
	for _, tt := range []struct {
		name          string
		pause, resume func(t *testing.T, s *protocol.Transport, c *net.TCPConn)
	}{
		{"PauseReading",
			func(_ *testing.T, s *protocol.Transport, _ *net.TCPConn) { s.PauseReading() },
			func(_ *testing.T, s *protocol.Transport, _ *net.TCPConn) { s.ResumeReading() }},
		{"PauseReading on the loop",
			func(t *testing.T, s *protocol.Transport, _ *net.TCPConn) { on(t, s, s.PauseReading) },
			func(t *testing.T, s *protocol.Transport, _ *net.TCPConn) { on(t, s, s.ResumeReading) }},
		{"more than HighWater is unsent",
			func(t *testing.T, s *protocol.Transport, _ *net.TCPConn) { s.Write(make([]byte, 32<<20)) },
			func(t *testing.T, s *protocol.Transport, c *net.TCPConn) {
				_, err := io.CopyN(io.Discard, c, 32<<20)
				socktest.Must(t, err)
				socktest.Await(t, "all is sent", func() bool { return s.Buffered() == 0 })
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			p := newScript()
			got := make(chan int, 100)
			p.data = func(_ *protocol.Transport, b []byte) int {
				got <- len(b)
				return 0
			}
			clock, c := onClock(t, p, protocol.Config{ReadTimeout: limit, HighWater: 1 << 20, LowWater: 1 << 19})
			c.Write([]byte("x"))
			next(t, "a byte", got)
			clock.pass(t, limit-time.Second)
			tt.pause(t, clock.conn, c)
			on(t, clock.conn, func() {})
			clock.pass(t, 100*limit)
			stays(t, p, "while reading is paused")
			tt.resume(t, clock.conn, c)
			on(t, clock.conn, func() {})
			clock.pass(t, limit-time.Millisecond)
			stays(t, p, "before its time")
			clock.pass(t, 50*time.Millisecond)
			wantLost(t, p, "ReadTimeout", limit)
		})
	}
}

// A deadline is not early because a call has held its loop for long: it counts from what sets it,
// and not from the beginning of the turn.
func TestDeadlineAfterLongCall(t *testing.T) {
	const limit = 10 * time.Second
	unsent := make([]byte, 32<<20)
	for option, tt := range map[string]struct {
		cfg   protocol.Config
		after func(t *protocol.Transport) (used int) // the rest of the long call
	}{
		"IdleTimeout": {protocol.Config{}, func(t *protocol.Transport) int { t.SetIdleTimeout(limit); return 1 }},
		"ReadTimeout": {protocol.Config{ReadTimeout: limit}, func(*protocol.Transport) int { return 0 }},
		"WriteTimeout": {protocol.Config{WriteTimeout: limit, WriteLimit: 64 << 20}, func(t *protocol.Transport) int {
			t.Write(unsent)
			return 1
		}},
		"CloseTimeout": {protocol.Config{CloseTimeout: limit, WriteLimit: 64 << 20}, func(t *protocol.Transport) int {
			t.Write(unsent)
			t.Close()
			return 1
		}},
	} {
		t.Run(option, func(t *testing.T) {
			socktest.Check(t)
			p := newScript()
			called := make(chan struct{})
			var clock *clock
			p.data = func(t *protocol.Transport, _ []byte) int {
				defer close(called)
				clock.Advance(2 * limit)
				return tt.after(t)
			}
			clock, c := onClock(t, p, tt.cfg)
			clock.pass(t, 0) // the loop knows the clock now
			c.Write([]byte("x"))
			next(t, "the call", called)
			clock.pass(t, limit-time.Millisecond)
			stays(t, p, "before its time")
			// The system may have taken more of what is unsent, which begins WriteTimeout anew.
			socktest.Await(t, "the end", func() bool {
				clock.pass(t, 50*time.Millisecond)
				return len(p.lost) > 0
			})
			wantLost(t, p, option, limit)
		})
	}
}

// What arrived while a call held the loop counts from when the loop receives it.
func TestIdleTimeoutBehindLongCall(t *testing.T) {
	socktest.Check(t)
	const limit, conns = 10 * time.Second, 3
	var fake timeouts.Fake
	var got atomic.Int32
	lost := make(chan error, conns)
	p := newScript()
	p.lost = lost
	p.data = func(t *protocol.Transport, b []byte) int {
		if got.Add(1) < conns {
			fake.Advance(2 * limit)
			t.Write(b) // so that this one is in use as well
		}
		return len(b)
	}
	cfg := each(p)
	cfg.Loops, cfg.IdleTimeout, cfg.Loop = 1, limit, &loop.Config{Clock: &fake}
	_, at := serve(t, cfg)
	var last *protocol.Transport
	peers := make([]*net.TCPConn, conns)
	for i := range peers {
		peers[i] = dial(t, at)
		last = next(t, "Made", p.conn)
	}
	on(t, last, func() { // they all are in one turn
		for _, c := range peers {
			c.Write([]byte("x"))
		}
	})
	socktest.Await(t, "all data", func() bool { return got.Load() == conns })
	clock := &clock{&fake, last}
	clock.pass(t, 0)
	// Those before the last were in use before the last long call, the other two after it.
	for range conns - 2 {
		next(t, "Lost", lost)
	}
	stays(t, p, "although it has just received")
}

// A peer that never reads.
func TestWriteTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, _ := pair(t, p, protocol.Config{WriteTimeout: 50 * time.Millisecond})
	began := time.Now()
	s.Write(make([]byte, 32<<20))
	wantTimeout(t, p, "WriteTimeout", began, 50*time.Millisecond)
}

// A slow peer that reads on keeps its connection: each time that the system takes some begins the
// time anew.
func TestWriteTimeoutOfSlowPeer(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	clock, c := onClock(t, p, protocol.Config{WriteTimeout: 10 * time.Second, CloseTimeout: 24 * time.Hour})
	s := clock.conn
	const total = 24 << 20
	s.Write(make([]byte, total))
	unsent := s.Buffered()
	passed := 0
	for read := 0; read < total; {
		n, err := io.CopyN(io.Discard, c, min(4<<20, int64(total-read)))
		if err != nil {
			t.Fatal(err)
		}
		read += int(n)
		if s.Buffered() > 0 {
			socktest.Await(t, "the system to take some", func() bool { return s.Buffered() < unsent })
			unsent = s.Buffered()
		}
		on(t, s, func() {}) // the call that has sent it is over, and has set its time
		clock.pass(t, 9*time.Second)
		passed++
		stays(t, p, "while the peer reads")
	}
	if passed < 3 {
		t.Errorf("read in %d parts: too few to prove anything", passed)
	}
	s.Close()
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

// A peer that does not show what it has to ends after its time, whatever it sends; one that does
// stays.
func TestHandshakeTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	got := make(chan string, 10)
	p.data = func(t *protocol.Transport, b []byte) int {
		if string(b) == "secret" {
			t.HandshakeDone()
		}
		got <- string(b)
		return len(b)
	}
	cfg := protocol.Config{HandshakeTimeout: time.Minute}
	clock, c := onClock(t, p, cfg)
	for range 3 {
		c.Write([]byte("noise"))
		next(t, "the noise", got)
		stays(t, p, "before its time")
		clock.pass(t, 19*time.Second)
	}
	clock.pass(t, 4*time.Second)
	wantLost(t, p, "HandshakeTimeout", time.Minute)

	clock, c = onClock(t, p, cfg)
	c.Write([]byte("secret"))
	next(t, "the secret", got)
	clock.pass(t, time.Hour)
	c.Write([]byte("still here"))
	if text := next(t, "more", got); text != "still here" {
		t.Errorf("got %q", text)
	}
	stays(t, p, "after its handshake")
}

package protocol_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
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
	const idle = 60 * time.Millisecond
	p := newScript()
	p.data = echo{}.Data
	_, c := pair(t, p, protocol.Config{IdleTimeout: idle})
	// Activity pushes it back.
	last := time.Now()
	for time.Since(last) < 3*idle {
		c.Write([]byte("x"))
		want(t, c, "x")
		select {
		case err := <-p.lost:
			t.Fatalf("lost by %v while it is in use", err)
		default:
		}
	}
	before := time.Now()
	c.Write([]byte("x"))
	wantTimeout(t, p, "IdleTimeout", before, idle)
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

// A peer that sends a byte a second, here a byte in 10 ms, does not keep its connection.
func TestReadTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = func(_ *protocol.Transport, b []byte) int {
		if len(b) < 1000 {
			return 0
		}
		return 1000
	}
	_, c := pair(t, p, protocol.Config{ReadTimeout: 100 * time.Millisecond, IdleTimeout: time.Hour})
	c.Write(make([]byte, 2000)) // whole messages do not count
	began := time.Now()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	wantTimeout(t, p, "ReadTimeout", began, 100*time.Millisecond)
	<-stop
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

// A slow peer that reads on keeps its connection.
func TestWriteTimeoutOfSlowPeer(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{WriteTimeout: 300 * time.Millisecond})
	const total = 24 << 20
	s.Write(make([]byte, total))
	s.Close()
	began := time.Now()
	for read := 0; read < total; {
		n, err := io.CopyN(io.Discard, c, min(1<<20, int64(total-read)))
		if err != nil {
			t.Fatal(err)
		}
		read += int(n)
		time.Sleep(30 * time.Millisecond)
	}
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("it took %v: too fast to prove anything", took)
	}
	c.Close()
	if err := next(t, "Lost", p.lost); err != nil {
		t.Errorf("lost by %v", err)
	}
}

func TestHandshakeTimeout(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	p.data = func(t *protocol.Transport, b []byte) int {
		if string(b) == "secret" {
			t.HandshakeDone()
			t.WriteString("ok")
		}
		return len(b)
	}
	began := time.Now()
	cfg := protocol.Config{HandshakeTimeout: 60 * time.Millisecond}
	_, c := pair(t, p, cfg)
	c.Write([]byte("noise"))
	wantTimeout(t, p, "HandshakeTimeout", began, 60*time.Millisecond)

	p = newScript()
	p.data = echo{}.Data
	p.made = func(t *protocol.Transport) { t.HandshakeDone() }
	_, c = pair(t, p, cfg)
	time.Sleep(100 * time.Millisecond) // its time passes
	c.Write([]byte("still here"))
	want(t, c, "still here")
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		option string
		cfg    protocol.Config
	}{
		{"HighWater", protocol.Config{HighWater: -1}},
		{"LowWater", protocol.Config{HighWater: 10, LowWater: 10}},
		{"WriteLimit", protocol.Config{WriteLimit: 10}},
		{"ReadLimit", protocol.Config{ReadLimit: 1<<30 + 1}},
		{"Loops", protocol.Config{Loops: -1}},
		{"MaxConns", protocol.Config{MaxConns: -5}},
		{"AcceptRate", protocol.Config{AcceptRate: -1}},
		{"Balance", protocol.Config{Balance: 17}},
		{"IdleTimeout", protocol.Config{IdleTimeout: time.Microsecond}},
		{"ReadTimeout", protocol.Config{ReadTimeout: -time.Second}},
		{"WriteTimeout", protocol.Config{WriteTimeout: 1000 * time.Hour}},
		{"CloseTimeout", protocol.Config{CloseTimeout: -1}},
		{"KeepAlive", protocol.Config{KeepAlive: time.Millisecond}},
	} {
		_, err := protocol.NewServer(&tt.cfg)
		var option *protocol.OptionError
		if !errors.As(err, &option) || option.Option != tt.option || option.Rule == "" {
			t.Errorf("%s: %v", tt.option, err)
		}
	}
}

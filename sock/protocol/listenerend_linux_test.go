package protocol_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// A logbook keeps the log of a server.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer // mu
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A listener that other code shuts down, also in another process, ends: accept(2) fails for ever
// then. Otherwise the loop would try again without a pause. A listener that other code closes ends
// too. HandOver passes on the listeners that are left.
func TestListenerEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(ln *sock.Socket) error
		log  string
	}{
		{"shutdown", func(ln *sock.Socket) error { return ln.Shutdown(sock.SHUT_RDWR) }, "a listener has ended"},
		{"close", (*sock.Socket).Close, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			var book logbook
			cfg := each(echo{})
			cfg.Loops, cfg.Logger = 1, slog.New(slog.NewTextHandler(&book, nil))
			s, err := protocol.NewServer(&cfg)
			socktest.Must(t, err)
			defer s.Close()
			ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
			socktest.Must(t, err)
			socktest.Must(t, s.Serve(ln))
			at, err := s.Listen(sock.Inet("127.0.0.1", 0))
			socktest.Must(t, err)
			socktest.Must(t, tt.end(ln))
			socktest.Await(t, "the end of the listener", func() bool { return len(s.Addrs()) == 1 && ln.Fileno() < 0 })
			if log := book.String(); !strings.Contains(log, tt.log) || tt.log == "" && log != "" || strings.Count(log, "\n") > 1 {
				t.Errorf("the log is %q", log)
			}
			if err := s.HandOver(patience(t), exec.Command("true")); !errors.Is(err, protocol.ErrNotReady) {
				t.Errorf("HandOver to a process that only ends: %v", err)
			}
			c := dial(t, at.String())
			c.Write([]byte("hello"))
			want(t, c, "hello")
			c.Close()
			if report, err := s.Shutdown(patience(t)); err != nil || report.Cut != 0 {
				t.Errorf("%v, %v", report, err)
			}
		})
	}
}

// HandOver of a server that is shut down starts no successor, which would have no listener. In a
// callback it would hold the loop.
func TestHandOverRefuses(t *testing.T) {
	socktest.Check(t)
	s, err := protocol.NewServer(new(each(echo{})))
	socktest.Must(t, err)
	defer s.Close()
	got := make(chan error, 1)
	socktest.Must(t, s.Reactor().Loops()[0].Post(func() { got <- s.HandOver(context.Background(), exec.Command("true")) }))
	if err := next(t, "HandOver on the loop", got); !errors.Is(err, loop.ErrOnLoop) {
		t.Errorf("on the loop: %v", err)
	}
	_, err = s.Shutdown(patience(t))
	socktest.Must(t, err)
	if err := s.HandOver(patience(t), exec.Command("true")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
}

// gone is a protocol that reports the beginning and the end of a socket.
type gone struct {
	protocol.DatagramBase
	made chan *protocol.Datagrams
	lost chan error
}

func (g *gone) Made(d *protocol.Datagrams)            { g.made <- d }
func (g *gone) Lost(_ *protocol.Datagrams, err error) { g.lost <- err }

// A server keeps nothing of a socket of messages, or of a listener, that has ended.
func TestEndedSocketsAreForgotten(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	cfg.Loops = 1
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	defer s.Close()
	const n = 100
	var left []func() bool
	for range n {
		g := &gone{made: make(chan *protocol.Datagrams, 1), lost: make(chan error, 1)}
		_, err := s.ListenPacket(sock.Inet("127.0.0.1", 0), g)
		socktest.Must(t, err)
		d := next(t, "Made", g.made)
		d.Close()
		socktest.Must(t, next(t, "Lost", g.lost))
		ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
		socktest.Must(t, err)
		socktest.Must(t, s.Serve(ln))
		ln.Close()
		w, v := weak.Make(d), weak.Make(ln)
		left = append(left, func() bool { return w.Value() != nil }, func() bool { return v.Value() != nil })
	}
	count := func() (count int) {
		runtime.GC()
		for _, is := range left {
			if is() {
				count++
			}
		}
		return count
	}
	socktest.Await(t, "at most one of each kind", func() bool { return count() <= 2 })
}

// A call that fails leaves nothing that serves, although a part of it had succeeded. Here one of
// two loops has ended.
func TestListenFailsInPart(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	socktest.Must(t, err)
	defer r.Close()
	cfg := each(echo{})
	cfg.Reactor, cfg.Balance = r, protocol.ReusePort
	s, err := protocol.NewServer(&cfg)
	socktest.Must(t, err)
	defer s.Close()
	socktest.Must(t, r.Loops()[1].Close())
	if at, err := s.Listen(sock.Inet("127.0.0.1", 0)); err == nil {
		t.Errorf("Listen: %v", at)
	}
	socktest.Await(t, "the end of the other listener", func() bool { return len(s.Addrs()) == 0 })
	g := &gone{made: make(chan *protocol.Datagrams, 2), lost: make(chan error, 2)}
	if at, err := s.ListenPacket(sock.Inet("127.0.0.1", 0), g); err == nil {
		t.Errorf("ListenPacket: %v", at)
	}
	for range 10 { // after these turns a socket that is served has had its Made
		done := make(chan struct{})
		socktest.Must(t, r.Loops()[0].Post(func() { close(done) }))
		next(t, "a posted function", done)
	}
	socktest.Await(t, "the end of the other socket", func() bool { return len(g.made) == len(g.lost) })
}

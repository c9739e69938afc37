// Package echo is the echo server that the example runs and the benchmark measures, once for each
// way to wait.
package echo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Modes are the ways to wait for a connection, and so how it is served.
var Modes = []string{"goroutine", "task", "callback"}

// A Config says what to serve.
type Config struct {
	Mode     string        // one of Modes
	Addr     sock.Addr     // inet, inet6 or unix
	Datagram bool          // UDP; else a stream
	Loops    int           // 0: GOMAXPROCS; half of that, at least one, for goroutines, which need the other half
	Buffer   int           // bytes of a connection that a goroutine or a task serves; 0: 4096
	Timeout  time.Duration // of each wait of a goroutine or task; 0: none
	Endless  bool          // it will not be drained, and goroutines need not look for that in each wait
}

// A Server echoes until it is drained.
type Server struct {
	cfg     Config
	reactor *loop.Reactor
	buffers *sock.Buffers
	ln      *sock.Socket
	ctx     context.Context // ends when draining begins
	drain   context.CancelFunc

	mu    sync.Mutex
	conns map[*sock.Socket]*loop.Task // mu; of goroutines (nil) and tasks: those of callbacks are known to their loop
	live  int                         // mu; connections, and the acceptors
	over  chan struct{}               // closed when none of them is left
}

// quiet is how long a peer says nothing until a draining server takes it that no more is on its
// way; farewell is how long it then waits for the peer to close.
const (
	quiet    = 100 * time.Millisecond
	farewell = 300 * time.Millisecond
)

// Listen begins to serve.
func Listen(cfg Config) (*Server, error) {
	if cfg.Buffer <= 0 {
		cfg.Buffer = 4096
	}
	if cfg.Loops <= 0 && cfg.Mode == "goroutine" {
		cfg.Loops = max(1, runtime.GOMAXPROCS(0)/2)
	}
	r, err := loop.NewReactor(&loop.Config{Loops: cfg.Loops})
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, reactor: r, buffers: sock.NewBuffers(cfg.Buffer), conns: make(map[*sock.Socket]*loop.Task), live: 1, over: make(chan struct{})}
	s.ctx, s.drain = context.WithCancel(context.Background())
	if err := s.listen(); err != nil {
		r.Close()
		return nil, err
	}
	serve := map[string]func() error{"goroutine": s.goroutines, "task": s.tasks, "callback": s.callbacks}[cfg.Mode]
	if serve == nil {
		err = fmt.Errorf("echo: mode %q: must be one of %q", cfg.Mode, Modes)
	} else {
		err = serve()
	}
	if err != nil {
		s.ln.Close()
		r.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) listen() (err error) {
	if !s.cfg.Datagram {
		s.ln, err = sock.CreateServer(s.cfg.Addr, &sock.ServerConfig{Backlog: sock.SOMAXCONN})
	} else if s.ln, err = sock.New(sock.Family(families.Host.FamilyOf(s.cfg.Addr)), sock.SOCK_DGRAM, 0); err == nil {
		if err = s.ln.Bind(s.cfg.Addr); err != nil {
			s.ln.Close()
		}
	}
	if err == nil {
		err = s.ln.Join(s.reactor.Next())
	}
	return err
}

// Addr is where it listens.
func (s *Server) Addr() (sock.Addr, error) { return s.ln.Getsockname() }

// ErrCutOff is what Drain returns if its patience ended before all connections did.
var ErrCutOff = errors.New("echo: connections were cut off: their peers did not take what was theirs")

// Drain stops accepting, sends back what peers have sent and still send, and ends each connection
// when its peer says no more. Connections that do not come to that within the time given are cut
// off; then it returns ErrCutOff.
func (s *Server) Drain(patience time.Duration) error {
	s.mu.Lock()
	s.drain()
	for _, t := range s.conns {
		if t != nil {
			t.Cancel()
		}
	}
	s.mu.Unlock()
	s.ln.Close()
	for _, l := range s.reactor.Loops() {
		l.Post(func() {
			for c := range sock.Watched(l) {
				s.endWatched(c)
			}
		})
	}
	var err error
	select {
	case <-s.over:
	case <-time.After(patience):
		err = ErrCutOff
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		for _, l := range s.reactor.Loops() {
			l.Post(func() {
				for c := range sock.Watched(l) {
					c.Close()
				}
			})
		}
		<-s.over
	}
	return errors.Join(err, s.reactor.Close())
}

// opened and ended count the connections.
func (s *Server) opened() {
	s.mu.Lock()
	s.live++
	s.mu.Unlock()
}

func (s *Server) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live--; s.live == 0 {
		close(s.over)
	}
}

// run serves a connection by a goroutine, or by t.
func (s *Server) run(c *sock.Socket, t *loop.Task) {
	defer s.ended()
	defer c.Close()
	s.mu.Lock()
	s.conns[c] = t
	draining := s.ctx.Err() != nil
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	if s.cfg.Timeout > 0 {
		c.SetTimeout(s.cfg.Timeout)
	}
	in, out := c, c
	switch {
	case t != nil:
		in, out = c.In(t), c.In(t)
	case !s.cfg.Endless:
		in = c.With(s.ctx)
	}
	if draining || s.serve(in, out) {
		s.finish(c, out)
	}
}

// serve is straight-line code, the same for a goroutine and for a task. It returns true if draining
// has interrupted it.
func (s *Server) serve(in, out *sock.Socket) (drain bool) {
	for {
		p, err := in.RecvBuffer(s.buffers, 0)
		if p == nil {
			return errors.Is(err, context.Canceled)
		}
		sent, err := out.Sendall(p, 0)
		if drain = errors.Is(err, context.Canceled); drain {
			_, err = out.Sendall(p[sent:], 0)
		}
		s.buffers.Put(p)
		if drain || err != nil {
			return drain && err == nil
		}
	}
}

// finish serves a connection until its peer is quiet, says goodbye, and waits for the peer's.
func (s *Server) finish(c, view *sock.Socket) {
	for {
		c.SetTimeout(quiet)
		p, err := view.RecvBuffer(s.buffers, 0)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if p == nil {
			return
		}
		c.SetTimeout(sock.Forever)
		_, err = view.Sendall(p, 0)
		s.buffers.Put(p)
		if err != nil {
			return
		}
	}
	c.Shutdown(sock.SHUT_WR)
	c.SetTimeout(farewell)
	for p, _ := view.RecvBuffer(s.buffers, 0); p != nil; p, _ = view.RecvBuffer(s.buffers, 0) {
		s.buffers.Put(p)
	}
}

// serveDatagrams is serve for a socket without connections.
func (s *Server) serveDatagrams(c *sock.Socket) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.RecvfromInto(buf, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			c.Sendto(buf[:n], 0, from) // one that cannot be sent is lost, as datagrams are
		}
	}
}

// acceptEnded says whether an error of Accept is the end of the listener: it is closed, or does not
// listen any more. Any other error is that of one connection, which is gone (EPERM from a firewall,
// ECONNABORTED); it is logged, and others are accepted. What can pass (EMFILE) Accept itself waits for.
func (s *Server) acceptEnded(err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return true
	}
	slog.Warn("echo: accept", "error", err)
	for _, end := range []error{syscall.EINVAL, syscall.EBADF, syscall.ENOTSOCK, syscall.EOPNOTSUPP} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func (s *Server) goroutines() error {
	go func() {
		defer s.ended()
		if s.cfg.Datagram {
			s.serveDatagrams(s.ln)
			return
		}
		for {
			c, _, err := s.ln.Accept()
			if err != nil {
				if s.acceptEnded(err) {
					return
				}
				continue
			}
			c.Join(s.reactor.Next())
			s.opened()
			go s.run(c, nil)
		}
	}()
	return nil
}

func (s *Server) tasks() error {
	s.ln.Loop().Go(func(t *loop.Task) {
		defer s.ended()
		ln := s.ln.In(t)
		if s.cfg.Datagram {
			s.serveDatagrams(ln)
			return
		}
		for {
			c, _, err := ln.Accept()
			if err != nil {
				if s.acceptEnded(err) {
					return
				}
				continue
			}
			s.opened()
			s.reactor.Next().Go(func(t *loop.Task) { s.run(c, t) })
		}
	})
	return nil
}

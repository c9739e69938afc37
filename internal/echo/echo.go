// Package echo is an echo server with one implementation for each way to wait. The example runs it,
// and the benchmark measures it.
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

// Modes lists the ways to wait for a connection.
var Modes = []string{"goroutine", "task", "callback"}

// A Config configures a Server.
type Config struct {
	Mode     string        // one of Modes
	Addr     sock.Addr     // inet, inet6 or unix
	Datagram bool          // true: UDP; false: a stream
	Loops    int           // number of loops; 0: GOMAXPROCS, or for goroutines half of that and at least one, since they need the other half
	Buffer   int           // size of the buffer with which a goroutine or a task serves a connection, in bytes; 0: 4096
	Timeout  time.Duration // of each wait of a goroutine or a task; 0: none
	Endless  bool          // the server will never be drained, so goroutines need not check for that in each wait
}

// A Server sends back what it receives, until it is drained.
type Server struct {
	cfg     Config
	reactor *loop.Reactor
	buffers *sock.Buffers
	ln      *sock.Socket
	ctx     context.Context // ends when draining begins
	drain   context.CancelFunc

	mu    sync.Mutex
	conns map[*sock.Socket]*loop.Task // mu; connections of goroutines (nil) and tasks; a loop knows its own of callbacks
	live  int                         // mu; number of connections and acceptors
	over  chan struct{}               // closed when live is 0
}

// quiet is how long a peer must send nothing before a draining server assumes that no more data is
// on its way. farewell is how long the server then waits for the peer to close.
const (
	quiet    = 100 * time.Millisecond
	farewell = 300 * time.Millisecond
)

// Listen makes a server and starts it.
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

// Addr returns the address of the listener.
func (s *Server) Addr() (sock.Addr, error) { return s.ln.Getsockname() }

// ErrCutOff is returned by Drain if connections were still open when its time was over.
var ErrCutOff = errors.New("echo: connections were cut off: they did not end in time")

// Drain stops accepting, and sends back what peers have sent and still send. It ends each
// connection when its peer is quiet. When patience has passed, it closes the remaining connections
// and returns ErrCutOff.
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

// run serves a connection on a goroutine, or in t. It needs little stack, which an idle connection
// keeps: begin and leave do the rest.
func (s *Server) run(c *sock.Socket, t *loop.Task) {
	defer s.leave(c)
	in, out, draining := s.begin(c, t)
	if draining || s.serve(in, out) {
		s.finish(c, out)
	}
}

// begin returns the views of c with which run receives and sends.
//
//go:noinline
func (s *Server) begin(c *sock.Socket, t *loop.Task) (in, out *sock.Socket, draining bool) {
	s.mu.Lock()
	s.conns[c] = t
	draining = s.ctx.Err() != nil
	s.mu.Unlock()
	if s.cfg.Timeout > 0 {
		c.SetTimeout(s.cfg.Timeout)
	}
	in, out = c, c
	switch {
	case t != nil:
		in = c.In(t)
		out = in
	case !s.cfg.Endless:
		in = c.With(s.ctx)
	}
	return in, out, draining
}

// leave ends run.
func (s *Server) leave(c *sock.Socket) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	c.Close()
	s.ended()
}

// serve echoes until the connection ends. The code is the same for a goroutine and for a task. It
// returns true if draining has interrupted it.
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

// finish echoes until the peer is quiet, ends the sending direction, and waits for the peer to do
// the same.
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

// serveDatagrams does the work of serve for a socket without connections.
func (s *Server) serveDatagrams(c *sock.Socket) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.RecvfromInto(buf, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			c.Sendto(buf[:n], 0, from) // a datagram that cannot be sent is dropped
		}
	}
}

// acceptEnded reports whether an error of Accept means the end of the listener: it is closed, or
// does not listen any more. Any other error concerns one connection, which is gone (EPERM from a
// firewall, ECONNABORTED). acceptEnded logs it, and the server accepts others. Accept itself waits
// while an error such as EMFILE passes.
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

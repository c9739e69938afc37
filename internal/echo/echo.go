// Package echo is the echo server that the example runs and the benchmark measures, once for each way to wait.
package echo

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Modes says who can wait for a connection, and so how it is served.
var Modes = []string{"goroutine", "task", "callback"}

// A Config says what to serve.
type Config struct {
	Mode     string        // one of Modes
	Addr     sock.Addr     // inet, inet6 or unix
	Datagram bool          // UDP; else a stream
	Loops    int           // 0: GOMAXPROCS; half of that, at least one, for goroutines, who need the other half
	Buffer   int           // bytes of a connection that a goroutine or a task serves; 0: 4096
	Timeout  time.Duration // of each wait of a goroutine or task; 0: none
}

// A Server echoes until it is drained.
type Server struct {
	cfg     Config
	reactor *loop.Reactor
	ln      *sock.Socket

	mu       sync.Mutex
	conns    map[*sock.Socket]bool // mu; of goroutines and tasks: those of callbacks are known to their loop
	live     int                   // mu; connections, and who accepts them
	draining bool                  // mu
	over     chan struct{}         // closed when none of them is left
}

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
	s := &Server{cfg: cfg, reactor: r, conns: make(map[*sock.Socket]bool), live: 1, over: make(chan struct{})}
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
	} else if s.ln, err = sock.New(families.Host.FamilyOf(s.cfg.Addr), sock.SOCK_DGRAM, 0); err == nil {
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

// Drain stops accepting, lets every connection send back what it has received, and ends. Connections whose peer does not take that
// within the time given are cut off; then it returns an error that says so.
func (s *Server) Drain(patience time.Duration) error {
	s.ln.Close()
	// To receive no more is the end of the stream for whoever serves the connection, once what has come is read.
	s.mu.Lock()
	s.draining = true
	for c := range s.conns {
		c.Shutdown(sock.SHUT_RD)
	}
	s.mu.Unlock()
	for _, l := range s.reactor.Loops() {
		l.Post(func() {
			for c := range sock.Watched(l) {
				c.Shutdown(sock.SHUT_RD)
			}
		})
	}
	select {
	case <-s.over:
		return s.reactor.Close()
	case <-time.After(patience):
		s.reactor.Close()
		<-s.over
		return errors.New("echo: connections were cut off: their peers did not take what was theirs")
	}
}

// opened and ended count the connections. One that is accepted while others drain has nothing to say any more.
func (s *Server) opened(c *sock.Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live++
	if s.draining {
		c.Shutdown(sock.SHUT_RD)
	}
}

func (s *Server) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live--; s.live == 0 {
		close(s.over)
	}
}

// begin and end are the life of a connection that a goroutine or a task serves.
func (s *Server) begin(c *sock.Socket) {
	if s.cfg.Timeout > 0 {
		c.SetTimeout(s.cfg.Timeout)
	}
	s.opened(c)
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
}

func (s *Server) end(c *sock.Socket) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	c.Close()
	s.ended()
}

// serve is straight-line code, the same for a goroutine and for a task: c knows who waits.
func (s *Server) serve(c *sock.Socket) {
	buf := make([]byte, s.cfg.Buffer)
	for {
		n, err := c.RecvInto(buf, 0)
		if n == 0 || err != nil {
			return
		}
		if _, err := c.Sendall(buf[:n], 0); err != nil {
			return
		}
	}
}

// serveDatagrams is that for a socket without connections.
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

func (s *Server) goroutines() error {
	go func() {
		defer s.ended()
		if s.cfg.Datagram {
			s.serveDatagrams(s.ln)
			return
		}
		for {
			c, _, err := s.ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			c.Join(s.reactor.Next())
			s.begin(c)
			go func() {
				defer s.end(c)
				s.serve(c)
			}()
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
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			s.begin(c)
			s.reactor.Next().Go(func(t *loop.Task) {
				defer s.end(c)
				s.serve(c.In(t))
			})
		}
	})
	return nil
}

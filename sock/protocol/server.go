package protocol

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Server accepts connections on any number of listeners, of any family, and serves each by a
// Protocol or by a task. NewServer makes it. The methods of the zero Server return EINVAL or do
// nothing, and so do those of the zero Client.
//
//	listening ──Shutdown──▶ draining ──nothing is left, or its context ends──▶ closed
//	    └──Close──────────────────────────────────────────────────────────────▲
type Server struct {
	*hub
	serve func(t *loop.Task, c *sock.Socket) // immutable once something listens; of tasks

	lmu       sync.Mutex
	listeners []*listener             // lmu; that are open
	begun     int                     // lmu; listeners, ever
	packets   map[*Datagrams]struct{} // lmu; that are open
	state     serverState             // lmu

	next     atomic.Uint32 // for RoundRobin
	accepted atomic.Uint64
	refused  atomic.Uint64
	rate     bucket
	reserve  reserve
	tasks    tasks
}

type serverState uint8

const (
	open serverState = iota
	draining
	closed
)

// NewServer makes a server that does not listen yet: see Listen, Serve, ListenPacket and Go.
//
// Errors: an *OptionError; those of loop.NewReactor.
func NewServer(cfg *Config) (*Server, error) {
	hb, err := newHub(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{hub: hb}
	s.rate.init(hb.cfg.AcceptRate, hb.cfg.AcceptBurst)
	return s, nil
}

// Listen listens at an address of a family with connections, and returns the address: for port 0
// the system has chosen one. A server can listen at several addresses.
//
// Errors: those of sock.CreateServer; net.ErrClosed after Shutdown and Close; an *OptionError
// without Config.New and Go.
func (s *Server) Listen(a sock.Addr) (sock.Addr, error) {
	if err := s.made("listen"); err != nil {
		return sock.Addr{}, err
	}
	reuse := s.cfg.Balance == ReusePort && canReusePort(a)
	sc := &sock.ServerConfig{Backlog: s.cfg.Backlog, ReusePort: reuse}
	sc.NoDelay, sc.KeepAlive = s.connectionOptions()
	if sc.Backlog == 0 {
		sc.Backlog = sock.SOMAXCONN
	}
	var at sock.Addr
	var made []*sock.Socket
	homes := s.homes
	if !reuse {
		homes = homes[:1]
	}
	for i := range homes {
		ln, err := sock.CreateServer(a, sc)
		if err == nil {
			made = append(made, ln)
			if i == 0 {
				if at, err = ln.Getsockname(); err == nil {
					a = at // the others share the port that the system chose
				}
			}
		}
		if err != nil {
			closeSockets(made)
			return sock.Addr{}, err
		}
	}
	for i, ln := range made {
		l := &listener{socket: ln, passes: ln.PassesOptions()}
		if reuse {
			l.own = homes[i]
		}
		if l.passes {
			s.prepare(ln)
		}
		if err := s.listen(l); err != nil {
			closeSockets(made)
			return sock.Addr{}, err
		}
	}
	return at, nil
}

func closeSockets(list []*sock.Socket) {
	for _, s := range list {
		s.Close()
	}
}

// Serve accepts connections from a listening socket of the caller: of another family, with its own
// options, or inherited. The server owns the socket from then on, even if Serve fails.
//
// Errors: those of sock.Socket.Watch; net.ErrClosed after Shutdown and Close; an *OptionError
// without Config.New and Go, for a nil ln, and for a socket that does not listen.
func (s *Server) Serve(ln *sock.Socket) error {
	if ln == nil {
		return &OptionError{"Serve", nil, "must be a listening socket"}
	}
	ln = ln.OrClosed() // the zero Socket
	if err := s.made("serve"); err != nil {
		ln.Close()
		return err
	}
	// Some families lack the option. A wrong socket of theirs fails at its first accept.
	if listensNot(ln) {
		at := ln.String()
		ln.Close()
		return &OptionError{"Serve", at, "must be listening: call Listen"}
	}
	err := s.listen(&listener{socket: ln})
	if err != nil {
		ln.Close()
	}
	return err
}

// listen watches a listener.
func (s *Server) listen(l *listener) error {
	if s.cfg.New == nil && s.serve == nil {
		return &OptionError{"New", nil, "must be set, or Server.Go called, before the server listens"}
	}
	s.lmu.Lock()
	defer s.lmu.Unlock()
	if s.state != open {
		return fmt.Errorf("protocol: listen: %w", errClosed)
	}
	l.server, l.home = s, l.own
	if l.home == nil {
		l.home = s.homes[s.begun%len(s.homes)]
	}
	s.began()
	if err := l.socket.WatchReady(l.home.loop, l); err != nil {
		s.finished()
		return err
	}
	s.reserve.fill()
	s.listeners = append(s.listeners, l)
	s.begun++
	return nil
}

// Addrs returns the address of each listener.
func (s *Server) Addrs() []sock.Addr {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	var list []sock.Addr
	for _, l := range s.listeners {
		if a, err := l.socket.Getsockname(); err == nil {
			list = append(list, a)
		}
	}
	return list
}

// A Report has the results of a shutdown.
type Report struct {
	Ended  int           // connections that ended before they were cut; Lost has the reason of each
	Cut    int           // connections that were cut when the time was over, or by Close meanwhile
	Unsent int           // bytes that these had not been sent
	Took   time.Duration // in all
}

func (r Report) String() string {
	return fmt.Sprintf("%d connections ended, %d were cut with %d bytes unsent, in %v", r.Ended, r.Cut, r.Unsent, r.Took.Round(time.Millisecond))
}

// Shutdown stops accepting, calls Shutdown of each connection's protocol, and waits until all
// connections have ended. The Shutdown of Base closes a connection once everything is sent.
// Shutdown cancels the tasks of Go. If ctx ends first, Shutdown cuts the connections that are left,
// and Lost gets ErrShutdown. A nil ctx does not end. Then it closes the reactor if the server has
// made it. A second call waits for the end of the first.
//
// Errors: the cause of ctx if a connection was cut; loop.ErrOnLoop in a callback.
func (s *Server) Shutdown(ctx context.Context) (Report, error) {
	if err := s.made("shutdown"); err != nil {
		return Report{}, err
	}
	if err := loop.MayBlock(); err != nil {
		return Report{}, err
	}
	if ctx == nil {
		ctx = context.Background()
	}
	began := time.Now()
	at, cuts, unsent := s.Stats().Connections, s.cuts.Load(), s.cutBytes.Load()
	s.stopListening()
	s.each(func(h *home) {
		h.draining = true
		for _, t := range h.connections() {
			if t.steps&isOver == 0 && t.home == h {
				t.shutDown()
			}
		}
	})
	s.tasks.cancel()
	var err error
	select {
	case <-s.empty():
	case <-ctx.Done():
		before := s.cuts.Load()
		if s.cut(&s.tasks); s.cuts.Load() > before {
			err = context.Cause(ctx)
		}
	}
	report := Report{Cut: int(s.cuts.Load() - cuts), Unsent: int(s.cutBytes.Load() - unsent)}
	report.Ended = max(0, at-report.Cut)
	return s.end(report, began, err)
}

// end closes what is left of the server.
func (s *Server) end(report Report, began time.Time, err error) (Report, error) {
	s.reserve.empty()
	s.lmu.Lock()
	s.state = closed
	s.lmu.Unlock()
	if s.own {
		err = errors.Join(err, s.reactor.Close()) // a second call waits for the first
	}
	report.Took = time.Since(began)
	return report, err
}

// Close is Shutdown with a context that has ended: it cuts all connections. It waits until they are
// over.
func (s *Server) Close() error {
	if err := s.made("close"); err != nil {
		return err
	}
	if err := loop.MayBlock(); err != nil {
		return err
	}
	s.stopListening()
	s.cut(&s.tasks)
	_, err := s.end(Report{}, time.Now(), nil)
	return err
}

// stopListening closes the listeners, and the sockets of messages.
func (s *Server) stopListening() {
	s.ends()
	s.lmu.Lock()
	if s.state == open {
		s.state = draining
	}
	listeners, packets := s.listeners, s.packets
	s.listeners, s.packets = nil, nil
	s.lmu.Unlock()
	for _, l := range listeners {
		l.socket.Close()
	}
	for d := range packets {
		d.Close()
	}
}

// shutDown calls Shutdown of the protocol, as part of a call. Loop only.
func (t *Transport) shutDown() {
	t.mu.Lock()
	t.flags |= ending
	t.mu.Unlock()
	t.socket.CallWatcher()
}

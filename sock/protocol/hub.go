package protocol

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A hub is what a Server and a Client have in common: a reactor, and a home on each of its loops.
type hub struct {
	cfg     *Config // complete
	reactor *loop.Reactor
	own     bool // the reactor was made here
	homes   []*home
	byLoop  map[*loop.Loop]*home

	mu     sync.Mutex
	live   int           // mu; connections, listeners, dialings and tasks
	over   chan struct{} // mu; closed when live is 0, once something waits for that
	ending bool          // mu; Shutdown or Close was called

	cuts     atomic.Int64 // connections and tasks that were cut
	cutBytes atomic.Int64 // bytes that these had not been sent

	rounds sync.Mutex // order of Each
	last   *round     // rounds
}

func newHub(cfg *Config) (*hub, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	hb := &hub{cfg: cfg, reactor: cfg.Reactor, byLoop: make(map[*loop.Loop]*home), last: new(round)}
	if hb.reactor == nil {
		lc := loop.Config{}
		if cfg.Loop != nil {
			lc = *cfg.Loop
		}
		lc.Loops = cfg.Loops
		if hb.reactor, err = loop.NewReactor(&lc); err != nil {
			return nil, fmt.Errorf("protocol: %w", err)
		}
		hb.own = true
	}
	for _, l := range hb.reactor.Loops() {
		h := newHome(hb, l)
		hb.homes = append(hb.homes, h)
		hb.byLoop[l] = h
	}
	return hb, nil
}

// Reactor returns the reactor whose loops serve the connections.
func (hb *hub) Reactor() *loop.Reactor {
	if hb == nil {
		return nil
	}
	return hb.reactor
}

func (hb *hub) homeOf(l *loop.Loop) *home { return hb.byLoop[l] }

// began counts a connection or a task that must end before the hub does.
func (hb *hub) began() {
	hb.mu.Lock()
	hb.live++
	hb.mu.Unlock()
}

// begins is began, unless a shutdown has begun. It returns false then.
func (hb *hub) begins() bool {
	hb.mu.Lock()
	defer hb.mu.Unlock()
	if !hb.ending {
		hb.live++
	}
	return !hb.ending
}

// ends begins a shutdown.
func (hb *hub) ends() {
	hb.mu.Lock()
	hb.ending = true
	hb.mu.Unlock()
}

// finished counts the end of it.
func (hb *hub) finished() {
	hb.mu.Lock()
	hb.live--
	if hb.live == 0 && hb.over != nil {
		close(hb.over)
		hb.over = nil
	}
	hb.mu.Unlock()
}

// ended counts the end of a connection.
func (hb *hub) ended(*Transport) { hb.finished() }

// empty returns a channel that is closed once nothing is left. It also waits for connections that
// begin meanwhile.
func (hb *hub) empty() <-chan struct{} {
	hb.mu.Lock()
	defer hb.mu.Unlock()
	if hb.live == 0 {
		none := make(chan struct{})
		close(none)
		return none
	}
	if hb.over == nil {
		hb.over = make(chan struct{})
	}
	return hb.over
}

// least returns the home with the fewest connections.
func (hb *hub) least() *home {
	best := hb.homes[0]
	for _, h := range hb.homes[1:] {
		if h.conns.Load() < best.conns.Load() {
			best = h
		}
	}
	return best
}

// each runs fn on every loop, for its home. It skips loops that have ended.
func (hb *hub) each(fn func(*home)) {
	for _, h := range hb.homes {
		h.loop.Post(func() { fn(h) })
	}
}

// Each makes the loop of each connection call fn with the connection, once. It does not wait for
// these calls. A connection that moves to another loop meanwhile gets its one call too. Each may
// miss connections that begin meanwhile. Calls of Each have the same order on all connections. A
// panic in fn is logged, and ends the calls on that loop. For a connection that has just moved it
// ends the connection. Each panics if fn is nil.
func (hb *hub) Each(fn func(t *Transport)) {
	if fn == nil {
		panic("protocol: Each: fn is nil: must not be nil")
	}
	if hb == nil {
		return
	}
	hb.rounds.Lock()
	defer hb.rounds.Unlock() // held while posting, so that all loops have the rounds in one order
	r := &round{number: hb.last.number + 1, fn: fn}
	hb.last.next = r
	hb.last = r
	hb.each(func(h *home) { h.run(r) })
}

// A round is a call of Each. The rounds of a hub are a list, of which a home holds the one that it
// ran last, and the garbage collector takes what is before all of them.
type round struct {
	number uint64
	fn     func(t *Transport)
	next   *round // rounds of hub; stored before a home runs it
}

// run calls the function of a round for the connections of h. Loop only.
func (h *home) run(r *round) {
	h.last = r
	for _, t := range h.connections() {
		if t.steps&isOver == 0 && t.home == h && !t.had(r) {
			r.fn(t)
		}
	}
}

// had says whether t had the round on a loop that it has left since. Loop only.
func (t *Transport) had(r *round) bool {
	x := t.extra.Load()
	if x == nil || x.round == nil {
		return false
	}
	had := r.number <= x.round.number
	if r.number >= x.round.number {
		x.round = nil // this loop has caught up with the other
	}
	return had
}

// catchUp calls the functions of the rounds that h has run while t was on its way to it. Loop only.
func (t *Transport) catchUp(h *home) {
	x := t.extra.Load()
	if x.round.number > h.last.number {
		return // the loop before was ahead: run asks had
	}
	r := x.round
	x.round = nil
	for r != h.last && t.steps&isOver == 0 {
		r = r.next
		r.fn(t)
	}
}

// connections are those that are made. Loop only.
func (h *home) connections() []*Transport {
	all := make([]*Transport, 0, h.wheel.len)
	h.wheel.all(func(t *Transport) bool {
		all = append(all, t)
		return true
	})
	return all
}

// Broadcast writes p to every connection, on the loop of each: see Each and Transport.Write. It
// makes a copy of p. A connection that takes no bytes ends by the rules of Config.WriteLimit, and
// holds up no other connection.
func (hb *hub) Broadcast(p []byte) {
	p = append([]byte(nil), p...)
	hb.Each(func(t *Transport) { t.Write(p) })
}

// Adopt serves a connected socket that the caller has: one of a pair, one of another accept, or one
// from Transport.Upgrade. If p is nil, the result of Config.New serves it. Adopt selects the loop
// with the fewest connections. The socket then belongs to the server or client like its other
// connections, even if Adopt fails. MaxConns does not refuse it, but counts it for the connections
// that are accepted later. Made may run before Adopt returns.
//
// Errors: those of sock.Socket.Watch; net.ErrClosed after a shutdown; an *OptionError without a
// protocol, for a nil s, and for a socket without connections (SOCK_DGRAM, SOCK_RAW), which
// Server.ServePacket serves.
func (hb *hub) Adopt(s *sock.Socket, p Protocol) (*Transport, error) {
	if s == nil {
		return nil, &OptionError{"Adopt", nil, "must be a socket"}
	}
	s = s.OrClosed() // the zero Socket
	if err := mustConnect("Adopt", s); err != nil {
		s.Close()
		return nil, err
	}
	if err := hb.made("adopt"); err != nil {
		s.Close()
		return nil, err
	}
	if p == nil && hb.cfg.New == nil {
		s.Close()
		return nil, &OptionError{"New", nil, "must be set, or Adopt given a protocol"}
	}
	if !hb.begins() {
		s.Close()
		return nil, fmt.Errorf("protocol: adopt: %w", errClosed)
	}
	hb.prepare(s)
	t, err := hb.least().welcome(s, p, nil, false)
	if err != nil {
		s.Close()
		hb.finished()
		return nil, err
	}
	return t, nil
}

// mustConnect returns an *OptionError of the call if s is not a socket of connections. On another
// socket an empty message would look like the end of the peer.
func mustConnect(call string, s *sock.Socket) error {
	if typ := s.Type(); typ != sock.SOCK_STREAM && typ != sock.SOCK_SEQPACKET {
		return &OptionError{call, typ, "must be the type of a socket with connections: use Server.ServePacket"}
	}
	return nil
}

// connectionOptions returns what package sock sets on a TCP socket that it makes. prepare turns on
// the probes that Config asks for. The defaults of package sock have probes every 15 s, which are
// too many for a crowd of idle connections.
func (hb *hub) connectionOptions() (sock.Switch, *sock.KeepAlive) {
	noDelay := sock.On
	if hb.cfg.Delay {
		noDelay = sock.Off
	}
	return noDelay, &sock.KeepAlive{}
}

// isTCP reports whether s is a TCP socket, plain or Multipath.
func isTCP(s *sock.Socket) bool {
	const mptcp = 262 // not every system has the constant
	f, p := s.Family(), s.Proto()
	return s.Type() == sock.SOCK_STREAM && (f == sock.AF_INET || f == sock.AF_INET6) && (p == 0 || p == sock.IPPROTO_TCP || p == mptcp)
}

// prepare sets the options of a new connection's socket.
func (hb *hub) prepare(s *sock.Socket) {
	if !isTCP(s) {
		return
	}
	if !hb.cfg.Delay {
		s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY, 1)
	}
	if d := hb.cfg.KeepAlive; d > 0 {
		keepAlive(s, d)
	}
}

// cut ends what is left, and waits until it is gone. It adds to cuts and cutBytes. ts may be nil.
func (hb *hub) cut(ts *tasks) {
	hb.ends()
	hb.each(func(h *home) {
		h.draining, h.cutting = true, true
		for _, t := range h.connections() {
			if t.steps&isOver == 0 && t.home == h {
				if unsent := t.Buffered(); t.cut() {
					hb.cuts.Add(1)
					hb.cutBytes.Add(int64(unsent))
				}
			}
		}
	})
	if ts != nil {
		hb.cuts.Add(int64(ts.cut()))
	}
	<-hb.empty()
}

// tellEnd does what a shutdown of h has in store for a connection that is new to it. Loop only.
func (t *Transport) tellEnd(h *home) {
	if h.cutting {
		h.hub.cuts.Add(1)
		t.fail(ErrShutdown)
	} else if h.draining {
		t.tellShutdown()
	}
}

// tellShutdown calls Shutdown of the protocol, once. Loop only.
func (t *Transport) tellShutdown() {
	if t.steps&shutdownTold == 0 {
		t.steps |= shutdownTold
		t.protocol.Shutdown(t)
	}
}

// cut ends a connection at the end of a shutdown. It returns false if it was about to end, with
// nothing unsent.
func (t *Transport) cut() bool {
	t.mu.Lock()
	if t.flags&finished != 0 {
		t.mu.Unlock()
		return false
	}
	was := !(t.steps&lingering != 0)
	t.mu.Unlock()
	if was {
		t.fail(ErrShutdown)
	} else {
		t.mu.Lock()
		t.finish(t.home, nil)
	}
	return was
}

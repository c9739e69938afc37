package protocol

import (
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/timeouts"
)

// A listener is the watcher of a listening socket.
type listener struct {
	server *Server
	socket *sock.Socket
	home   *home // where it is watched
	own    *home // of all its connections; nil: as Config.Balance says
	passes bool  // the connections get the options of TCP from the listener

	// Loop only.
	timer   *loop.Timer
	resting bool // until the rate allows more
}

// mostAccepts limits the connections that are accepted in a row before the loop serves others.
// After as many failures in a row the listener rests for failingRest.
const (
	mostAccepts = 64
	failingRest = time.Second
)

// Ready is for the loop: loop.Watcher.
func (l *listener) Ready(r pollux.Ready) {
	s := l.server
	failed := 0
	for range mostAccepts {
		if l.resting {
			return
		}
		if wait := s.rate.take(l.home.loop.Time()); wait > 0 {
			l.rest(wait)
			return
		}
		c, from, err := l.socket.Accept()
		if err != nil {
			s.rate.giveBack()
			if !l.goesOn(err) {
				return
			}
			if failed++; failed == mostAccepts {
				s.cfg.Logger.Warn("a listener accepts nothing: it rests", "for", failingRest, "error", err)
				l.rest(failingRest)
				return
			}
			continue
		}
		s.accepted.Add(1)
		if n := s.cfg.MaxConns; n > 0 && int(s.conns()) >= n {
			s.refused.Add(1)
			c.Close()
			continue
		}
		s.take(c, from, l)
	}
	l.socket.CallWatcher()
}

// goesOn reports whether another accept makes sense after an error.
func (l *listener) goesOn(err error) bool {
	s := l.server
	switch {
	case err == sock.ErrWouldBlock:
		return false
	case isExhausted(err):
		// A new connection would stay in the backlog until a descriptor is free, perhaps for ever.
		// So the reserved descriptor accepts it, and it is closed at once.
		n := s.reserve.refuse(l.socket)
		s.refused.Add(uint64(n))
		s.cfg.Logger.Warn("descriptors or memory have run out: connections are refused", "refused", n, "error", err)
		return false // the socket's lane is tried again after a while
	case l.socket.Fileno() < 0:
		return false
	case errors.Is(err, syscall.EINVAL) || listensNot(l.socket): // shut down by other code, perhaps of another process
		s.cfg.Logger.Error("a listener has ended", "error", err)
		l.socket.Close()
		return false
	}
	// ECONNABORTED and the like: that connection is gone.
	return true
}

// listensNot reports whether no connection can come to a socket. The errors of accept do not tell:
// after a shutdown it is EINVAL on Linux, and ECONNABORTED on the BSDs.
func listensNot(s *sock.Socket) bool {
	on, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ACCEPTCONN)
	return err == nil && on == 0
}

func isExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// rest stops accepting for a while.
func (l *listener) rest(d time.Duration) {
	l.resting = true
	if l.timer == nil {
		l.timer = l.home.loop.After(d, func() {
			l.resting = false
			l.socket.CallWatcher()
		})
		return
	}
	l.timer.Reset(d)
}

// Closed is for the loop: loop.Watcher.
func (l *listener) Closed(err error) {
	if l.timer != nil {
		l.timer.Stop()
	}
	s := l.server
	if !errors.Is(err, errClosed) {
		s.cfg.Logger.Error("a listener has ended", "error", err)
	}
	s.lmu.Lock()
	s.listeners = slices.DeleteFunc(s.listeners, func(other *listener) bool { return other == l })
	s.lmu.Unlock()
	s.finished()
}

// conns returns the number of connections of the server.
func (s *Server) conns() (n int64) {
	for _, h := range s.homes {
		n += h.conns.Load()
	}
	return n
}

// take gives a connection that l has accepted to a loop.
func (s *Server) take(c *sock.Socket, from sock.Addr, l *listener) {
	if !l.passes {
		s.prepare(c)
	}
	h := l.own
	if h == nil {
		h = s.choose(from)
	}
	s.began()
	var err error
	if s.serve != nil {
		err = s.startTask(h, c)
	} else {
		_, err = h.welcome(c, nil, nil, isTCP(c))
	}
	if err != nil {
		c.Close()
		s.finished()
	}
}

var seed = maphash.MakeSeed()

// choose returns the home for a peer.
func (s *Server) choose(from sock.Addr) *home {
	if len(s.homes) == 1 {
		return s.homes[0]
	}
	switch s.cfg.Balance {
	case LeastLoaded:
		return s.least()
	case SourceHash:
		return s.homes[maphash.String(seed, from.Host())%uint64(len(s.homes))]
	}
	return s.homes[s.next.Add(1)%uint32(len(s.homes))]
}

// A bucket limits a rate: it fills by rate tokens a second, up to burst.
type bucket struct {
	mu     sync.Mutex
	rate   float64 // tokens a second; 0: no limit
	burst  float64
	tokens float64           // mu
	last   timeouts.Deadline // mu
}

func (b *bucket) init(rate, burst int) {
	b.rate, b.burst, b.tokens = float64(rate), float64(burst), float64(burst)
}

// take takes a token, or returns the time until one is free.
func (b *bucket) take(now timeouts.Deadline) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != 0 && now > b.last {
		b.tokens = min(b.burst, b.tokens+b.rate*time.Duration(now-b.last).Seconds())
	}
	b.last = max(b.last, now)
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1-b.tokens)/b.rate*float64(time.Second)) + time.Millisecond
}

// giveBack returns an unused token.
func (b *bucket) giveBack() {
	if b.rate == 0 {
		return
	}
	b.mu.Lock()
	b.tokens = min(b.burst, b.tokens+1)
	b.mu.Unlock()
}

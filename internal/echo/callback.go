package echo

import (
	"errors"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

func (s *Server) callbacks() error {
	if s.cfg.Datagram {
		return s.ln.Watch(nil, &datagrams{s: s, l: s.ln.Loop()})
	}
	a := &acceptor{s: s, shared: make(map[*loop.Loop]*shared)}
	for _, l := range s.reactor.Loops() {
		a.shared[l] = &shared{s: s, l: l}
	}
	return s.ln.Watch(nil, a)
}

// acceptor is the handler of the listener.
type acceptor struct {
	s      *Server
	shared map[*loop.Loop]*shared
}

func (a *acceptor) Readable(ln *sock.Socket) {
	for {
		c, _, err := ln.Accept()
		if errors.Is(err, sock.ErrWouldBlock) {
			return
		}
		if err != nil {
			if a.s.acceptEnded(err) {
				ln.Close()
				return
			}
			continue
		}
		l := a.s.reactor.Next()
		h := &connection{shared: a.shared[l]}
		a.s.opened()
		if c.Watch(l, h) != nil {
			c.Close()
			a.s.ended()
		} else if a.s.ctx.Err() != nil { // now, since that loop may have been swept before it was there
			l.Post(func() { h.end(c) })
		}
	}
}

func (a *acceptor) Writable(*sock.Socket)      {}
func (a *acceptor) Closed(*sock.Socket, error) { a.s.ended() }

// shared holds the state that all connections of a loop share.
type shared struct {
	s *Server
	l *loop.Loop
}

// connection is the handler of one connection. It is two pointers while it only waits.
type connection struct {
	*shared
	extra *extra // loop only; nil until something is unsent or it drains
}

// extra holds the state that few connections need.
type extra struct {
	// unsent is the part of an answer that the peer has not taken, at most one buffer. The handler
	// reads nothing more until it is sent.
	unsent []byte
	// The fields below belong to a connection that drains. Server.finish does the same for
	// goroutines and tasks.
	timer  *loop.Timer // nil: the connection does not drain
	active bool        // the peer has sent something since the last tick
	mute   bool        // the sending direction is shut down, and received data is dropped
	left   int         // ticks until the peer must have closed
}

// more returns the extra state, and makes it if it does not exist.
func (h *connection) more() *extra {
	if h.extra == nil {
		h.extra = new(extra)
	}
	return h.extra
}

func (h *connection) Readable(c *sock.Socket) {
	x := h.extra
	if x != nil && x.unsent != nil {
		return
	}
	buf := h.l.Buffer()
	for {
		n, err := c.RecvInto(buf, 0)
		if err == sock.ErrWouldBlock {
			return
		}
		if n == 0 || err != nil {
			c.Close()
			return
		}
		if x != nil {
			if x.active = true; x.mute {
				continue
			}
		}
		sent, err := c.Sendall(buf[:n], 0)
		if err == sock.ErrWouldBlock {
			h.more().unsent = append([]byte(nil), buf[sent:n]...)
			return
		}
		if err != nil {
			c.Close()
			return
		}
		if n < len(buf) {
			return // if there is more, which is rare, Readable runs again
		}
	}
}

func (h *connection) Writable(c *sock.Socket) {
	x := h.extra
	if x == nil || x.unsent == nil {
		return
	}
	sent, err := c.Sendall(x.unsent, 0)
	switch {
	case err == sock.ErrWouldBlock:
		x.unsent = x.unsent[sent:]
	case err != nil:
		c.Close()
	default:
		if x.unsent = nil; x.timer == nil {
			h.extra = nil
		}
		h.Readable(c) // data that came meanwhile has made its edge already
	}
}

func (h *connection) Closed(*sock.Socket, error) {
	if x := h.extra; x != nil && x.timer != nil {
		x.timer.Stop()
	}
	h.s.ended()
}

// endWatched makes the handler of c drain c. It runs on the loop of c.
func (s *Server) endWatched(c *sock.Socket) {
	if h, ok := c.Handler().(*connection); ok {
		h.end(c)
	}
}

func (h *connection) end(c *sock.Socket) {
	x := h.more()
	if x.timer != nil || c.Fileno() < 0 {
		return
	}
	x.active = true
	x.timer = h.l.Every(quiet, func() {
		switch {
		case x.mute:
			if x.left--; x.left <= 0 {
				c.Close()
			}
		case x.active || x.unsent != nil:
			x.active = false
		default:
			x.mute, x.left = true, int(farewell/quiet)
			c.Shutdown(sock.SHUT_WR)
		}
	})
}

// datagrams is the handler of a socket without connections. It keeps one datagram that cannot be
// sent yet, and receives no more until that one is sent.
type datagrams struct {
	s    *Server
	l    *loop.Loop
	kept []byte
	to   sock.Addr
}

func (h *datagrams) Readable(c *sock.Socket) {
	buf := h.l.Buffer()
	for h.kept == nil {
		n, from, err := c.RecvfromInto(buf, 0)
		if errors.Is(err, sock.ErrWouldBlock) || c.Fileno() < 0 {
			return
		}
		if err != nil {
			continue // the error of an earlier answer
		}
		if _, err := c.Sendto(buf[:n], 0, from); errors.Is(err, sock.ErrWouldBlock) {
			h.kept, h.to = append([]byte{}, buf[:n]...), from
		}
	}
}

func (h *datagrams) Writable(c *sock.Socket) {
	if h.kept == nil {
		return
	}
	if _, err := c.Sendto(h.kept, 0, h.to); errors.Is(err, sock.ErrWouldBlock) {
		return
	}
	h.kept = nil
	h.Readable(c)
}

func (h *datagrams) Closed(*sock.Socket, error) { h.s.ended() }

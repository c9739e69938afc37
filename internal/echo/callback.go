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
	a := &acceptor{s: s, handlers: make(map[*loop.Loop]*connections)}
	for _, l := range s.reactor.Loops() {
		a.handlers[l] = &connections{s: s, l: l, unsent: make(map[*sock.Socket][]byte), ends: make(map[*sock.Socket]*ending)}
	}
	return s.ln.Watch(nil, a)
}

// acceptor is the handler of the listener.
type acceptor struct {
	s        *Server
	handlers map[*loop.Loop]*connections
}

func (a *acceptor) Readable(ln *sock.Socket) {
	for {
		c, _, err := ln.Accept()
		if err != nil {
			return // ErrWouldBlock; or closed, or broken for good
		}
		l := a.s.reactor.Next()
		h := a.handlers[l]
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

// connections is the handler of all connections of a loop. One that only waits costs it nothing; for one whose peer is slow to take
// its answer it keeps what is unsent, at most a buffer full, and reads no more from it meanwhile.
type connections struct {
	s      *Server
	l      *loop.Loop
	unsent map[*sock.Socket][]byte
	ends   map[*sock.Socket]*ending // while draining
}

// ending is a connection that drains: see Server.finish, of which this is the callbacks' twin.
type ending struct {
	timer  *loop.Timer
	active bool // the peer has said something since the last tick
	mute   bool // we have said goodbye, and what comes is dropped
	left   int  // ticks until the peer must have answered that
}

func (h *connections) Readable(c *sock.Socket) {
	var e *ending
	if len(h.unsent)+len(h.ends) != 0 {
		if h.unsent[c] != nil {
			return
		}
		e = h.ends[c]
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
		if e != nil {
			if e.active = true; e.mute {
				continue
			}
		}
		sent, err := c.Sendall(buf[:n], 0)
		if err == sock.ErrWouldBlock {
			h.unsent[c] = append([]byte(nil), buf[sent:n]...)
			return
		}
		if err != nil {
			c.Close()
			return
		}
		if n < len(buf) {
			return // if there is more, which is rare, it is told again
		}
	}
}

func (h *connections) Writable(c *sock.Socket) {
	rest := h.unsent[c]
	if rest == nil {
		return
	}
	sent, err := c.Sendall(rest, 0)
	switch {
	case err == sock.ErrWouldBlock:
		h.unsent[c] = rest[sent:]
	case err != nil:
		c.Close()
	default:
		delete(h.unsent, c)
		h.Readable(c) // what came meanwhile made its edge then
	}
}

func (h *connections) Closed(c *sock.Socket, _ error) {
	delete(h.unsent, c)
	if e := h.ends[c]; e != nil {
		e.timer.Stop()
		delete(h.ends, c)
	}
	h.s.ended()
}

// endWatched has the handler of c, on whose loop this runs, drain it.
func (s *Server) endWatched(c *sock.Socket) {
	if h, ok := c.Handler().(*connections); ok {
		h.end(c)
	}
}

func (h *connections) end(c *sock.Socket) {
	if h.ends[c] != nil || c.Fileno() < 0 {
		return
	}
	e := &ending{active: true}
	h.ends[c] = e
	e.timer = h.l.Every(quiet, func() {
		switch {
		case e.mute:
			if e.left--; e.left <= 0 {
				c.Close()
			}
		case e.active || h.unsent[c] != nil:
			e.active = false
		default:
			e.mute, e.left = true, int(farewell/quiet)
			c.Shutdown(sock.SHUT_WR)
		}
	})
}

// datagrams is the handler of a socket without connections. One datagram that cannot be sent yet is kept, and no more are received until
// it is gone.
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
			continue // what has become of an earlier answer
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

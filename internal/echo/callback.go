package echo

import (
	"errors"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

func (s *Server) callbacks() error {
	if s.cfg.Datagram {
		return s.ln.Watch(nil, &datagrams{s, s.ln.Loop()})
	}
	a := &acceptor{s: s, handlers: make(map[*loop.Loop]*connections)}
	for _, l := range s.reactor.Loops() {
		a.handlers[l] = &connections{s: s, l: l, unsent: make(map[*sock.Socket][]byte)}
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
		if errors.Is(err, sock.ErrWouldBlock) {
			return
		}
		if err != nil {
			return
		}
		l := a.s.reactor.Next()
		a.s.opened(c)
		if c.Watch(l, a.handlers[l]) != nil {
			a.s.ended()
			c.Close()
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
}

func (h *connections) Readable(c *sock.Socket) {
	if len(h.unsent) != 0 && h.unsent[c] != nil {
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
		sent, err := c.Sendall(buf[:n], 0)
		if err == sock.ErrWouldBlock {
			h.unsent[c] = append([]byte(nil), buf[sent:n]...)
			return
		}
		if err != nil {
			c.Close()
			return
		}
	}
}

func (h *connections) Writable(c *sock.Socket) {
	rest := h.unsent[c]
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
	h.s.ended()
}

// datagrams is the handler of a socket without connections.
type datagrams struct {
	s *Server
	l *loop.Loop
}

func (h *datagrams) Readable(c *sock.Socket) {
	buf := h.l.Buffer()
	for {
		n, from, err := c.RecvfromInto(buf, 0)
		if errors.Is(err, sock.ErrWouldBlock) {
			return
		}
		if err == nil {
			c.Sendto(buf[:n], 0, from) // one that cannot be sent is lost, as datagrams are
		}
		if c.Fileno() < 0 {
			return
		}
	}
}

func (h *datagrams) Writable(*sock.Socket)      {}
func (h *datagrams) Closed(*sock.Socket, error) { h.s.ended() }

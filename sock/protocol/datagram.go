package protocol

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A DatagramProtocol gets the datagrams of one socket: UDP, AF_UNIX, and any other family whose
// messages have a sender. The loop of the socket calls its methods, one at a time; they must not
// wait.
type DatagramProtocol interface {
	// Made comes first, once.
	Made(d *Datagrams)
	// Datagram has one message and its sender. p is lent for the call.
	Datagram(d *Datagrams, p []byte, from sock.Addr)
	// Error is what became of a message that was sent before (ECONNREFUSED of a connected socket,
	// EMSGSIZE), or an error of receiving. The socket goes on.
	Error(d *Datagrams, err error)
	// Lost comes last, once. err is nil after Close and Shutdown.
	Lost(d *Datagrams, err error)
}

// DatagramBase has all methods of a DatagramProtocol, which do nothing.
type DatagramBase struct{}

var _ DatagramProtocol = DatagramBase{}

func (DatagramBase) Made(*Datagrams)                        {}
func (DatagramBase) Datagram(*Datagrams, []byte, sock.Addr) {}
func (DatagramBase) Error(*Datagrams, error)                {}
func (DatagramBase) Lost(*Datagrams, error)                 {}

// Datagrams is a socket of messages as its protocol sees it. Its methods may be called from any
// goroutine.
type Datagrams struct {
	socket   *sock.Socket
	home     *home
	protocol DatagramProtocol
	made     bool // loop only

	mu    sync.Mutex
	out   []message // mu; in order
	size  int       // mu; bytes of out
	over  bool      // mu
	quiet bool      // mu; closed by the program
	drops atomic.Uint64
}

type message struct {
	p  []byte // a block
	to sock.Addr
}

// ListenPacket binds a socket to an address, SOCK_DGRAM, and serves it by p, on one of the server's
// loops. It returns where: with port 0 the system chooses one. Each further call adds a socket;
// with Balance ReusePort and an IP address each loop has one, which share p.
//
// Errors: those of sock.New and Bind; net.ErrClosed after Shutdown and Close.
func (s *Server) ListenPacket(a sock.Addr, p DatagramProtocol) (sock.Addr, error) {
	homes := []*home{s.least()}
	reuse := s.cfg.Balance == ReusePort && canReusePort(a)
	if reuse {
		homes = s.homes
	}
	for i, h := range homes {
		c, err := bindPacket(a, reuse)
		if err != nil {
			return sock.Addr{}, err
		}
		if i == 0 {
			if a, err = c.Getsockname(); err != nil {
				c.Close()
				return sock.Addr{}, err
			}
		}
		if err := s.servePacket(c, h, p); err != nil {
			return sock.Addr{}, err
		}
	}
	return a, nil
}

func bindPacket(a sock.Addr, reuse bool) (*sock.Socket, error) {
	c, err := sock.New(familyOf(a), sock.SOCK_DGRAM, 0)
	if err != nil {
		return nil, err
	}
	if reuse {
		err = setReusePort(c)
	}
	if err == nil {
		err = c.Bind(a)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// ServePacket serves a socket of messages that is set up: CAN, netlink, packet, a connected one,
// one with options of its own. The server owns it from then on, also if ServePacket fails.
//
// Errors: those of sock.Socket.Watch; net.ErrClosed after Shutdown and Close.
func (s *Server) ServePacket(c *sock.Socket, p DatagramProtocol) error {
	return s.servePacket(c, s.least(), p)
}

func (s *Server) servePacket(c *sock.Socket, h *home, p DatagramProtocol) error {
	if p == nil {
		c.Close()
		return &OptionError{"ServePacket", nil, "needs a DatagramProtocol"}
	}
	s.lmu.Lock()
	defer s.lmu.Unlock()
	if s.state != open {
		c.Close()
		return fmt.Errorf("protocol: listen: %w", errClosed)
	}
	d := &Datagrams{socket: c, home: h, protocol: p}
	s.began()
	if err := c.WatchReady(h.loop, d); err != nil {
		c.Close()
		s.finished()
		return err
	}
	s.packets = append(s.packets, d)
	c.CallWatcher()
	return nil
}

// mostDatagrams is how many messages are received in a row before others have their turn.
const mostDatagrams = 64

// Ready is for the loop: loop.Watcher.
func (d *Datagrams) Ready(r pollux.Ready) {
	h := d.home
	if !d.made {
		d.made = true
		d.protocol.Made(d)
	}
	d.flush()
	if r&^pollux.Writable == 0 {
		return
	}
	buf := h.loop.Buffer()
	for range mostDatagrams {
		n, from, err := d.socket.RecvfromInto(buf, 0)
		switch {
		case err == sock.ErrWouldBlock || errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			d.protocol.Error(d, err)
		default:
			h.received.Add(uint64(n))
			d.protocol.Datagram(d, buf[:min(n, len(buf))], from)
		}
		if d.socket.Fileno() < 0 {
			return
		}
	}
}

// Closed is for the loop: loop.Watcher.
func (d *Datagrams) Closed(err error) {
	d.mu.Lock()
	if d.quiet {
		err = nil
	}
	d.over = true
	for _, m := range d.out {
		putBlock(m.p)
	}
	d.home.buffered.Add(-int64(d.size))
	d.out, d.size = nil, 0
	d.mu.Unlock()
	defer d.home.hub.finished()
	if d.made {
		d.protocol.Lost(d, err)
	}
}

// Send sends a message; the zero Addr is the peer of a connected socket. What the system does not
// take now is kept, up to Config.WriteLimit bytes. A host's name in the address has to be looked up
// before.
//
// Errors: net.ErrClosed; ErrWouldBlock of package sock beyond that limit: the message is dropped,
// and counted by Dropped; what the system says of this message, or of one before.
func (d *Datagrams) Send(p []byte, to sock.Addr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return errClosed
	}
	if len(d.out) == 0 {
		err := d.send(p, to)
		if err != sock.ErrWouldBlock {
			return err
		}
	}
	if d.size+len(p) > d.home.cfg.WriteLimit {
		d.drops.Add(1)
		return sock.ErrWouldBlock
	}
	d.out = append(d.out, message{append(getBlock(len(p)), p...), to})
	d.size += len(p)
	d.home.buffered.Add(int64(len(p)))
	return nil
}

func (d *Datagrams) send(p []byte, to sock.Addr) error {
	var err error
	if to.IsZero() {
		_, err = d.socket.Send(p, 0)
	} else {
		_, err = d.socket.Sendto(p, 0, to)
	}
	if err == nil {
		d.home.sent.Add(uint64(len(p)))
	}
	return err
}

// flush sends what is kept. A message that the system refuses is dropped, and Error is called.
func (d *Datagrams) flush() {
	d.mu.Lock()
	for len(d.out) > 0 {
		m := d.out[0]
		err := d.send(m.p, m.to)
		if err == sock.ErrWouldBlock {
			break
		}
		d.size -= len(m.p)
		d.home.buffered.Add(-int64(len(m.p)))
		putBlock(m.p)
		d.out[0] = message{}
		if d.out = d.out[1:]; len(d.out) == 0 {
			d.out = nil
		}
		if err != nil {
			d.mu.Unlock()
			d.protocol.Error(d, err)
			d.mu.Lock()
		}
	}
	d.mu.Unlock()
}

// Dropped is how many messages Send has dropped.
func (d *Datagrams) Dropped() uint64 { return d.drops.Load() }

// Close closes the socket. What is kept is dropped, as a network may.
func (d *Datagrams) Close() {
	d.mu.Lock()
	d.quiet = true
	d.over = true
	d.mu.Unlock()
	d.socket.Close()
}

// Socket returns the socket, for its options and addresses.
func (d *Datagrams) Socket() *sock.Socket { return d.socket }

// Loop returns the loop that serves the socket.
func (d *Datagrams) Loop() *loop.Loop { return d.home.loop }

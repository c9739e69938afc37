package protocol

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A DatagramProtocol gets the datagrams of one socket: UDP, AF_UNIX, and any other family whose
// messages have a sender. The loop of the socket calls its methods, one at a time; they must not
// wait.
type DatagramProtocol interface {
	// Made comes first, once.
	Made(d *Datagrams)
	// Datagram has one message and its sender: the zero Addr if the system names none. An empty
	// message has no bytes. p is lent for the call.
	Datagram(d *Datagrams, p []byte, from sock.Addr)
	// Error reports a message that was lost: one that Send has taken and the system has refused
	// (EMSGSIZE, ENETUNREACH), one that the peer of a connected socket has refused (ECONNREFUSED),
	// or one that arrived and is larger than Config.DatagramSize (a *LimitError). It also reports
	// an error of receiving. The socket goes on.
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

	mu        sync.Mutex
	out       []message // mu; unsent, in order, from next on
	next      int       // mu
	size      int       // mu; bytes of out
	errs      []error   // mu; for Error
	gathering bool      // mu; its protocol is being called: small messages are gathered in home.batch
	over      bool      // mu
	quiet     bool      // mu; closed by the program
	drops     atomic.Uint64
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
// Errors: those of sock.Socket.Watch; net.ErrClosed after Shutdown and Close; an *OptionError for a
// socket of connections, SOCK_STREAM and SOCK_SEQPACKET: see Serve.
func (s *Server) ServePacket(c *sock.Socket, p DatagramProtocol) error {
	return s.servePacket(c, s.least(), p)
}

// protoSCTP is IPPROTO_SCTP of <netinet/in.h>, which not every system has. Its SOCK_SEQPACKET has
// many peers.
const protoSCTP = 132

func (s *Server) servePacket(c *sock.Socket, h *home, p DatagramProtocol) error {
	if p == nil {
		c.Close()
		return &OptionError{"ServePacket", nil, "needs a DatagramProtocol"}
	}
	if typ := c.Type(); typ == sock.SOCK_STREAM || typ == sock.SOCK_SEQPACKET && c.Proto() != protoSCTP {
		c.Close()
		return &OptionError{"ServePacket", typ, "must be the type of a socket whose messages need no connection"}
	}
	s.lmu.Lock()
	defer s.lmu.Unlock()
	if s.state != open {
		c.Close()
		return fmt.Errorf("protocol: listen: %w", errClosed)
	}
	if h.cfg.DatagramSize >= largestUDP {
		c.SetUDPGRO(true) // an error says that the kernel or the socket does not have it
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

// Dropped is how many messages Send has dropped.
func (d *Datagrams) Dropped() uint64 { return d.drops.Load() }

// Close closes the socket. What the system has not taken is dropped, as a network may.
func (d *Datagrams) Close() {
	d.mu.Lock()
	d.sendGathered()
	d.quiet = true
	d.over = true
	d.mu.Unlock()
	d.socket.Close()
}

// Socket returns the socket, for its options and addresses.
func (d *Datagrams) Socket() *sock.Socket { return d.socket }

// Loop returns the loop that serves the socket.
func (d *Datagrams) Loop() *loop.Loop { return d.home.loop }

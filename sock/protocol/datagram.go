package protocol

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A DatagramProtocol gets the messages of one socket: UDP, AF_UNIX, or another family whose
// messages have a sender. The loop of the socket calls its methods, one at a time. They must not
// wait.
type DatagramProtocol interface {
	// Made is the first call, and comes once.
	Made(d *Datagrams)
	// Datagram gets one message and its sender, which is the zero Addr if the system reports no
	// sender. An empty message has no bytes. p is valid during the call.
	Datagram(d *Datagrams, p []byte, from sock.Addr)
	// Error reports a lost message: one that Send has taken and the system has refused (EMSGSIZE,
	// ENETUNREACH), one that the peer of a connected socket has refused (ECONNREFUSED), or one that
	// arrived and is larger than Config.DatagramSize (a *LimitError). It also reports an error of
	// receiving. The socket stays open.
	Error(d *Datagrams, err error)
	// Lost is the last call, and comes once. err is nil after Close and Shutdown.
	Lost(d *Datagrams, err error)
}

// DatagramBase has all methods of a DatagramProtocol. They do nothing.
type DatagramBase struct{}

var _ DatagramProtocol = DatagramBase{}

func (DatagramBase) Made(*Datagrams)                        {}
func (DatagramBase) Datagram(*Datagrams, []byte, sock.Addr) {}
func (DatagramBase) Error(*Datagrams, error)                {}
func (DatagramBase) Lost(*Datagrams, error)                 {}

// A Datagrams is a socket of messages as its protocol sees it. Any goroutine may call its methods.
type Datagrams struct {
	server   *Server
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

// ListenPacket binds a socket of SOCK_DGRAM to an address, and serves it by p on one of the
// server's loops. It returns the address: for port 0 the system has chosen one. Each further call
// adds a socket. With the Balance ReusePort and an IP address, each loop has a socket, and p serves
// all of them.
//
// Errors: those of sock.New and Bind; net.ErrClosed after Shutdown and Close.
func (s *Server) ListenPacket(a sock.Addr, p DatagramProtocol) (sock.Addr, error) {
	if err := s.made("listen packet"); err != nil {
		return sock.Addr{}, err
	}
	homes := []*home{s.least()}
	reuse := s.cfg.Balance == ReusePort && canReusePort(a)
	if reuse {
		homes = s.homes
	}
	var made []*Datagrams
	for i, h := range homes {
		var d *Datagrams
		c, err := bindPacket(a, reuse)
		if err == nil && i == 0 {
			if a, err = c.Getsockname(); err != nil {
				c.Close()
			}
		}
		if err == nil {
			d, err = s.servePacket(c, h, p)
		}
		if err != nil {
			for _, d := range made {
				d.Close()
			}
			return sock.Addr{}, err
		}
		made = append(made, d)
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

// ServePacket serves a socket of messages that the caller has made: CAN, netlink, packet, a
// connected socket, or one with its own options. The server owns the socket from then on, even if
// ServePacket fails.
//
// Errors: those of sock.Socket.Watch; net.ErrClosed after Shutdown and Close; an *OptionError for a
// socket with connections (SOCK_STREAM, SOCK_SEQPACKET), see Serve, and for a nil c or p.
func (s *Server) ServePacket(c *sock.Socket, p DatagramProtocol) error {
	if err := s.made("serve packet"); err != nil {
		c.OrClosed().Close()
		return err
	}
	_, err := s.servePacket(c, s.least(), p)
	return err
}

// protoSCTP is IPPROTO_SCTP of <netinet/in.h>, which not every system has. Its SOCK_SEQPACKET has
// many peers.
const protoSCTP = 132

func (s *Server) servePacket(c *sock.Socket, h *home, p DatagramProtocol) (*Datagrams, error) {
	if c == nil {
		return nil, &OptionError{"ServePacket", nil, "must be a socket"}
	}
	c = c.OrClosed() // the zero Socket
	if p == nil {
		c.Close()
		return nil, &OptionError{"ServePacket", nil, "needs a DatagramProtocol"}
	}
	if typ := c.Type(); typ == sock.SOCK_STREAM || typ == sock.SOCK_SEQPACKET && c.Proto() != protoSCTP {
		c.Close()
		return nil, &OptionError{"ServePacket", typ, "must be the type of a socket whose messages need no connection"}
	}
	s.lmu.Lock()
	defer s.lmu.Unlock()
	if s.state != open {
		c.Close()
		return nil, fmt.Errorf("protocol: listen: %w", errClosed)
	}
	if h.cfg.DatagramSize >= largestUDP {
		c.SetUDPGRO(true) // an error says that the kernel or the socket does not have it
	}
	d := &Datagrams{server: s, socket: c, home: h, protocol: p}
	s.began()
	if err := c.WatchReady(h.loop, d); err != nil {
		c.Close()
		s.finished()
		return nil, err
	}
	if s.packets == nil {
		s.packets = make(map[*Datagrams]struct{})
	}
	s.packets[d] = struct{}{}
	c.CallWatcher()
	return d, nil
}

// Dropped returns the number of messages that Send has dropped.
func (d *Datagrams) Dropped() uint64 { return d.drops.Load() }

// Close closes the socket. It drops the messages that the system has not taken.
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

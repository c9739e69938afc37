package netconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A ListenConfig says how to listen, as a net.ListenConfig does. The zero ListenConfig is ready.
type ListenConfig struct {
	// Control is called for each socket after it was made and before it is bound. network is "tcp4"
	// or "tcp6" even if Listen was given "tcp", and so on; address is the one to bind to.
	Control func(network, address string, c syscall.RawConn) error
	// KeepAlive and KeepAliveConfig are those of the connections that are accepted: see Dialer.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	// Backlog is how many connections may wait to be accepted; 0 is as many as the system allows
	// (/proc/sys/net/core/somaxconn), as with package net.
	Backlog int
	// ReusePort lets several sockets listen at one address, and the system spread connections or
	// datagrams over them: SO_REUSEPORT of Linux, SO_REUSEPORT_LB of FreeBSD. Inet networks only.
	ReusePort bool
	// MultipathTCP lets clients connect by Multipath TCP where the system has it, and by TCP as
	// ever.
	MultipathTCP bool
	// FastOpen is how many connections that came with data may wait for the rest of their
	// handshake: TCP_FASTOPEN of Linux, RFC 7413; 0 is none. Elsewhere it does nothing.
	FastOpen int
	// Resolver looks hosts up; nil is sock.DefaultResolver.
	Resolver *sock.Resolver
	// Task waits in place of the calling goroutine while a host is looked up, and what is made
	// comes back for it: see Listener.In.
	Task *loop.Task
}

// mostBacklog is more than systems allow; they take as much as they do. A 16-bit field of some has
// room for it.
const mostBacklog = 1<<15 - 1

// Listen listens at an address of a network (see the package) of streams or of seqpackets. Port 0
// is a free one: see Listener.Addr. Without a host it is all addresses of this one, of IPv6 and
// IPv4. A host of several addresses counts with one, of IPv4 if it has one.
//
// Errors: a net.UnknownNetworkError; an *ArgError for a datagram network; a *net.AddrError or
// *families.AddrError for a text that is no address; a *net.DNSError; EADDRINUSE, EADDRNOTAVAIL,
// EACCES and what else the system says; loop.ErrOnLoop in a callback.
func Listen(network, address string) (*Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// ListenPacket makes a *PacketConn that is bound to an address of a network of datagrams. For
// address and errors see Listen.
func ListenPacket(network, address string) (*PacketConn, error) {
	return new(ListenConfig).ListenPacket(context.Background(), network, address)
}

// Listen is the function Listen, as the ListenConfig says. ctx ends the look-up of a host, and has
// no meaning for the Listener.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (*Listener, error) {
	s, n, err := lc.bind(ctx, network, address, true)
	if err != nil {
		return nil, err
	}
	backlog := lc.Backlog
	if backlog == 0 {
		backlog = mostBacklog
	}
	if err := s.Listen(backlog); err != nil {
		s.Close()
		return nil, listenFailure(network, nil, err)
	}
	l, err := newListener(s)
	if err != nil {
		s.Close()
		return nil, err
	}
	l.period, l.keepAlive = lc.KeepAlive, lc.KeepAliveConfig
	if n.isInet() && n.proto == 0 && runtime.GOOS == "linux" && s.Proto() != protoMPTCP {
		// Linux gives each connection the options of its listener (tcp_create_openreq_child of
		// net/ipv4/tcp_minisocks.c), so that they cost no call at each accept.
		tcpOptions(s, l.period, l.keepAlive)
		l.prepares = false
	}
	l.SetUnlinkOnClose(true)
	if lc.Task != nil {
		return l.In(lc.Task), nil
	}
	return l, nil
}

// ListenPacket is the function ListenPacket, as the ListenConfig says.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	s, _, err := lc.bind(ctx, network, address, false)
	if err != nil {
		return nil, err
	}
	if lc.Task != nil {
		s = s.In(lc.Task)
	}
	p, err := newPacketConn(s, sock.Addr{})
	if err != nil {
		s.Close()
		return nil, err
	}
	return p, nil
}

func listenFailure(network string, at net.Addr, err error) error {
	return &net.OpError{Op: "listen", Net: network, Addr: at, Err: lookupCause(err)}
}

// bind makes a bound socket of the network.
func (lc *ListenConfig) bind(ctx context.Context, name, address string, listens bool) (*sock.Socket, *network, error) {
	if ctx == nil {
		return nil, nil, listenFailure(name, nil, &ArgError{Kind: sock.ArgMissing, Arg: "ctx", Value: nil, Rule: "must not be nil"})
	}
	n, err := parseNetwork(name)
	if err != nil {
		return nil, nil, listenFailure(name, nil, err)
	}
	if lc.Backlog < 0 || lc.FastOpen < 0 {
		bad := &ArgError{Kind: sock.ArgRange, Arg: "Backlog", Value: lc.Backlog, Rule: "must not be negative"}
		if lc.FastOpen < 0 {
			bad.Arg, bad.Value = "FastOpen", lc.FastOpen
		}
		return nil, nil, listenFailure(name, nil, bad)
	}
	at, err := lc.address(ctx, &n, address)
	if err != nil {
		return nil, nil, listenFailure(name, nil, err)
	}
	s, err := lc.bound(&n, at, address, listens)
	if err != nil {
		return nil, nil, listenFailure(name, netAddr(name, at), err)
	}
	return s, &n, nil
}

// address finds what to bind to.
func (lc *ListenConfig) address(ctx context.Context, n *network, text string) (at sock.Addr, err error) {
	if !n.isInet() {
		at, err = n.parse(text)
		return at, err
	}
	infos, err := lookup(ctx, lc.Task, lc.Resolver, n, text, sock.AI_PASSIVE)
	if err != nil {
		return at, err
	}
	first := infos[0].Addr
	if n.inet == sock.AF_UNSPEC && first.AddrPort().Addr().IsUnspecified() && sock.HasDualstackIPv6() {
		return sock.Inet6("", first.Port()), nil // also for 0.0.0.0, as package net has it
	}
	for _, info := range infos {
		if info.Family == sock.AF_INET {
			return info.Addr, nil
		}
	}
	return first, nil
}

// bound makes a socket, sets what has to be set before bind, and binds it.
func (lc *ListenConfig) bound(n *network, at sock.Addr, text string, listens bool) (_ *sock.Socket, err error) {
	family := sock.Family(families.Host.FamilyOf(at))
	s, err := n.streamSocket(family, lc.MultipathTCP && listens)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if connects := endsWithNothing(s.Type()) && n.name != "rds"; connects != listens {
		rule := "has datagrams: use ListenPacket"
		if !listens {
			rule = "has connections: use Listen"
		}
		return nil, &ArgError{Kind: sock.ArgType, Arg: "network", Value: n.name, Rule: rule}
	}
	if n.isInet() {
		if err := lc.inetOptions(n, s, listens); err != nil {
			return nil, err
		}
	}
	if lc.Control != nil {
		raw, err := s.SyscallConn()
		if err != nil {
			return nil, err
		}
		name := n.name
		if n.isInet() {
			name = inetName(n, family)
			text = at.String()
		}
		if err := lc.Control(name, text, raw); err != nil {
			return nil, err
		}
	}
	return s, s.Bind(at)
}

// inetOptions sets what package net sets.
func (lc *ListenConfig) inetOptions(n *network, s *sock.Socket, listens bool) error {
	if listens && runtime.GOOS != "windows" { // there it means something else
		s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 1)
	}
	if !listens {
		s.Setsockopt(sock.SOL_SOCKET, sock.SO_BROADCAST, 1)
	}
	if s.Family() == sock.AF_INET6 {
		only := 0
		if n.inet == sock.AF_INET6 {
			only = 1
		}
		if err := s.Setsockopt(sock.IPPROTO_IPV6, sock.IPV6_V6ONLY, only); err != nil {
			return err
		}
	}
	if lc.ReusePort {
		if reusePort == 0 {
			return fmt.Errorf("SO_REUSEPORT on %s: %w", runtime.GOOS, errors.ErrUnsupported)
		}
		if err := s.Setsockopt(sock.SOL_SOCKET, reusePort, 1); err != nil {
			return err
		}
	}
	if lc.FastOpen > 0 && listens && fastOpen != 0 {
		return s.Setsockopt(sock.IPPROTO_TCP, fastOpen, lc.FastOpen)
	}
	return nil
}

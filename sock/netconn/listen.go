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

// A ListenConfig has the settings of a listener, as a net.ListenConfig has. The zero ListenConfig
// is ready.
type ListenConfig struct {
	// Control is called for each socket before it is bound. network is "tcp4" or "tcp6" if Listen
	// got "tcp", and so on. address is the address to bind.
	Control func(network, address string, c syscall.RawConn) error
	// KeepAlive and KeepAliveConfig apply to the accepted connections: see Dialer.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig
	// Backlog is the number of connections that may wait for Accept. 0: the system's limit
	// (/proc/sys/net/core/somaxconn), as in package net.
	Backlog int
	// ReusePort lets several sockets listen at one address. The system distributes connections or
	// datagrams among them: SO_REUSEPORT of Linux, SO_REUSEPORT_LB of FreeBSD. It has no effect on
	// networks other than those of IP, such as "unix": there a second socket gets EADDRINUSE.
	ReusePort bool
	// MultipathTCP lets clients connect by Multipath TCP, if the system supports it, or by TCP.
	MultipathTCP bool
	// FastOpen is the number of connections with data in their SYN that may wait for the rest of
	// their handshake: TCP_FASTOPEN of Linux, RFC 7413. 0: none. It has no effect on other systems.
	FastOpen int
	// Resolver looks up hosts. nil: sock.DefaultResolver.
	Resolver *sock.Resolver
	// Task, if not nil, waits instead of the calling goroutine during the look-up of a host. The
	// result comes back in the view of the task: see Listener.In.
	Task *loop.Task
}

// mostBacklog is more than any system allows, and every system then uses its own limit. Some have a
// 16-bit field for it.
const mostBacklog = 1<<15 - 1

// Listen listens at an address of a stream or seqpacket network (see the package comment). For port
// 0 the system chooses a port: see Listener.Addr. An address without a host means all addresses of
// this host, IPv6 and IPv4. If the host has several addresses, Listen takes the first IPv4 address,
// if there is one.
//
// Errors: a net.UnknownNetworkError; an *ArgError for a datagram network; a *net.AddrError or
// *families.AddrError for a bad address; a *net.DNSError; EADDRINUSE, EADDRNOTAVAIL, EACCES and
// other errors of the system; loop.ErrOnLoop in a callback.
func Listen(network, address string) (*Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// ListenPacket makes a *PacketConn that is bound to an address of a datagram network. For the
// address and the errors see Listen.
func ListenPacket(network, address string) (*PacketConn, error) {
	return new(ListenConfig).ListenPacket(context.Background(), network, address)
}

// Listen is the function Listen with these settings. ctx ends the look-up of a host, and has no
// effect on the Listener.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (*Listener, error) {
	s, _, err := lc.bind(ctx, network, address, true)
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
	if s.PassesOptions() { // so they cost no call at each accept
		tcpOptions(s, l.period, l.keepAlive)
		l.prepares = false
	}
	l.SetUnlinkOnClose(true)
	if lc.Task != nil {
		return l.In(lc.Task), nil
	}
	return l, nil
}

// ListenPacket is the function ListenPacket with these settings. For ctx see Listen.
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

// address returns the address to bind.
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
		return sock.Inet6("", first.Port()), nil // also for 0.0.0.0, as in package net
	}
	for _, info := range infos {
		if info.Family == sock.AF_INET {
			return info.Addr, nil
		}
	}
	return first, nil
}

// bound makes a socket, sets the options that must be set before bind, and binds it.
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

// inetOptions sets the options that package net sets.
func (lc *ListenConfig) inetOptions(n *network, s *sock.Socket, listens bool) error {
	if listens && runtime.GOOS != "windows" { // on Windows another program could take the address then
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

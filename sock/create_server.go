package sock

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/families"
)

// A ServerConfig says how CreateServer and Listen make a socket. nil and the zero ServerConfig are
// the defaults, which are Python's but for NoDelay and KeepAlive: these are package net's.
type ServerConfig struct {
	// Backlog is how many connections may wait to be accepted; 0: DefaultBacklog; negative: none.
	Backlog int
	// ReusePort lets several sockets listen on one port (SO_REUSEPORT), and the system spread
	// connections over them.
	ReusePort bool
	// DualstackIPv6 makes an AF_INET6 socket take IPv4 too, whose peers are ::ffff:a.b.c.d.
	DualstackIPv6 bool
	// Type is the type of the socket, SOCK_*; 0: the usual one for the address, which is
	// SOCK_STREAM for IP and AF_UNIX. A socket of datagrams is bound and does not listen.
	Type Type
	// Proto is the protocol; 0: the one that the address belongs to, as BTPROTO_RFCOMM.
	Proto Protocol
	// NoDelay is TCP_NODELAY on the accepted sockets: a small message goes at once, and does not
	// wait until the peer has acknowledged the one before (up to 40 ms). Default is On.
	NoDelay Switch
	// KeepAlive is what the accepted TCP sockets do about a silent peer. nil: probes after 15 s,
	// every 15 s, 9 times, as package net. A KeepAlive whose On is false is none.
	KeepAlive *KeepAlive
}

// CreateServer is Python's create_server: a socket that is bound to a, and listening if its type
// has connections. The accepted sockets have TCP_NODELAY and keep-alive on, see ServerConfig.
//
// SO_REUSEADDR is set on a listener of IP, except on Windows, where it would mean something else;
// IPV6_V6ONLY is set as DualstackIPv6 says. On an error nothing is left behind.
//
// Errors: an *ArgError for what the platform or the family does not have; those of New, Bind and
// Listen.
func CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) { return View{}.createServer(a, cfg) }

func (v View) createServer(a Addr, cfg *ServerConfig) (*Socket, error) {
	if cfg == nil {
		cfg = new(ServerConfig)
	}
	family := Family(families.Host.FamilyOf(a))
	typ, proto := typeFor(a, cfg.Type, cfg.Proto)
	refuse := func(kind ArgKind, arg, rule string) (*Socket, error) {
		return nil, failedAs("create_server", family, typ, proto, &ArgError{kind, arg, true, rule})
	}
	switch {
	case family < 0:
		return nil, failed("create_server", family, &ArgError{ArgMissing, "address", a, "no address"})
	case cfg.ReusePort && !hasReusePort:
		return refuse(ArgUnsupported, "ReusePort", "SO_REUSEPORT not supported on this platform")
	case cfg.DualstackIPv6 && family != AF_INET6:
		return refuse(ArgConflict, "DualstackIPv6", "dualstack_ipv6 requires AF_INET6 family")
	case cfg.DualstackIPv6 && !HasDualstackIPv6():
		return refuse(ArgUnsupported, "DualstackIPv6", "dualstack_ipv6 not supported on this platform")
	}
	s, err := v.New(family, typ, proto)
	if err != nil {
		return nil, err
	}
	if err := s.serve(a, cfg, family == AF_INET || family == AF_INET6); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Socket) serve(a Addr, cfg *ServerConfig, inet bool) error {
	listens := s.listens()
	if runtime.GOOS != "windows" && inet && listens { // two sockets of datagrams would share the port
		s.Setsockopt(SOL_SOCKET, SO_REUSEADDR, 1) // as Python has it: it is only a convenience
	}
	if cfg.ReusePort && inet {
		if err := s.Setsockopt(SOL_SOCKET, reusePort, 1); err != nil {
			return err
		}
	}
	if s.inFamily(AF_INET6) {
		only := 1
		if cfg.DualstackIPv6 {
			only = 0
		}
		if err := s.Setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only); err != nil {
			return err
		}
	}
	// What a listener is set to, the sockets that it accepts are set to as well, on every system:
	// so an accept costs no further call.
	if err := s.setConnection(cfg.NoDelay, cfg.KeepAlive); err != nil {
		return err
	}
	if err := s.Bind(a); err != nil {
		if errors.Is(err, families.ErrPort) || errors.Is(err, families.ErrFlowInfo) {
			return err // OverflowError in Python, which passes as it is
		}
		return fmt.Errorf("%w (while attempting to bind on address %s)", err, a)
	}
	if !listens {
		return nil
	}
	backlog := cfg.Backlog
	if backlog == 0 {
		backlog = DefaultBacklog
	}
	return s.Listen(backlog)
}

// listens says whether sockets of this kind listen and accept. Those of AF_ALG accept only.
func (s *core) listens() bool {
	typ := Type(s.typ)
	return (typ == SOCK_STREAM || typ == SOCK_SEQPACKET) && !s.has(quirkAlgorithm)
}

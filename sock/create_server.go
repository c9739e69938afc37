package sock

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/families"
)

// A ServerConfig configures CreateServer and Listen. nil and the zero ServerConfig mean the
// defaults. They are Python's, except that NoDelay and KeepAlive have the defaults of package net.
type ServerConfig struct {
	// Backlog is the number of connections that may wait for an Accept. 0 is DefaultBacklog. A
	// negative number is passed to the system as 0.
	Backlog int
	// ReusePort lets several sockets listen on one port (SO_REUSEPORT). The system distributes the
	// connections among them.
	ReusePort bool
	// DualstackIPv6 makes an AF_INET6 socket accept IPv4 too. Its IPv4 peers have addresses of the
	// form ::ffff:a.b.c.d.
	DualstackIPv6 bool
	// Type is the type of the socket, SOCK_*. 0 is the usual type for the address: SOCK_STREAM for
	// IP and AF_UNIX. A datagram socket is bound and does not listen.
	Type Type
	// Proto is the protocol, such as BTPROTO_RFCOMM. 0 is the usual protocol of the address.
	Proto Protocol
	// NoDelay is TCP_NODELAY on the accepted sockets: a small message is sent at once. Without it,
	// the message may wait up to 40 ms until the peer has acknowledged the one before. The default
	// is On.
	NoDelay Switch
	// KeepAlive configures the probes that detect a dead peer of an accepted TCP socket. nil is the
	// default of package net: probes after 15 s, every 15 s, 9 times. If On is false, the sockets
	// send no probes.
	KeepAlive *KeepAlive
}

// CreateServer returns a socket that is bound to a, and that listens if its type has connections:
// Python's create_server. The accepted sockets have TCP_NODELAY and keep-alive on, see
// ServerConfig.
//
// On a listener of IP, CreateServer sets SO_REUSEADDR, except on Windows, where the option has
// another meaning. It sets IPV6_V6ONLY according to DualstackIPv6. On an error it leaves nothing
// open.
//
// Errors: an *ArgError for a setting that the platform or the family does not have; those of New,
// Bind and Listen.
func CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) {
	return View{}.createServer(Family(a.Family()), a, cfg)
}

func (v View) createServer(family Family, a Addr, cfg *ServerConfig) (*Socket, error) {
	if cfg == nil {
		cfg = new(ServerConfig)
	}
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
	if runtime.GOOS != "windows" && inet && listens { // on datagram sockets, it would let two sockets share the port
		s.Setsockopt(SOL_SOCKET, SO_REUSEADDR, 1) // an error is ignored, as in Python: the option is only a convenience
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
	// On every system, the accepted sockets inherit the settings of the listener. So an accept
	// needs no further system call.
	if err := s.setConnection(cfg.NoDelay, cfg.KeepAlive); err != nil {
		return err
	}
	if err := s.Bind(a); err != nil {
		if errors.Is(err, families.ErrPort) || errors.Is(err, families.ErrFlowInfo) {
			return err // OverflowError in Python, returned unchanged
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

// listens reports whether sockets of this kind both listen and accept. AF_ALG sockets only accept.
func (s *core) listens() bool {
	typ := Type(s.typ)
	return (typ == SOCK_STREAM || typ == SOCK_SEQPACKET) && !s.has(quirkAlgorithm)
}

package sock

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/families"
)

// A ServerConfig says how CreateServer makes a listener. nil and the zero ServerConfig are Python's defaults.
type ServerConfig struct {
	// Backlog is how many connections may wait to be accepted; 0: DefaultBacklog; negative: none.
	Backlog int
	// ReusePort lets several sockets listen on one port (SO_REUSEPORT), and the system spread connections over them.
	ReusePort bool
	// DualstackIPv6 makes an AF_INET6 listener take IPv4 connections too, whose peers are ::ffff:a.b.c.d.
	DualstackIPv6 bool
}

// CreateServer is Python's create_server: a stream socket that is bound and listening. SO_REUSEADDR is set, except on Windows,
// where it would mean something else; IPV6_V6ONLY is set as DualstackIPv6 says. On an error nothing is left behind.
//
// Errors: an *ArgError for what the platform or the family does not have; those of New, Bind and Listen.
func CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) { return View{}.createServer(a, cfg) }

func (v View) createServer(a Addr, cfg *ServerConfig) (*Socket, error) {
	if cfg == nil {
		cfg = new(ServerConfig)
	}
	family := Family(families.Host.FamilyOf(a))
	inet := family == AF_INET || family == AF_INET6
	refuse := func(kind ArgKind, arg, rule string) (*Socket, error) {
		return nil, failed("create_server", family, &ArgError{kind, arg, true, rule})
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
	s, err := v.New(family, SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	if err := s.serve(a, cfg, inet); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Socket) serve(a Addr, cfg *ServerConfig, inet bool) error {
	if runtime.GOOS != "windows" && inet {
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
	if err := s.Bind(a); err != nil {
		if errors.Is(err, families.ErrPort) || errors.Is(err, families.ErrFlowInfo) {
			return err // OverflowError in Python, which passes as it is
		}
		return fmt.Errorf("%w (while attempting to bind on address %s)", err, a)
	}
	backlog := cfg.Backlog
	if backlog == 0 {
		backlog = DefaultBacklog
	}
	return s.Listen(backlog)
}

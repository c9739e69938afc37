package sock

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
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
func CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) {
	if cfg == nil {
		cfg = new(ServerConfig)
	}
	family := families.Host.FamilyOf(a)
	inet := family == AF_INET || family == AF_INET6
	refuse := func(arg, rule string) (*Socket, error) {
		return nil, failed("create_server", family, &ArgError{arg, true, rule})
	}
	switch {
	case family < 0:
		return nil, failed("create_server", family, &ArgError{"address", a, "no address"})
	case cfg.ReusePort && !hasReusePort:
		return refuse("ReusePort", "SO_REUSEPORT not supported on this platform")
	case cfg.DualstackIPv6 && family != AF_INET6:
		return refuse("DualstackIPv6", "dualstack_ipv6 requires AF_INET6 family")
	case cfg.DualstackIPv6 && !HasDualstackIPv6():
		return refuse("DualstackIPv6", "dualstack_ipv6 not supported on this platform")
	}
	s, err := New(family, SOCK_STREAM, 0)
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
	if int(s.family) == AF_INET6 {
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

// HasDualstackIPv6 says whether an AF_INET6 socket here can take IPv4 connections too: Python's has_dualstack_ipv6.
func HasDualstackIPv6() bool {
	s, err := New(AF_INET6, SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	return s.Setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0) == nil
}

// A ConnectionConfig says how CreateConnection connects. nil and the zero ConnectionConfig are Python's defaults.
type ConnectionConfig struct {
	// Timeout is for each try, and remains the socket's; 0: the default timeout. Forever is blocking.
	Timeout time.Duration
	// Source is bound before connecting, if it is not zero. It must be of a family that the host has.
	Source Addr
	// AllErrors makes the error an *ExceptionGroup of all tries; else it is that of the last.
	AllErrors bool
	// Context ends it early, and Task waits in place of the goroutine. Both may be nil.
	Context context.Context
	Task    *loop.Task
}

// An ExceptionGroup holds the errors of all tries, in their order. errors.Is and errors.As look into each.
type ExceptionGroup struct {
	Text   string
	Errors []error
}

func (g *ExceptionGroup) Error() string {
	return fmt.Sprintf("%s (%d sub-exceptions): %v", g.Text, len(g.Errors), errors.Join(g.Errors...))
}

// Unwrap gives the errors.
func (g *ExceptionGroup) Unwrap() []error { return g.Errors }

// CreateConnection is Python's create_connection: a stream socket that is connected to port on host, whose addresses are tried in
// order. Tries that failed are closed.
//
// Errors: *GaiError if the host is not found; an *ArgError for a bad port; the error of the last try, or an *ExceptionGroup.
func CreateConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	if cfg == nil {
		cfg = new(ConnectionConfig)
	}
	if port < 0 || port > 0xffff {
		return nil, failed("create_connection", AF_UNSPEC, &ArgError{"port", port, "port must be 0-65535."})
	}
	ctx := cfg.Context
	if ctx == nil {
		ctx = context.Background()
	}
	var infos []AddrInfo
	find := func() (err error) {
		infos, err = Getaddrinfo(ctx, host, strconv.Itoa(port), &Hints{Type: SOCK_STREAM})
		return err
	}
	var err error
	if cfg.Task != nil {
		err = cfg.Task.Do(find)
	} else {
		err = find()
	}
	if err != nil {
		return nil, failed("create_connection", AF_UNSPEC, err)
	}
	group := &ExceptionGroup{Text: "create_connection failed"}
	for _, info := range infos {
		s, err := connection(ctx, info, cfg)
		if err == nil {
			return s, nil
		}
		group.Errors = append(group.Errors, err)
		if ctx.Err() != nil {
			break
		}
	}
	if cfg.AllErrors {
		return nil, group
	}
	return nil, group.Errors[len(group.Errors)-1]
}

// connection is one try.
func connection(ctx context.Context, info AddrInfo, cfg *ConnectionConfig) (_ *Socket, err error) {
	s, err := New(info.Family, info.Type, info.Proto)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if cfg.Timeout != 0 {
		if err := s.SetTimeout(cfg.Timeout); err != nil {
			return nil, err
		}
	}
	if !cfg.Source.IsZero() {
		if err := s.Bind(cfg.Source); err != nil {
			return nil, err
		}
	}
	view := s
	if cfg.Task != nil {
		view = view.In(cfg.Task)
	}
	if err := view.With(ctx).Connect(info.Addr); err != nil {
		return nil, err
	}
	return s, nil
}

package sock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/polluxio/pollux/loop"
)

// A ConnectionConfig says how CreateConnection, Dial and DialAddr connect. nil and the zero
// ConnectionConfig are the defaults, which are Python's but for NoDelay and KeepAlive: these are
// package net's.
type ConnectionConfig struct {
	// Timeout is for each try, and remains the socket's: Within(d), where Forever is blocking and 0
	// non-blocking. The zero Timeout is the default timeout. With Within(0) a connection that is
	// not made at once fails with EINPROGRESS, as in Python.
	Timeout Timeout
	// Service is the name of a service, "https", or a port number as text. It takes the place of
	// the argument port of CreateConnection, which is 0 then.
	Service string
	// Type is the type of the socket, SOCK_*; 0: the usual one, which is SOCK_STREAM for IP and
	// AF_UNIX. SOCK_DGRAM makes a socket of datagrams that is connected.
	Type Type
	// Proto is the protocol; 0: the one that the address belongs to.
	Proto Protocol
	// NoDelay is TCP_NODELAY: a small message goes at once, and does not wait until the peer has
	// acknowledged the one before (up to 40 ms). Default is On.
	NoDelay Switch
	// KeepAlive is what a TCP socket does about a silent peer. nil: probes after 15 s, every 15 s,
	// 9 times, as package net. A KeepAlive whose On is false is none.
	KeepAlive *KeepAlive
	// Source is bound before connecting, if it is not zero. It must be of a family that the host
	// has.
	Source Addr
	// AllErrors makes the error an *ExceptionGroup of all tries; else it is that of the last.
	AllErrors bool
	// HappyEyeballs tries the addresses as RFC 8305 says: IPv6 and IPv4 in turn, and the next one
	// when a try has failed or AttemptDelay has passed. The first connection wins; the other tries
	// are canceled and their sockets closed. The host is looked up before the first try, so that
	// the RFC's delay for answers that come one by one (section 3) has no place here.
	HappyEyeballs bool
	// AttemptDelay is how long a try is alone before the next begins beside it; 0: 250 ms; less
	// than 10 ms counts as 10 ms.
	AttemptDelay time.Duration
	// Make makes the socket of a try, and may set its options; nil: New, with what info says. It
	// may be called on several goroutines at once. Timeout and Source are applied to the socket
	// after it, and NoDelay and KeepAlive only if they are set.
	Make func(info AddrInfo) (*Socket, error)
	// Context ends the connecting early. It counts no more once the socket is connected;
	// With(ctx).CreateConnection makes a socket whose operations it ends too. May be nil.
	Context context.Context
	// Task waits in place of the goroutine. The socket comes back in the task's view. May be nil.
	Task *loop.Task
}

// An ExceptionGroup holds the errors of all tries, in their order. errors.Is and errors.As look
// into each.
type ExceptionGroup struct {
	Text   string
	Errors []error
}

func (g *ExceptionGroup) Error() string {
	return fmt.Sprintf("%s (%d sub-exceptions): %v", g.Text, len(g.Errors), errors.Join(g.Errors...))
}

// Unwrap gives the errors.
func (g *ExceptionGroup) Unwrap() []error { return g.Errors }

// CreateConnection is Python's create_connection: a stream socket that is connected to port on
// host, whose addresses are tried in order, or as HappyEyeballs says. Tries that failed are closed.
// The socket has TCP_NODELAY and keep-alive on, see ConnectionConfig.
//
// Errors: *GaiError if the host or the service is not found; an *ArgError for a bad port or delay;
// the error of the last try, or an *ExceptionGroup; loop.ErrOnLoop in a callback that would have to
// wait.
func CreateConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	return View{}.CreateConnection(host, port, cfg)
}

// CreateConnection is the function CreateConnection. Task and Context of cfg, if set, replace those
// of v while it connects; the socket is in v, and in cfg.Task.
func (v View) CreateConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	return v.dial("create_connection", cfg, func(cfg *ConnectionConfig) (target, error) {
		t := target{host: host, service: cfg.Service, typ: SOCK_STREAM}
		switch {
		case port < 0 || port > 0xffff:
			return t, &ArgError{ArgRange, "port", port, "port must be 0-65535."}
		case t.service == "":
			t.service = strconv.Itoa(port)
		case port != 0:
			return t, &ArgError{ArgConflict, "port", port, "must be 0 beside a Service"}
		}
		return t, nil
	})
}

// ConnectAny is CreateConnection to addresses that are known: those of a host that Getaddrinfo has
// found, or of several hosts. A nil cfg is the zero ConnectionConfig.
//
// Errors: those of CreateConnection.
func ConnectAny(infos []AddrInfo, cfg *ConnectionConfig) (*Socket, error) {
	return View{}.dial("connect", cfg, func(*ConnectionConfig) (target, error) {
		if len(infos) == 0 {
			return target{}, errNoAddresses
		}
		return target{infos: infos}, nil
	})
}

// errNoAddresses is for a resolver that finds nothing, and no error either.
var errNoAddresses = errors.New("getaddrinfo returns an empty list")

// connectAny is a socket that is connected to one of the addresses, or an error for each try.
func connectAny(ctx context.Context, op string, infos []AddrInfo, cfg *ConnectionConfig) (s *Socket, errs []error) {
	if len(infos) == 0 {
		return nil, []error{failed(op, AF_UNSPEC, errNoAddresses)}
	}
	if cfg.HappyEyeballs {
		return eyeballs(ctx, op, infos, cfg)
	}
	for _, info := range infos {
		s, err := connection(ctx, info, cfg)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || cfg.Task != nil && errors.Is(err, context.Canceled) { // Task.Cancel ends one wait, which is that of all tries
			break
		}
	}
	return nil, errs
}

// connection is one try.
func connection(ctx context.Context, info AddrInfo, cfg *ConnectionConfig) (_ *Socket, err error) {
	create := cfg.Make
	if create == nil {
		create = func(info AddrInfo) (*Socket, error) { return New(info.Family, info.Type, info.Proto) }
	}
	s, err := create(info)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if cfg.Timeout.set {
		if err := s.SetTimeout(cfg.Timeout.d); err != nil {
			return nil, err
		}
	}
	if cfg.Make == nil || cfg.NoDelay != Default || cfg.KeepAlive != nil {
		if err := s.setConnection(cfg.NoDelay, cfg.KeepAlive); err != nil {
			return nil, err
		}
	}
	view := s.With(ctx)
	if cfg.Task != nil {
		view = view.In(cfg.Task)
	}
	if !cfg.Source.IsZero() {
		if err := view.Bind(cfg.Source); err != nil {
			return nil, err
		}
	}
	if err := view.Connect(info.Addr); err != nil {
		return nil, err
	}
	return s, nil
}

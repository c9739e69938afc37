package sock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/polluxio/pollux/loop"
)

// A ConnectionConfig says how CreateConnection connects. nil and the zero ConnectionConfig are Python's defaults.
type ConnectionConfig struct {
	// Timeout is for each try, and remains the socket's; 0: the default timeout. Forever is blocking.
	Timeout time.Duration
	// Source is bound before connecting, if it is not zero. It must be of a family that the host has.
	Source Addr
	// AllErrors makes the error an *ExceptionGroup of all tries; else it is that of the last.
	AllErrors bool
	// HappyEyeballs tries the addresses as RFC 8305 says: IPv6 and IPv4 in turn, and the next one when a try has failed or
	// AttemptDelay has passed. The first connection wins; the other tries are canceled and their sockets closed. The host is
	// looked up before the first try, so that the RFC's delay for answers that come one by one (section 3) has no place here.
	HappyEyeballs bool
	// AttemptDelay is how long a try is alone before the next begins beside it; 0: 250 ms; less than 10 ms counts as 10 ms.
	AttemptDelay time.Duration
	// Context ends the connecting early. It counts no more once the socket is connected; With(ctx).CreateConnection makes a
	// socket whose operations it ends too. May be nil.
	Context context.Context
	// Task waits in place of the goroutine. The socket comes back in the task's view. May be nil.
	Task *loop.Task
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
// order, or as HappyEyeballs says. Tries that failed are closed.
//
// Errors: *GaiError if the host is not found; an *ArgError for a bad port or delay; the error of the last try, or an
// *ExceptionGroup; loop.ErrOnLoop in a callback that would have to wait.
func CreateConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	return View{}.CreateConnection(host, port, cfg)
}

// createConnection is CreateConnection. The socket is in no view.
func createConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	if port < 0 || port > 0xffff {
		return nil, failed("create_connection", AF_UNSPEC, &ArgError{ArgRange, "port", port, "port must be 0-65535."})
	}
	if cfg.AttemptDelay < 0 {
		return nil, failed("create_connection", AF_UNSPEC, &ArgError{ArgRange, "AttemptDelay", cfg.AttemptDelay, "must not be negative"})
	}
	ctx := cfg.Context
	if ctx == nil {
		ctx = context.Background()
	}
	find := func(ctx context.Context) ([]AddrInfo, error) {
		return Getaddrinfo(ctx, host, strconv.Itoa(port), &Hints{Type: SOCK_STREAM})
	}
	var infos []AddrInfo
	var err error
	if cfg.Task != nil {
		infos, err = resolveIn(cfg.Task, ctx, find)
	} else {
		infos, err = find(ctx)
	}
	if err != nil {
		return nil, failed("create_connection", AF_UNSPEC, err)
	}
	s, errs := connectAny(ctx, infos, cfg)
	switch {
	case len(errs) == 0:
		return s, nil
	case cfg.AllErrors:
		return nil, &ExceptionGroup{Text: "create_connection failed", Errors: errs}
	}
	return nil, errs[len(errs)-1]
}

// errNoAddresses is for a resolver that finds nothing, and no error either.
var errNoAddresses = errors.New("getaddrinfo returns an empty list")

// connectAny is a socket that is connected to one of the addresses, or an error for each try.
func connectAny(ctx context.Context, infos []AddrInfo, cfg *ConnectionConfig) (s *Socket, errs []error) {
	if len(infos) == 0 {
		return nil, []error{failed("create_connection", AF_UNSPEC, errNoAddresses)}
	}
	if cfg.HappyEyeballs {
		return eyeballs(ctx, infos, cfg)
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

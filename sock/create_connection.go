package sock

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/polluxio/pollux/loop"
)

// A ConnectionConfig configures CreateConnection, Dial and DialAddr. nil and the zero
// ConnectionConfig mean the defaults. They are Python's, except that NoDelay and KeepAlive have the
// defaults of package net.
type ConnectionConfig struct {
	// Timeout is the timeout of each try, and then of the connected socket: Within(d), where
	// Forever is blocking and 0 non-blocking. The zero Timeout is the default timeout. With
	// Within(0), a connection that is not made at once fails with EINPROGRESS, as in Python.
	Timeout Timeout
	// Service is the name of a service, "https", or a port number as text. It is for
	// View.CreateConnection, whose argument port is a number and must then be 0.
	Service string
	// Type is the type of the socket, SOCK_*. 0 is the usual type: SOCK_STREAM for IP and AF_UNIX.
	// SOCK_DGRAM makes a connected datagram socket.
	Type Type
	// Proto is the protocol. 0 is the usual protocol of the address.
	Proto Protocol
	// NoDelay is TCP_NODELAY: a small message is sent at once. Without it, the message may wait up
	// to 40 ms until the peer has acknowledged the one before. The default is On.
	NoDelay Switch
	// KeepAlive configures the probes that detect a dead peer of a TCP socket. nil is the default
	// of package net: probes after 15 s, every 15 s, 9 times. If On is false, the socket sends no
	// probes.
	KeepAlive *KeepAlive
	// Source is the local address to bind before the connect. The zero Addr means no bind. Its
	// family must be one of the families of the host.
	Source Addr
	// AllErrors makes the error an *ExceptionGroup with the errors of all tries. Without it, the
	// error is that of the last try.
	AllErrors bool
	// HappyEyeballs tries the addresses according to RFC 8305: IPv6 and IPv4 in turn, the next one
	// when a try has failed or AttemptDelay has passed. The first connection wins. The other tries
	// are canceled and their sockets closed. All addresses are resolved before the first try, so
	// the delay of section 3 of the RFC for late answers does not apply.
	HappyEyeballs bool
	// AttemptDelay is the time from the start of one try to the start of the next. 0 is 250 ms. A
	// positive delay below 10 ms counts as 10 ms. A negative one is an error.
	AttemptDelay time.Duration
	// Make makes the socket of a try, and may set its options. nil is New with the fields of info.
	// It may run on several goroutines at once. After it, Timeout and Source are applied to the
	// socket; NoDelay and KeepAlive are applied only if they are set.
	Make func(info AddrInfo) (*Socket, error)
	// Context ends the connecting early. It has no effect on the socket after the connect. To end
	// the operations of the socket too, use With(ctx).CreateConnection. May be nil.
	Context context.Context
	// Task makes the task wait, and not the goroutine. The socket comes back in the view of the
	// task. May be nil.
	Task *loop.Task
}

// An ExceptionGroup holds the errors of all tries, in their order. errors.Is and errors.As look
// into each of them.
type ExceptionGroup struct {
	Text   string
	Errors []error
}

func (g *ExceptionGroup) Error() string {
	return fmt.Sprintf("%s (%d sub-exceptions): %v", g.Text, len(g.Errors), errors.Join(g.Errors...))
}

// Unwrap returns the errors.
func (g *ExceptionGroup) Unwrap() []error { return g.Errors }

// CreateConnection returns a stream socket that is connected to port on host: Python's
// create_connection. port is a number of 0 to 65535, or text: the name of a service, such as
// "https", or a decimal number. It tries the addresses of the host in order, or as HappyEyeballs
// says. It closes the sockets of failed tries. The socket has TCP_NODELAY and keep-alive on, see
// ConnectionConfig.
//
// Errors: a *GaiError if the host or the service is not found; an *ArgError for a bad port or
// delay; the error of the last try, or an *ExceptionGroup; loop.ErrOnLoop if the call is made in a
// callback and would have to wait.
func CreateConnection[P int | string](host string, port P, cfg *ConnectionConfig) (*Socket, error) {
	if number, ok := any(port).(int); ok {
		return View{}.CreateConnection(host, number, cfg)
	}
	return View{}.createConnection(host, 0, any(port).(string), true, cfg)
}

// CreateConnection is the function CreateConnection in the view. The name of a service is in
// cfg.Service. During the call, Task and Context of cfg replace those of v if they are set. The
// socket is in v, and in the view of cfg.Task.
func (v View) CreateConnection(host string, port int, cfg *ConnectionConfig) (*Socket, error) {
	return v.createConnection(host, port, "", false, cfg)
}

// createConnection connects to the port number, or to service if named is true.
func (v View) createConnection(host string, number int, service string, named bool, cfg *ConnectionConfig) (*Socket, error) {
	return v.dial("create_connection", cfg, func(cfg *ConnectionConfig) (target, error) {
		t := target{host: host, service: cfg.Service, typ: SOCK_STREAM}
		switch {
		case named && service == "":
			return t, &ArgError{ArgMissing, "port", `""`, "the port is missing"}
		case named && t.service != "":
			return t, &ArgError{ArgConflict, "port", service, "must be 0 if Service is set"}
		case number < 0 || number > 0xffff:
			return t, &ArgError{ArgRange, "port", number, "port must be 0-65535."}
		case named:
			t.service = service
		case t.service == "":
			t.service = strconv.Itoa(number)
		case number != 0:
			return t, &ArgError{ArgConflict, "port", number, "must be 0 if Service is set"}
		}
		return t, nil
	})
}

// ConnectAny is CreateConnection to known addresses: those that Getaddrinfo found, for one host or
// for several. A nil cfg is the zero ConnectionConfig.
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

// errNoAddresses is the error for a resolver that returns neither an address nor an error.
var errNoAddresses = errors.New("getaddrinfo returns an empty list")

// connectAny returns a socket that is connected to one of the addresses, or an error for each try.
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
		if ctx.Err() != nil || cfg.Task != nil && errors.Is(err, context.Canceled) { // Task.Cancel ends all tries: together they are one wait
			break
		}
	}
	return nil, errs
}

// connection makes one try.
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

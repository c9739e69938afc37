package sock

import (
	"context"
	"errors"
)

// Dial returns a socket that is connected to an address of any family. The text of the address
// begins with the name of its network:
//
//	tcp:localhost:http    udp:[::1]:53         the host may be a name, and the port a service
//	unix:/run/app         unixgram:@name       unixpacket:/run/app
//	vsock:2:1024          tipc:name:18888,17   any family, in the text form that Parse reads
//	vsock seqpacket:2:1024                     and with another type than the usual one
//
// Networks lists the networks: tcp, tcp4, tcp6, udp, udp4, udp6, udplite, sctp, mptcp, unix,
// unixgram, unixpacket, vsock, vsockpacket and so on. A type may follow the name. An address
// without a network is a unix address if it begins with / or @, otherwise a tcp address.
//
// If a host has several addresses, Dial tries them as CreateConnection does. The configuration is
// the same.
//
// Errors: an *ArgError or a *families.AddrError if the text is no such address; those of
// CreateConnection.
func Dial(address string, cfg *ConnectionConfig) (*Socket, error) { return View{}.Dial(address, cfg) }

// Dial is the function Dial in the view. See View.CreateConnection.
func (v View) Dial(address string, cfg *ConnectionConfig) (*Socket, error) {
	return v.dial("dial", cfg, func(*ConnectionConfig) (target, error) { return parseTarget(address) })
}

// DialAddr is Dial for an Addr: it returns a socket that is connected to a. The socket has the
// family of a, and the type that cfg sets or that is usual for the family.
func DialAddr(a Addr, cfg *ConnectionConfig) (*Socket, error) { return View{}.DialAddr(a, cfg) }

// DialAddr is the function DialAddr in the view. See View.CreateConnection.
func (v View) DialAddr(a Addr, cfg *ConnectionConfig) (*Socket, error) {
	return v.dial("dial", cfg, func(*ConnectionConfig) (target, error) {
		if a.Family() < 0 {
			return target{}, &ArgError{ArgMissing, "address", a, "this system has no such addresses"}
		}
		return target{addr: a}, nil
	})
}

// Listen returns a socket that is bound to an address of any family, and that listens if its type
// has connections. The text has the form of Dial.
//
// tcp and udp without a host mean all addresses of this host, IPv6 and IPv4 together where the
// system can. If a host has several addresses, Listen takes the first IPv4 address.
//
// Errors: an *ArgError or a *families.AddrError if the text is no such address; a *GaiError; those
// of CreateServer.
func Listen(address string, cfg *ServerConfig) (*Socket, error) { return View{}.Listen(address, cfg) }

// Listen is the function Listen. Its socket is in the view.
func (v View) Listen(address string, cfg *ServerConfig) (*Socket, error) {
	t, err := parseTarget(address)
	if err != nil {
		return nil, failed("listen", AF_UNSPEC, err)
	}
	var full ServerConfig
	if cfg != nil {
		full = *cfg
	}
	if full.Type == 0 {
		full.Type = t.typ
	}
	if full.Proto == 0 {
		full.Proto = t.proto
	}
	switch {
	case t.service == "": // the address is known
	case t.host == "" && t.family == AF_UNSPEC && HasDualstackIPv6():
		full.DualstackIPv6 = true
		t.family = AF_INET6
	case t.host == "" && t.family == AF_UNSPEC:
		t.family = AF_INET
	}
	if t.service != "" {
		infos, err := v.find(t.lookup(full.Type, full.Proto, AI_PASSIVE))
		if err != nil {
			return nil, failed("listen", AF_UNSPEC, err)
		}
		t.addr = infos[0].Addr
		for _, info := range infos {
			if info.Family == AF_INET {
				t.addr = info.Addr
				break
			}
		}
	}
	return v.createServer(t.familyOf(), t.addr, &full)
}

// find looks up a host with the function find, and waits as the view says.
func (v View) find(find func(context.Context) ([]AddrInfo, error)) (infos []AddrInfo, err error) {
	ctx := v.who.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	if t := v.who.Task(); t != nil {
		infos, err = resolveIn(t, ctx, find)
	} else {
		infos, err = find(ctx)
	}
	if err == nil && len(infos) == 0 {
		err = errNoAddresses
	}
	return infos, err
}

// dial connects to the target that aim returns. op is the operation in errors that belong to no
// try.
func (v View) dial(op string, cfg *ConnectionConfig, aim func(*ConnectionConfig) (target, error)) (*Socket, error) {
	var full ConnectionConfig
	if cfg != nil {
		full = *cfg
	}
	if full.Context == nil {
		full.Context = v.who.Context()
	}
	if full.Task == nil {
		full.Task = v.who.Task()
	} else {
		v = v.In(full.Task)
	}
	t, err := aim(&full)
	if err == nil && full.AttemptDelay < 0 {
		err = &ArgError{ArgRange, "AttemptDelay", full.AttemptDelay, "must not be negative"}
	}
	if err != nil {
		return nil, failed(op, AF_UNSPEC, err)
	}
	s, err := t.connect(op, &full)
	if err != nil {
		return nil, err
	}
	return v.of(s), nil
}

// connect returns the connected socket. The socket is in no view.
func (t target) connect(op string, cfg *ConnectionConfig) (*Socket, error) {
	typ, proto := t.typ, t.proto
	if cfg.Type != 0 {
		typ = cfg.Type
	}
	if cfg.Proto != 0 {
		proto = cfg.Proto
	}
	infos := t.infos
	switch {
	case infos != nil:
	case t.service == "":
		typ, proto = typeFor(t.addr, typ, proto)
		infos = []AddrInfo{{Family: t.familyOf(), Type: typ, Proto: proto, Addr: t.addr}}
	default:
		var err error
		infos, err = View{}.With(cfg.Context).In(cfg.Task).find(t.lookup(typ, proto, 0))
		if err != nil {
			return nil, failed(op, AF_UNSPEC, err)
		}
	}
	ctx := cfg.Context
	if ctx == nil {
		ctx = context.Background()
	}
	s, errs := connectAny(ctx, op, infos, cfg)
	switch {
	case len(errs) == 0:
		return s, nil
	case cfg.AllErrors:
		return nil, &ExceptionGroup{Text: op + " failed", Errors: errs}
	}
	return nil, errs[len(errs)-1]
}

// lookup returns a function that looks up the host and the service of t. The resolver is the
// default one of now, because a look-up that was canceled may go on for a while.
func (t target) lookup(typ Type, proto Protocol, flags int) func(context.Context) ([]AddrInfo, error) {
	resolver := DefaultResolver
	return func(ctx context.Context) ([]AddrInfo, error) {
		hints := &Hints{Family: t.family, Type: typ, Proto: proto, Flags: flags}
		infos, err := resolver.Getaddrinfo(ctx, t.host, t.service, hints)
		var gai *GaiError
		if proto != 0 && errors.As(err, &gai) && (gai.Code == EAI_SERVICE || gai.Code == EAI_SOCKTYPE) {
			// getaddrinfo knows few protocols. The usual protocol of the type has the same
			// addresses, so the second look-up asks for that.
			hints.Proto = 0
			infos, err = resolver.Getaddrinfo(ctx, t.host, t.service, hints)
			for i := range infos {
				infos[i].Proto = proto
			}
		}
		return infos, err
	}
}

package sock

import "errors"

// errStranger means that another program's connection came in the place of the pair's own:
// ConnectionError in Python.
var errStranger = errors.New("unexpected peer connection")

// loopbackPair makes a Pair on a system without socketpair(2), with a listener on the loopback
// interface. Any program of the host can connect to that listener, so both ends check that the
// other end is their peer. It calls meanwhile with the listener's address.
//
// Errors: an *ArgError for a socket that is not a stream of AF_INET or AF_INET6; errStranger.
func (v View) loopbackPair(family Family, typ Type, proto Protocol, meanwhile func(Addr)) (a, b *Socket, err error) {
	host := Inet("127.0.0.1", 0)
	switch {
	case family == AF_INET6:
		host = Inet6("::1", 0)
	case family != AF_INET:
		err = &ArgError{ArgType, "family", family, "Only AF_INET and AF_INET6 socket address families are supported"}
	}
	switch {
	case err != nil:
	case typ != SOCK_STREAM:
		err = &ArgError{ArgType, "type", typ, "Only SOCK_STREAM socket type is supported"}
	case proto != 0:
		err = &ArgError{ArgType, "proto", proto, "Only protocol zero is supported"}
	}
	if err != nil {
		return nil, nil, failed("socketpair", family, err)
	}
	ln, err := New(family, typ, proto)
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	defer func() {
		if err != nil {
			for _, s := range []*Socket{a, b} {
				if s != nil {
					s.Close()
				}
			}
			a, b = nil, nil
		}
	}()
	if err = errors.Join(ln.SetTimeout(Forever), ln.Bind(host), ln.Listen(DefaultBacklog)); err != nil {
		return nil, nil, err
	}
	at, err := ln.Getsockname()
	if err != nil {
		return nil, nil, err
	}
	meanwhile(at)
	if b, err = New(family, typ, proto); err != nil {
		return a, b, err
	}
	// The connect does not wait: the accept completes it.
	timeout := b.timeout.Swap(0)
	if err = b.Connect(at); err != nil && !connecting(err) {
		return a, b, err
	}
	if a, _, err = v.of(ln).Accept(); err != nil {
		return a, b, err
	}
	a = a.base()
	b.timeout.Store(timeout)
	return a, b, peers(a, b)
}

// connecting reports whether err means that a non-blocking connect is in progress.
func connecting(err error) bool { return errors.Is(err, ErrWouldBlock) || errors.Is(err, inProgress) }

// peers checks that a and b are connected to each other.
func peers(a, b *Socket) error {
	for range 2 {
		name, err := a.Getsockname()
		if err != nil {
			return err
		}
		peer, err := b.Getpeername()
		if err != nil {
			return err
		}
		if name != peer {
			return failed("socketpair", Family(a.family), errStranger)
		}
		a, b = b, a
	}
	return nil
}

// Pair returns two connected sockets: Python's socketpair. A -1 stands for the default: AF_UNIX,
// SOCK_STREAM, 0.
//
// Windows has no such call: there Pair connects them over the loopback interface, and the default
// family is AF_INET.
//
// Errors: EOPNOTSUPP for a family without pairs, EAFNOSUPPORT, EMFILE. On Windows, an *ArgError for
// a socket that is not a stream of AF_INET or AF_INET6, and "unexpected peer connection" if another
// program connected first.
func Pair(family Family, typ Type, proto Protocol) (*Socket, *Socket, error) {
	return View{}.pair(family, typ, proto)
}

// pair is Pair with the waits of the view. The sockets that it returns are in no view.
func (v View) pair(family Family, typ Type, proto Protocol) (*Socket, *Socket, error) {
	family, typ, proto = orDefault(family, pairFamily), orDefault(typ, SOCK_STREAM), orDefault(proto, 0)
	if err := cInts(family, typ, proto); err != nil {
		return nil, nil, failed("socketpair", AF_UNSPEC, err)
	}
	if emulatesPair {
		return v.loopbackPair(family, typ, proto, func(Addr) {})
	}
	fds, err := sysSocketpair(int(family), int(typ), int(proto))
	if err != nil {
		return nil, nil, failedAs("socketpair", family, typ, proto, err)
	}
	timeout := firstTimeout(typ)
	return newSocket(fds[0], family, typ, proto, timeout), newSocket(fds[1], family, typ, proto, timeout), nil
}

package sock

// Adopt is Python's socket(family, type, proto, fileno): it takes the descriptor over, makes no
// duplicate, and closes it in time. A -1 for family, type or proto is found out by getsockname,
// SO_TYPE and SO_PROTOCOL; any other is believed.
//
// The descriptor is made non-blocking; Detach makes it what the mode says. The socket has the
// default timeout.
//
// Errors: an *ArgError that is EBADF too for a negative descriptor; EBADF; ENOTSOCK. The descriptor
// is the caller's still.
func Adopt(sysfd int, family Family, typ Type, proto Protocol) (*Socket, error) {
	if sysfd < 0 {
		return nil, failed("adopt", family, negativeFD("fileno", sysfd))
	}
	if err := cInt("fileno", sysfd); err != nil {
		return nil, failed("adopt", AF_UNSPEC, err)
	}
	if err := cInts(family, typ, proto); err != nil {
		return nil, failed("adopt", AF_UNSPEC, err)
	}
	known := family
	if known == -1 {
		known = AF_UNSPEC
	}
	// Asked even if all is given: it is what tells a socket from a plain file.
	have, err := sysSockFamily(sysfd)
	switch {
	case err == nil && family == -1:
		family = have
	case err != nil && (family == -1 || isNoSocket(err)):
		return nil, failed("getsockname", known, err)
	}
	if typ == -1 {
		v, err := sysGetsockoptInt(sysfd, SOL_SOCKET, SO_TYPE)
		if err != nil {
			return nil, failed("getsockopt", family, err)
		}
		typ = Type(v)
	}
	if proto == -1 {
		v, err := sysSockProtocol(sysfd)
		if err != nil {
			return nil, failed("getsockopt", family, err)
		}
		proto = Protocol(v)
	}
	if err := sysSetNonblock(sysfd, true); err != nil {
		return nil, failed("fcntl", family, err)
	}
	s := newSocket(sysfd, family, typ, proto, firstTimeout(typ))
	s.lingers()
	s.learnULP(sysfd)
	return s, nil
}

// Fromfd is Python's fromfd: a socket on a duplicate of the descriptor, which stays the caller's.
// It is close-on-exec. See Adopt for the rest.
func Fromfd(sysfd int, family Family, typ Type, proto Protocol) (*Socket, error) {
	if sysfd < 0 {
		return nil, failed("fromfd", family, negativeFD("fd", sysfd))
	}
	dup, err := Dup(sysfd)
	if err != nil {
		return nil, err
	}
	s, err := Adopt(dup, family, typ, proto)
	if err != nil {
		sysClose(dup)
		return nil, err
	}
	s.flags.Or(isShared)
	return s, nil
}

package sock

// Adopt makes a Socket of an open descriptor: Python's socket(family, type, proto, fileno). The
// Socket owns the descriptor and closes it. Adopt makes no duplicate. family, typ and proto may be
// -1: Adopt then asks the system, by getsockname, SO_TYPE and SO_PROTOCOL. It does not check any
// other value.
//
// Adopt makes the descriptor non-blocking. Detach sets it back to what the mode says. The socket
// has the default timeout.
//
// Errors: an *ArgError that is EBADF too for a negative descriptor; EBADF; ENOTSOCK. After an error
// the descriptor still belongs to the caller.
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
	// This call is needed even if all values are known: it detects a descriptor that is not a
	// socket.
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

// Fromfd makes a Socket of a duplicate of the descriptor: Python's fromfd. The descriptor itself
// still belongs to the caller. The duplicate is close-on-exec. All else is as in Adopt.
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

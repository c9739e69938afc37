package sock

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// A Socket is a descriptor, its family and its mode: all that Python's socket object is. Its
// methods may be called from any goroutine, and at once; each lane (receiving and accepting,
// sending and connecting) serves them in order.
//
// With and In return views: the same socket with another way to wait. All views of a socket share
// everything else, and each keeps the socket from the garbage collector. Close, Watch and Async are
// those of the socket itself.
//
// A Socket that is dropped without Close is closed once the garbage collector notices, and the log
// says so; one that is watched belongs to its loop and is not.
//
// New, FromFD, Accept and others make one; the zero Socket is of no use.
type Socket struct {
	*core
	who  loop.Waiter
	root *Socket // of a view: what it is a view of, which must not be collected before; nil in that one itself
}

// core is what all views of a socket share. The loop knows it and keeps it, but it does not know
// its Socket, so that one can be collected; only the handler's watcher does.
type core struct {
	fd      loop.FD
	timeout atomic.Int64 // nanoseconds; 0: non-blocking; negative: blocking
	family  int32        // immutable, as the next two
	typ     int32
	proto   int32
	flags   atomic.Uint32
}

// Flags of a core.
const (
	hasFiles     = 1 << iota // Makefile was called, and some are open
	isConnecting             // a connect is in progress, of a socket with quirkConnectOnce
	isShared                 // there is a duplicate here, or was: what is set on the description is not its own affair
)

// adopt makes the Socket of a descriptor that is open and non-blocking. It cannot fail.
func adopt(sysfd, family, typ, proto int, timeout int64) *Socket {
	c := &core{family: int32(family), typ: int32(typ &^ typeFlags), proto: int32(proto)}
	c.flags.Store(quirksOf(c.family, c.proto))
	c.fd.Init(sysfd)
	c.timeout.Store(timeout)
	s := &Socket{core: c}
	// Of the ways to notice that s was dropped this one leaves nothing behind when it is called
	// off.
	runtime.SetFinalizer(s, (*Socket).abandon)
	return s
}

// base is the Socket that s is a view of.
func (s *Socket) base() *Socket {
	for s.root != nil {
		s = s.root
	}
	return s
}

// New is Python's socket(family, type, proto). A -1 is a default: AF_INET, SOCK_STREAM, 0.
//
// The descriptor is close-on-exec. The socket has the default timeout; SOCK_NONBLOCK in typ makes
// it non-blocking, and is, as SOCK_CLOEXEC, not in Type.
//
// Errors: an *UnsupportedError around EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT or ENODEV for
// what the system lacks, which says what is missing; the bare EPROTONOSUPPORT, ESOCKTNOSUPPORT or
// EINVAL for a type and a protocol that do not go together; EMFILE, ENFILE; EACCES, EPERM for raw
// sockets; errors.ErrUnsupported on a system that pollux has no poller for.
func New(family, typ, proto int) (*Socket, error) {
	family, typ, proto = orDefault(family, AF_INET), orDefault(typ, SOCK_STREAM), orDefault(proto, 0)
	if err := cInts(family, typ, proto); err != nil {
		return nil, failed("socket", AF_UNSPEC, err)
	}
	sysfd, err := sysSocket(family, typ, proto)
	if err != nil {
		return nil, failed("socket", family, unsupported(family, typ, proto, err))
	}
	return adopt(sysfd, family, typ, proto, firstTimeout(typ)), nil
}

// cInts says whether these, of a socket, are C ints.
func cInts(family, typ, proto int) error {
	return errors.Join(cInt("family", family), cInt("type", typ), cInt("proto", proto))
}

func orDefault(v, def int) int {
	if v == -1 {
		return def
	}
	return v
}

// firstTimeout is the mode that a new socket of type typ begins with.
func firstTimeout(typ int) int64 {
	if typ&typeNonblock != 0 {
		return 0
	}
	return defaultTimeout.Load()
}

// FromFD is Python's socket(family, type, proto, fileno): it takes the descriptor over, makes no
// duplicate, and closes it in time. A -1 for family, type or proto is found out by getsockname,
// SO_TYPE and SO_PROTOCOL; any other is believed.
//
// The descriptor is made non-blocking; Detach makes it what the mode says. The socket has the
// default timeout.
//
// Errors: an *ArgError for a negative descriptor; EBADF; ENOTSOCK. The descriptor is the caller's
// still.
func FromFD(sysfd, family, typ, proto int) (*Socket, error) {
	if sysfd < 0 {
		return nil, failed("fromfd", family, &ArgError{"fileno", sysfd, "negative file descriptor"})
	}
	if err := cInt("fileno", sysfd); err != nil {
		return nil, failed("fromfd", AF_UNSPEC, err)
	}
	if err := cInts(family, typ, proto); err != nil {
		return nil, failed("fromfd", AF_UNSPEC, err)
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
		if typ, err = sysGetsockoptInt(sysfd, SOL_SOCKET, SO_TYPE); err != nil {
			return nil, failed("getsockopt", family, err)
		}
	}
	if proto == -1 {
		if proto, err = sysSockProtocol(sysfd); err != nil {
			return nil, failed("getsockopt", family, err)
		}
	}
	if err := sysSetNonblock(sysfd, true); err != nil {
		return nil, failed("fcntl", family, err)
	}
	return adopt(sysfd, family, typ, proto, firstTimeout(typ)), nil
}

// Fromfd is Python's fromfd: a socket on a duplicate of the descriptor, which stays the caller's.
// It is close-on-exec. See FromFD for the rest.
func Fromfd(sysfd, family, typ, proto int) (*Socket, error) {
	if sysfd < 0 {
		return nil, failed("fromfd", family, &ArgError{"fd", sysfd, "negative file descriptor"})
	}
	dup, err := Dup(sysfd)
	if err != nil {
		return nil, err
	}
	s, err := FromFD(dup, family, typ, proto)
	if err != nil {
		sysClose(dup)
		return nil, err
	}
	s.flags.Or(isShared)
	return s, nil
}

// Pair is Python's socketpair: two connected sockets. -1 are defaults: AF_UNIX, SOCK_STREAM, 0.
//
// On Windows, which has no such call, they are connected over the loopback interface; the default
// is AF_INET.
//
// Errors: EOPNOTSUPP for a family that has no pairs, EAFNOSUPPORT, EMFILE. On Windows, an *ArgError
// for what is not a stream of AF_INET or AF_INET6, and "unexpected peer connection" if a stranger
// came in between.
func Pair(family, typ, proto int) (*Socket, *Socket, error) { return View{}.pair(family, typ, proto) }

// pair is Pair, which waits as the view says. Its sockets are in no view.
func (v View) pair(family, typ, proto int) (*Socket, *Socket, error) {
	family, typ, proto = orDefault(family, pairFamily), orDefault(typ, SOCK_STREAM), orDefault(proto, 0)
	if err := cInts(family, typ, proto); err != nil {
		return nil, nil, failed("socketpair", AF_UNSPEC, err)
	}
	if emulatesPair {
		return v.loopbackPair(family, typ, proto, func(Addr) {})
	}
	fds, err := sysSocketpair(family, typ, proto)
	if err != nil {
		return nil, nil, failed("socketpair", family, err)
	}
	timeout := firstTimeout(typ)
	return adopt(fds[0], family, typ, proto, timeout), adopt(fds[1], family, typ, proto, timeout), nil
}

// Dup returns a new socket on a duplicate of the descriptor: close-on-exec, of the same family,
// type, proto and timeout. It is on no loop, whatever s is on, and has no deadline. Dup of a view
// is in the same view.
//
// Errors: net.ErrClosed, EMFILE.
func (s *Socket) Dup() (*Socket, error) {
	var dup *Socket
	err := s.do("dup", func(sysfd int) error {
		n, err := sysDup(sysfd)
		if err == nil {
			dup = adopt(n, int(s.family), int(s.typ), int(s.proto), s.timeout.Load())
			dup.flags.Or(isShared)
			s.flags.Or(isShared)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return View{s.who}.of(dup), nil
}

// do makes a system call outside the lanes, which keeps the descriptor open meanwhile.
func (s *Socket) do(op string, fn func(sysfd int) error) error {
	sysfd, err := s.fd.Acquire()
	if err == nil {
		err = fn(sysfd)
		s.fd.Release()
	}
	runtime.KeepAlive(s)
	return s.fail(op, Addr{}, err)
}

// Close closes the socket. Whoever waits on it gets net.ErrClosed; so does every later call. If a
// system call is in flight just now on another thread, the descriptor is closed when that is over.
// A second Close does nothing.
//
// What was sent is still delivered, as the system does it (see SO_LINGER). Files that Makefile gave
// go on, and the last to be closed closes the descriptor.
func (s *Socket) Close() error {
	shared, err := false, error(nil)
	if s.flags.Load()&hasFiles != 0 {
		shared, err = s.leaveToFiles()
	}
	if !shared {
		err = s.fd.Close()
	}
	runtime.SetFinalizer(s.base(), nil)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return s.fail("close", Addr{}, err)
}

// Close is Python's socket.close(fd): it closes a descriptor that is no Socket's. That the peer has
// reset the connection (ECONNRESET) is no error.
//
// Errors: an *ArgError for a negative descriptor, EBADF.
func Close(sysfd int) error {
	if sysfd < 0 {
		return failed("close", AF_UNSPEC, &ArgError{"fd", sysfd, "negative file descriptor"})
	}
	if err := cInt("fd", sysfd); err != nil {
		return failed("close", AF_UNSPEC, err)
	}
	return failed("close", AF_UNSPEC, sysClose(sysfd))
}

// Dup is Python's socket.dup(fd): the number of a duplicate that is close-on-exec.
//
// Errors: an *ArgError for a negative descriptor, EBADF, EMFILE.
func Dup(sysfd int) (int, error) {
	if sysfd < 0 {
		return -1, failed("dup", AF_UNSPEC, &ArgError{"fd", sysfd, "negative file descriptor"})
	}
	if err := cInt("fd", sysfd); err != nil {
		return -1, failed("dup", AF_UNSPEC, err)
	}
	dup, err := sysDup(sysfd)
	return dup, failed("dup", AF_UNSPEC, err)
}

// Detach puts the socket in the closed state and leaves the descriptor open, which is the caller's
// then: its number, or -1 if it was closed before. The descriptor is blocking if the socket was, so
// that another program finds what it expects; but not if a duplicate was made of it here, which
// would become blocking too.
func (s *Socket) Detach() int {
	sysfd, err := s.fd.Detach()
	runtime.SetFinalizer(s.base(), nil)
	if err != nil {
		return -1
	}
	if s.timeout.Load() < 0 && s.flags.Load()&isShared == 0 {
		sysSetNonblock(sysfd, false)
	}
	return sysfd
}

// Fileno is the number of the descriptor, -1 after Close or Detach. The descriptor is non-blocking,
// and registered with the loop's poller if anyone has waited on it: leave both as they are.
func (s *Socket) Fileno() int { return s.fd.Sysfd() }

// Family is the address family, AF_*.
func (s *Socket) Family() int { return int(s.family) }

// Type is the kind of socket, SOCK_*.
func (s *Socket) Type() int { return int(s.typ) }

// Proto is the protocol, IPPROTO_* for the internet families.
func (s *Socket) Proto() int { return int(s.proto) }

// GetInheritable says whether a program that this one executes inherits the descriptor: FD_CLOEXEC
// is not set.
func (s *Socket) GetInheritable() (inheritable bool, err error) {
	err = s.do("fcntl", func(sysfd int) error {
		inheritable, err = sysInheritable(sysfd)
		return err
	})
	return inheritable, err
}

// SetInheritable sets whether a program that this one executes inherits the descriptor.
func (s *Socket) SetInheritable(inheritable bool) error {
	return s.do("fcntl", func(sysfd int) error { return sysSetInheritable(sysfd, inheritable) })
}

// String is Python's text form: the descriptor, family, type and proto, and the addresses that can
// be got.
func (s *Socket) String() string {
	closed := ""
	fileno := s.Fileno()
	if fileno < 0 {
		closed = " [closed]"
	}
	text := fmt.Sprintf("<sock.Socket%s fd=%d, family=%s, type=%s, proto=%d", closed, fileno,
		familyName(s.Family()), TypeName(s.Type()), s.Proto())
	if fileno >= 0 {
		if a, err := s.Getsockname(); err == nil && named(a) {
			text += ", laddr=" + a.String()
		}
		if a, err := s.Getpeername(); err == nil && named(a) {
			text += ", raddr=" + a.String()
		}
	}
	return text + ">"
}

// named says whether a is an address to show: that of an unbound Unix socket is empty.
func named(a Addr) bool { return !a.IsZero() && (a.Kind() != families.KindUnix || a.Path() != "") }

func familyName(family int) string { return families.Host.Name(family) }

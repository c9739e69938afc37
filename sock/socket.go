package sock

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// A Socket is a descriptor with its family and its mode, like Python's socket object. Any number of
// goroutines may call its methods at the same time. Each lane (receiving and accepting, sending and
// connecting) serves its operations in order.
//
// With and In return views: the same socket with another way to wait. All views of a socket share
// everything else, and each view keeps the socket from the garbage collector. Close, Watch and
// Async act on the socket itself, in any view.
//
// A Socket that the program drops without Close is closed by the garbage collector, and the log
// reports it. A watched socket belongs to its loop and is not collected.
//
// New, Adopt, Accept and others make a Socket; the zero Socket is not usable.
type Socket struct {
	*core
	who  loop.Waiter
	root *Socket // of a view: the socket that it is a view of, which it keeps alive; nil in the socket itself
}

// core is what all views of a socket share. The loop refers to the core, and the core does not
// refer to its Socket, so that an unused Socket can be collected. Only the handler's watcher refers
// to it.
type core struct {
	fd      loop.FD
	timeout atomic.Int64 // a time.Duration; 0: non-blocking; Forever: blocking
	family  int32        // immutable, as the next two
	typ     int32
	proto   int32
	flags   atomic.Uint32
}

// Flags of a core.
const (
	hasFiles      = 1 << iota // Makefile was called, and some are open
	isShared                  // a duplicate exists or existed, so others may change the open file description
	isFresh                   // a socket for connections that has neither connected nor listened
	connectCalls              // a connect(2) is being made
	connectBegun              // a connect goes on in the kernel, and nothing has asked for its result yet
	connectUntold             // and a handler, if any, has not been called for its end
	connectWaits              // a Connect waits: receives wait for its end
	hasULP                    // a protocol above TCP: a short receive proves nothing
	mayLinger                 // SO_LINGER may be set
	noSegments                // the network card cannot cut what SendBatch sends: UDP_SEGMENT gave EIO
	oneByOne                  // sendmmsg is for one message at a time
	bareErrors                // errors have no addresses
)

// newSocket makes the Socket of an open, non-blocking descriptor. It cannot fail.
func newSocket(sysfd int, family Family, typ Type, proto Protocol, timeout time.Duration) *Socket {
	c := &core{family: int32(family), typ: int32(typ &^ typeFlags), proto: int32(proto)}
	c.flags.Store(quirksOf(family, typ&^typeFlags, proto))
	c.fd.Init(sysfd)
	if c.flags.Load()&(quirkEndOfWait|quirkSlowClose) != 0 {
		c.quirksOfDescriptor()
	}
	c.timeout.Store(int64(timeout))
	s := &Socket{core: c}
	// Of the ways to notice that s was dropped, only this one leaves nothing behind when it is
	// canceled.
	runtime.SetFinalizer(s, (*Socket).abandon)
	return s
}

// base returns the Socket that s is a view of, or s itself.
func (s *Socket) base() *Socket {
	for s.root != nil {
		s = s.root
	}
	return s
}

// New makes a socket: Python's socket(family, type, proto). A -1 stands for the default: AF_INET,
// SOCK_STREAM, 0.
//
// The descriptor is close-on-exec. The socket has the default timeout, and SOCK_NONBLOCK in typ
// makes it non-blocking. The result of Type has neither SOCK_NONBLOCK nor SOCK_CLOEXEC.
//
// Errors: an *UnsupportedError, which says what is missing, around EAFNOSUPPORT, EPROTONOSUPPORT,
// ESOCKTNOSUPPORT or ENODEV for a kind that the system lacks; the bare EPROTONOSUPPORT,
// ESOCKTNOSUPPORT or EINVAL for a type and a protocol that do not match; EMFILE, ENFILE; EACCES,
// EPERM for raw sockets; errors.ErrUnsupported on a system for which pollux has no poller.
func New(family Family, typ Type, proto Protocol) (*Socket, error) {
	family, typ, proto = orDefault(family, AF_INET), orDefault(typ, SOCK_STREAM), orDefault(proto, 0)
	if err := cInts(family, typ, proto); err != nil {
		return nil, failed("socket", AF_UNSPEC, err)
	}
	sysfd, err := sysSocket(int(family), int(typ), int(proto))
	if err != nil {
		return nil, failedAs("socket", family, typ, proto, unsupported(family, typ, proto, err))
	}
	s := newSocket(sysfd, family, typ, proto, firstTimeout(typ))
	vsock := connectRuleOf(runtime.GOOS, s.family, s.typ, s.proto).reset == resetVsock
	if s.isTCP() || (s.inFamily(AF_UNIX) || vsock) && s.ofType(SOCK_STREAM) {
		s.flags.Or(isFresh)
	}
	return s, nil
}

// do makes a system call outside the lanes, and keeps the descriptor open during the call.
func (s *Socket) do(op string, fn func(sysfd int) error) error {
	sysfd, err := s.fd.Acquire()
	if err == nil {
		err = fn(sysfd)
		s.fd.Release()
	}
	runtime.KeepAlive(s)
	return s.fail(op, Addr{}, err)
}

// Fileno returns the number of the descriptor, or -1 after Close or Detach. The descriptor is
// non-blocking, and registered with the loop's poller once an operation has waited: change neither.
func (s *Socket) Fileno() int { return s.fd.Sysfd() }

// Family returns the address family, AF_*.
func (s *Socket) Family() Family { return Family(s.family) }

// inFamily reports whether the socket is of that family.
func (s *core) inFamily(f Family) bool { return Family(s.family) == f }

// Type returns the kind of socket, SOCK_*.
func (s *Socket) Type() Type { return Type(s.typ) }

// ofType reports whether the socket is of that type.
func (s *core) ofType(t Type) bool { return Type(s.typ) == t }

// Proto returns the protocol; for the internet families, IPPROTO_*.
func (s *Socket) Proto() Protocol { return Protocol(s.proto) }

// GetInheritable reports whether a program that this one executes inherits the descriptor, that is,
// whether FD_CLOEXEC is off.
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

// String returns Python's text form: descriptor, family, type, protocol, and the addresses if the
// system has them.
func (s *Socket) String() string {
	closed := ""
	fileno := s.Fileno()
	if fileno < 0 {
		closed = " [closed]"
	}
	text := fmt.Sprintf("<sock.Socket%s fd=%d, family=%s, type=%s, proto=%d", closed, fileno,
		networkName(s.Family()), s.Type(), s.Proto())
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

// named reports whether a is an address to show. The address of an unbound Unix socket is empty.
func named(a Addr) bool { return !a.IsZero() && (a.Kind() != families.KindUnix || a.Path() != "") }

// networkName returns the name of the family in package families, such as "inet".
func networkName(family Family) string { return families.Host.Name(int(family)) }

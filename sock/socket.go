package sock

import (
	"fmt"
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
// New, Adopt, Accept and others make one; the zero Socket is of no use.
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
	hasFiles      = 1 << iota // Makefile was called, and some are open
	isShared                  // there is a duplicate here, or was: what is set on the description is not its own affair
	isFresh                   // of a connection's kind, and it has neither connected nor listened
	connectCalls              // a connect(2) is being made
	connectBegun              // a connect goes on by itself, and nothing has asked for its end yet
	connectUntold             // and a handler, if there is one, has not been told of its end
	connectWaits              // a Connect waits: receives wait for its end
	hasULP                    // a protocol above TCP: a short receive proves nothing
	mayLinger                 // SO_LINGER may be set
	noSegments                // the network card cannot cut what SendBatch sends: UDP_SEGMENT gave EIO
	bareErrors                // errors have no addresses
)

// newSocket makes the Socket of a descriptor that is open and non-blocking. It cannot fail.
func newSocket(sysfd int, family Family, typ Type, proto Protocol, timeout int64) *Socket {
	c := &core{family: int32(family), typ: int32(typ &^ typeFlags), proto: int32(proto)}
	c.flags.Store(quirksOf(family, typ&^typeFlags, proto))
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

// Fileno is the number of the descriptor, -1 after Close or Detach. The descriptor is non-blocking,
// and registered with the loop's poller if anyone has waited on it: leave both as they are.
func (s *Socket) Fileno() int { return s.fd.Sysfd() }

// Family is the address family, AF_*.
func (s *Socket) Family() Family { return Family(s.family) }

// inFamily says whether the socket is of that family.
func (s *core) inFamily(f Family) bool { return Family(s.family) == f }

// Type is the kind of socket, SOCK_*.
func (s *Socket) Type() Type { return Type(s.typ) }

// ofType says whether the socket is of that type.
func (s *core) ofType(t Type) bool { return Type(s.typ) == t }

// Proto is the protocol, IPPROTO_* for the internet families.
func (s *Socket) Proto() Protocol { return Protocol(s.proto) }

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

// named says whether a is an address to show: that of an unbound Unix socket is empty.
func named(a Addr) bool { return !a.IsZero() && (a.Kind() != families.KindUnix || a.Path() != "") }

// networkName is what package families calls the family: "inet".
func networkName(family Family) string { return families.Host.Name(int(family)) }

package sock

import (
	"errors"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// Addr is the address of a socket of any family: a small comparable value, and a net.Addr. See package families for how it is
// made and what it holds.
type Addr = families.Addr

// Inet is an AF_INET address: Python's (host, port). host is a name, numeric text, "" for the wildcard, or "<broadcast>".
func Inet(host string, port int) Addr { return families.Inet(host, port) }

// Inet6 is an AF_INET6 address: Python's (host, port).
func Inet6(host string, port int) Addr { return families.Inet6(host, port) }

// Unix is an AF_UNIX address: a path; on Linux an abstract name if its first byte is NUL, and the system's choice if it is "".
func Unix(path string) Addr { return families.Unix(path) }

// Bind wraps bind(2). The host of a is resolved first if it is a name.
//
// Errors: an *families.AddrError for a bad address, a *GaiError for a host that is not found, EADDRINUSE, EACCES, EINVAL.
func (s *Socket) Bind(a Addr) error {
	return s.fail("bind", a, s.bind(a))
}

func (s *Socket) bind(a Addr) error {
	o := s.newOp(loop.Write, nil)
	defer o.done()
	if err := s.encode(o, a); err != nil {
		return err
	}
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return err
	}
	defer s.fd.Release()
	return sysBind(sysfd, o.sa[:o.salen])
}

// DefaultBacklog is what Python's listen() takes: the lesser of SOMAXCONN and 128.
const DefaultBacklog = min(SOMAXCONN, 128)

// Listen wraps listen(2): backlog is how many connections may wait to be accepted. A negative one counts as 0, and the system has
// a limit of its own (/proc/sys/net/core/somaxconn).
//
// Errors: an *ArgError for a backlog beyond a C int, EOPNOTSUPP, EADDRINUSE.
func (s *Socket) Listen(backlog int) error {
	if err := cInt("backlog", backlog); err != nil {
		return s.fail("listen", Addr{}, err)
	}
	return s.do("listen", func(sysfd int) error { return sysListen(sysfd, max(backlog, 0)) })
}

// cInt says whether v, an argument of that name, is a C int.
func cInt(name string, v int) error {
	if v != int(int32(v)) {
		return &ArgError{ArgRange, name, v, "Python int too large to convert to C int"}
	}
	return nil
}

// Shutdown wraps shutdown(2): how is SHUT_RD, SHUT_WR or SHUT_RDWR.
//
// Errors: EINVAL for another how, ENOTCONN.
func (s *Socket) Shutdown(how int) error {
	if err := cInt("how", how); err != nil {
		return s.fail("shutdown", Addr{}, err)
	}
	return s.do("shutdown", func(sysfd int) error { return sysShutdown(sysfd, how) })
}

// Getsockname wraps getsockname(2): the socket's own address.
func (s *Socket) Getsockname() (Addr, error) { return s.name("getsockname", sysGetsockname) }

// Getpeername wraps getpeername(2): the peer's address.
//
// Error: ENOTCONN.
func (s *Socket) Getpeername() (Addr, error) { return s.name("getpeername", sysGetpeername) }

func (s *Socket) name(op string, get func(int, *sockaddr) (int, error)) (a Addr, err error) {
	err = s.do(op, func(sysfd int) error {
		var buf sockaddr
		n, err := get(sysfd, &buf)
		if err == nil {
			a, err = s.decode(buf[:n])
		}
		return err
	})
	return a, err
}

// decode reads an address of the socket's family.
func (s *core) decode(b []byte) (Addr, error) {
	return families.Host.Decode(int(s.family), int(s.proto), b)
}

// encode resolves a if it needs to be, and puts it into o as the system has it.
func (s *Socket) encode(o *op, a Addr) error {
	f, ok := families.Host.Lookup(int(s.family), int(s.proto))
	if !ok {
		if a.Kind() != families.KindRaw {
			return families.Host.NoFormat(int(s.family), int(s.proto))
		}
		n, err := families.Host.Encode(o.sa[:], a)
		o.salen = uint32(n)
		return err
	}
	if zone := a.Zone(); zone != "" && a.Kind() != families.KindInet6 {
		// Only an address of this family is worth a look for its interface.
		if _, err := f.Encode(o.sa[:], a); !errors.Is(err, families.ErrZoneUnresolved) {
			return err
		}
	}
	if a.ControlName() != "" { // of the others only macOS has these, and Encode says so
		if _, err := f.Encode(o.sa[:], a); !errors.Is(err, families.ErrControlUnresolved) {
			return err
		}
	}
	if a.NeedsHost() || a.Zone() != "" || a.ControlName() != "" {
		resolved, err := s.resolve(a)
		if err != nil {
			return err
		}
		a = resolved
	}
	n, err := f.Encode(o.sa[:], a)
	o.salen = uint32(n)
	return err
}

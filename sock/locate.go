package sock

import (
	"net"

	"github.com/polluxio/pollux/families"
)

// locate gives an error the addresses of both ends, as far as they exist: in Source that of the
// socket and in Addr that of the peer; without a peer in Addr that of the socket. It asks the system,
// and so a call that succeeds pays nothing. sysfd is the open descriptor, or -1; given is the address
// that the operation had, if any.
func (s *core) locate(e *net.OpError, sysfd int, given Addr) {
	own := s.end(sysfd, sysGetsockname)
	far := given
	switch {
	case e.Op == "bind":
		own = Addr{} // given is for this end
	case far.IsZero():
		far = s.end(sysfd, s.peername)
	case s.isTCP() && own.AddrPort().Addr().IsUnspecified():
		own = Addr{} // Linux leaves the port there after a failed connect, and the host is gone
	}
	switch {
	case far.IsZero() && !own.IsZero():
		e.Addr = own
	case !far.IsZero():
		e.Addr = far
		if !own.IsZero() {
			e.Source = own
		}
	}
}

// end asks the system for the address of one end, which is the zero Addr if it does not exist.
func (s *core) end(sysfd int, get func(int, *sockaddr) (int, error)) Addr {
	if sysfd < 0 {
		return Addr{}
	}
	var buf sockaddr
	n, err := get(sysfd, &buf)
	if err != nil {
		return Addr{}
	}
	a, err := s.decode(buf[:n])
	if err != nil || !bound(a) {
		return Addr{}
	}
	return a
}

// peername is getpeername(2). After a reset, where that finds no peer any more, it is the last one.
func (s *core) peername(sysfd int, sa *sockaddr) (int, error) {
	n, err := sysGetpeername(sysfd, sa)
	if err != nil && s.isTCP() {
		return sysLastPeer(sysfd, Family(s.family), sa)
	}
	return n, err
}

// bound says that a tells something: a socket that is not bound has an address without a port and a
// host, or without a name.
func bound(a Addr) bool {
	switch a.Kind() {
	case families.KindInet, families.KindInet6:
		return a.Port() != 0 || !a.AddrPort().Addr().IsUnspecified()
	case families.KindUnix:
		return a.Path() != ""
	case families.KindVsock:
		return a != Vsock(vsockAny, vsockAny)
	case families.KindNetlink:
		return a != Netlink(0, 0)
	}
	return !a.IsZero()
}

// vsockAny is VMADDR_CID_ANY and VMADDR_PORT_ANY of <linux/vm_sockets.h>.
const vsockAny = 1<<32 - 1

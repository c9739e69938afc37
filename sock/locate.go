package sock

import (
	"net"

	"github.com/polluxio/pollux/families"
)

// locate adds the addresses of both ends to e, as far as they exist. Source is the address of the
// socket, and Addr that of the peer. Without a peer, Addr is the address of the socket. sysfd is
// the open descriptor, or -1. given is the address that the caller passed to the operation, or the
// zero Addr.
//
// locate asks the system, and runs only for errors. So a call that succeeds pays nothing for it.
func (s *core) locate(e *net.OpError, sysfd int, given Addr) {
	own := s.end(sysfd, sysGetsockname)
	far := given
	switch {
	case e.Op == "bind":
		own = Addr{} // given is the address of this end
	case far.IsZero():
		far = s.end(sysfd, s.peername)
	case s.isTCP() && own.AddrPort().Addr().IsUnspecified():
		own = Addr{} // after a failed connect, Linux keeps the port and drops the host
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

// end asks the system for the address of one end. It returns the zero Addr if the address does not
// exist.
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

// peername is getpeername(2). After a reset the system has no peer any more. For TCP, peername then
// returns the last peer.
func (s *core) peername(sysfd int, sa *sockaddr) (int, error) {
	n, err := sysGetpeername(sysfd, sa)
	if err != nil && s.isTCP() {
		return sysLastPeer(sysfd, Family(s.family), sa)
	}
	return n, err
}

// bound reports whether the address a says anything. The address of a socket that is not bound has
// neither a port nor a host, or it has no name.
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

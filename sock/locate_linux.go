package sock

import "golang.org/x/sys/unix"

// sysLastPeer returns the peer of a TCP connection, also after a reset, where getpeername(2) gives
// ENOTCONN (inet_getname of net/ipv4/af_inet.c). It wraps getsockopt(SO_PEERNAME). The buffer must
// have the exact length of an address (sk_getsockopt of net/core/sock.c).
func sysLastPeer(sysfd int, family Family, sa *sockaddr) (int, error) {
	n := unix.SizeofSockaddrInet4
	if family == AF_INET6 {
		n = unix.SizeofSockaddrInet6
	}
	return sysGetsockopt(sysfd, SOL_SOCKET, unix.SO_PEERNAME, sa[:n])
}

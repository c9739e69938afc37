//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

import (
	"runtime"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// The raw system calls of macOS and the BSDs. Addresses are bytes, which begin with their length.
// EAGAIN becomes loop.ErrAgain here, and EINTR is retried here; every other error is a
// syscall.Errno. The functions call… are in call_raw_bsd.go and call_libc.go.
//
// Sends and receives also use MSG_DONTWAIT. Otherwise a program that shares the descriptor and
// makes it blocking would stop the loop.

const (
	// blindFlags make a receive read something other than the head of the queue, so that its EAGAIN
	// proves nothing.
	blindFlags = MSG_PEEK | MSG_OOB

	// rejoinsListeners is true because the kernel decides at the registration whether EVFILT_READ
	// reports bytes or connections: soo_kqfilter of NetBSD's and OpenBSD's kern/uipc_socket.c.
	rejoinsListeners = true

	msgDontwait  = unix.MSG_DONTWAIT
	msgErrqueue  = 0
	msgFastopen  = 0
	hasReusePort = true
	reusePort    = unix.SO_REUSEPORT
)

func sysRecvfrom(fd int, p []byte, flags int, sa *sockaddr, salen *uint32) (int, error) {
	if len(p) == 0 && nothingThere(fd) {
		return 0, loop.ErrAgain
	}
	for {
		n, errno := callRecvfrom(fd, first(p), len(p), flags|unix.MSG_DONTWAIT, sa, salen)
		if errno == 0 {
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

// nothingToReceive reports whether a receive into no room has to wait. These systems return 0 at
// once if the queue is empty (soreceive of kern/uipc_socket.c).
func nothingToReceive(fd int, h *unix.Msghdr) bool {
	for i := range int(h.Iovlen) {
		if unsafe.Slice(h.Iov, h.Iovlen)[i].Len > 0 {
			return false
		}
	}
	return nothingThere(fd)
}

// nothingThere reports whether a receive has to wait. It looks at one byte, since poll(2) does not
// report a socket without a connection, whose receive returns ENOTCONN.
func nothingThere(fd int) bool {
	var p [1]byte
	_, errno := callRecvfrom(fd, first(p[:]), len(p), MSG_PEEK|unix.MSG_DONTWAIT, nil, nil)
	return errno == unix.EAGAIN
}

// returnedFlags returns the flags that recvmsg(2) set. NetBSD adds those of the call: see
// do_sys_recvmsg_so of kern/uipc_syscalls.c. Those that are results too stay.
func returnedFlags(seen, asked int) int {
	return seen &^ ((asked | unix.MSG_DONTWAIT) &^ (MSG_EOR | MSG_OOB | MSG_TRUNC | MSG_CTRUNC))
}

// sysAhead reports whether a receive on a TCP socket would return at once (ready), and whether it
// would only return the error that ended the connection (broken). MSG_PEEK reports that error and
// leaves it in place.
func sysAhead(fd int) (ready, broken, doubt bool) {
	var p [1]byte
	_, err := sysRecvfrom(fd, p[:], MSG_PEEK, nil, nil)
	return err != loop.ErrAgain, err != nil && err != loop.ErrAgain, false
}

// sysEnded reports whether nothing more can arrive on a TCP socket. Not every system has an event
// of poll(2) for the peer's half-close, but kqueue has EV_EOF.
func sysEnded(fd int) bool {
	kq, err := unix.Kqueue() // a child process does not inherit it
	if err != nil {
		return true
	}
	defer unix.Close(kq)
	var k [1]unix.Kevent_t
	unix.SetKevent(&k[0], fd, unix.EVFILT_READ, unix.EV_ADD)
	var none unix.Timespec
	for {
		n, err := unix.Kevent(kq, k[:], k[:], &none)
		if err != unix.EINTR {
			return err != nil || n > 0 && int(k[0].Flags)&unix.EV_EOF != 0
		}
	}
}

// sysReadsEnded returns false: on these systems a receive itself reports that nothing more can
// arrive, for datagrams too.
func sysReadsEnded(int) bool { return false }

// sysListenerEnded reports, after an accept with EAGAIN, whether the listener was shut down. Such a
// listener is readable. A blocking accept on it returns ECONNABORTED; on NetBSD one that does not
// block returns EAGAIN (do_sys_accept of kern/uipc_syscalls.c).
func sysListenerEnded(fd int) bool { return sysPoll(fd, unix.POLLIN)&unix.POLLIN != 0 }

// sysNoConnection returns false: no socket of these systems has quirkEndOfWait.
func sysNoConnection(int, int32, int32) (gone, ending bool) { return false, false }

// sysPoll is poll(2) of one descriptor without a wait. If it fails, it returns POLLNVAL, and the
// system call that follows reports the error.
func sysPoll(fd int, events int16) int16 {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		switch _, err := unix.Poll(p[:], 0); err {
		case nil:
			return p[0].Revents
		case unix.EINTR:
		default:
			return unix.POLLNVAL
		}
	}
}

func sysSendto(fd int, p []byte, flags int, sa []byte) (int, error) {
	for {
		n, errno := callSendto(fd, first(p), len(p), flags|unix.MSG_DONTWAIT, sa)
		if errno == 0 {
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

// ensureNonblock serves the calls that no flag makes non-blocking: another program that shares the
// descriptor may have made it blocking.
func ensureNonblock(fd int) {
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil && flags&unix.O_NONBLOCK == 0 {
		unix.SetNonblock(fd, true)
	}
}

// sysAccept accepts a connection. With a nil sa it does not ask for the address.
func sysAccept(fd int, sa *sockaddr, salen *uint32) (int, error) {
	ensureNonblock(fd)
	for {
		newfd, errno := callAccept(fd, sa, salen)
		switch errno {
		case 0:
			return newfd, nil
		case unix.EINTR:
		case unix.ECONNABORTED, unix.EPROTO, unix.ENETDOWN, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETUNREACH:
			// These errors belong to a connection that no longer exists.
			if !acceptsMore(fd) {
				return -1, errno
			}
		default:
			return -1, sysError(errno)
		}
	}
}

// acceptsMore reports whether an error of accept belonged to one connection only. A listener that
// was shut down returns ECONNABORTED too, in every call.
func acceptsMore(fd int) bool {
	v, err := sysGetsockoptInt(fd, SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err != nil || v != 0
}

// sysConnect returns the bare errno, because EAGAIN and EINTR have special meanings here.
func sysConnect(fd int, sa []byte) error {
	ensureNonblock(fd)
	if errno := callConnect(fd, first(sa), len(sa)); errno != 0 {
		return errno
	}
	return nil
}

func sysBind(fd int, sa []byte) error { return sysError(callBind(fd, first(sa), len(sa))) }

func sysGetsockname(fd int, sa *sockaddr) (int, error) {
	n := uint32(len(sa))
	errno := callGetsockname(fd, sa, &n)
	return int(min(n, uint32(len(sa)))), sysError(errno)
}

func sysGetpeername(fd int, sa *sockaddr) (int, error) {
	n := uint32(len(sa))
	errno := callGetpeername(fd, sa, &n)
	return int(min(n, uint32(len(sa)))), sysError(errno)
}

// sockaddrFamily reads struct sockaddr: { uint8_t sa_len; sa_family_t sa_family; char sa_data[]; }
func sockaddrFamily(sa []byte) Family {
	if len(sa) < 2 {
		return AF_UNSPEC
	}
	return Family(sa[1])
}

// sysSockFamily returns the family of a socket, which need not have a name.
func sysSockFamily(fd int) (Family, error) {
	var buf sockaddr
	n, err := sysGetsockname(fd, &buf)
	return sockaddrFamily(buf[:n]), err
}

func sysGetsockopt(fd, level, name int, p []byte) (int, error) {
	n := uint32(len(p))
	errno := callGetsockopt(fd, level, name, first(p), &n)
	return int(n), sysError(errno)
}

func sysGetsockoptInt(fd, level, name int) (int, error) {
	var v int32
	n := uint32(unsafe.Sizeof(v))
	errno := callGetsockopt(fd, level, name, unsafe.Pointer(&v), &n)
	if n == 1 { // an option that is an unsigned char: IP_MULTICAST_TTL
		v = int32(*(*uint8)(unsafe.Pointer(&v)))
	}
	return int(v), sysError(errno)
}

// soProtocol is SO_PROTOCOL of <sys/socket.h>: FreeBSD and OpenBSD have one.
var soProtocol = map[string]int{"freebsd": 0x1016, "openbsd": 0x1025}[runtime.GOOS]

// sysSockProtocol returns the protocol, or 0 where the system does not report it, as in Python.
func sysSockProtocol(fd int) (int, error) {
	if soProtocol == 0 {
		return 0, nil
	}
	return sysGetsockoptInt(fd, SOL_SOCKET, soProtocol)
}

func sysSetsockopt(fd, level, name int, p []byte) error {
	return sysError(callSetsockopt(fd, level, name, first(p), len(p)))
}

func sysSetsockoptInt(fd, level, name int, v int32) error {
	return sysError(callSetsockopt(fd, level, name, unsafe.Pointer(&v), int(unsafe.Sizeof(v))))
}

func sysSetsockoptNil(fd, level, name, optlen int) error {
	return sysError(callSetsockopt(fd, level, name, nil, optlen))
}

//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

import (
	"runtime"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// The bare system calls of macOS and the BSDs. Addresses cross as bytes, which begin with their
// length. EAGAIN becomes loop.ErrAgain here and EINTR stays here; every other error is a
// syscall.Errno. The calls named call… are in call_raw_bsd.go and call_libc.go.
//
// Sends and receives ask for MSG_DONTWAIT too, so that a program which shares the descriptor and
// makes it blocking does not stop the loop.

const (
	// blindFlags make a receive look at something else than the head of the queue, so that its
	// EAGAIN proves nothing.
	blindFlags = MSG_PEEK | MSG_OOB

	msgDontwait  = unix.MSG_DONTWAIT
	msgErrqueue  = 0
	msgFastopen  = 0
	hasReusePort = true
	reusePort    = unix.SO_REUSEPORT
)

func sysRecvfrom(fd int, p []byte, flags int, sa *sockaddr, salen *uint32) (int, error) {
	if len(p) == 0 && sysPoll(fd, unix.POLLIN) == 0 {
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

// nothingToReceive says of a receive without room for a byte that it has to wait. These systems
// return 0 at once if the queue is empty (soreceive of kern/uipc_socket.c).
func nothingToReceive(fd int, h *unix.Msghdr) bool {
	for i := range int(h.Iovlen) {
		if unsafe.Slice(h.Iov, h.Iovlen)[i].Len > 0 {
			return false
		}
	}
	return sysPoll(fd, unix.POLLIN) == 0
}

// sysAhead says whether a receive on a TCP socket would come to something, and whether that would
// be no more than the error which has ended the connection. A look at the queue (MSG_PEEK) reports
// that error and leaves it there.
func sysAhead(fd int) (ready, broken, doubt bool) {
	var p [1]byte
	_, err := sysRecvfrom(fd, p[:], MSG_PEEK, nil, nil)
	return err != loop.ErrAgain, err != nil && err != loop.ErrAgain, false
}

// sysEnded says whether no more will arrive on a TCP socket. Not every system has an event of
// poll(2) for the peer's half of a close, but kqueue has EV_EOF.
func sysEnded(fd int) bool {
	kq, err := unix.Kqueue() // which no child inherits
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

// sysReadsEnded says that nothing more will be received by a socket whose receive came to EAGAIN.
// On these systems a receive says so itself, of datagrams too.
func sysReadsEnded(int) bool { return false }

// sysPoll is poll(2) of one descriptor, without a wait. If it fails, the result is POLLNVAL: the
// call that is tried then says why.
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

// ensureNonblock is for the calls that no flag keeps from blocking: another program that shares the
// descriptor may have made it so.
func ensureNonblock(fd int) {
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil && flags&unix.O_NONBLOCK == 0 {
		unix.SetNonblock(fd, true)
	}
}

// sysAccept asks for no address if sa is nil.
func sysAccept(fd int, sa *sockaddr, salen *uint32) (int, error) {
	ensureNonblock(fd)
	for {
		newfd, errno := callAccept(fd, sa, salen)
		switch errno {
		case 0:
			return newfd, nil
		case unix.EINTR:
		case unix.ECONNABORTED, unix.EPROTO, unix.ENETDOWN, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETUNREACH:
			// What went wrong with a connection that is gone by now.
			if !acceptsMore(fd) {
				return -1, errno
			}
		default:
			return -1, sysError(errno)
		}
	}
}

// acceptsMore says whether the error of an accept was that of one connection. A listener that was
// shut down gives ECONNABORTED too, for ever.
func acceptsMore(fd int) bool {
	v, err := sysGetsockoptInt(fd, SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err != nil || v != 0
}

// sysConnect gives the bare errno: EAGAIN and EINTR have meanings of their own here.
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

// sysSockFamily is the family of a socket that need not have a name.
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

// sysSockProtocol is 0 where the system does not tell, as in Python.
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

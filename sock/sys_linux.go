package sock

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The raw system calls of Linux. Addresses are bytes. EAGAIN becomes loop.ErrAgain here, and EINTR
// is retried here; every other error is a syscall.Errno.
//
// Calls that cannot block use RawSyscall: informing the scheduler would cost a tenth of a message.
// It is RawSyscall of package syscall, because that of x/sys passes its arguments on over the
// stack. Sends and receives also use MSG_DONTWAIT. Otherwise a program that shares the descriptor
// and makes it blocking would stop the loop.

const (
	typeNonblock = SOCK_NONBLOCK
	typeFlags    = SOCK_NONBLOCK | SOCK_CLOEXEC

	// blindFlags make a receive read something other than the head of the queue, so that its EAGAIN
	// proves nothing.
	blindFlags = MSG_PEEK | MSG_OOB | MSG_ERRQUEUE

	rejoinsListeners = false // see sys_bsd.go

	msgCloexec   = MSG_CMSG_CLOEXEC
	msgDontwait  = MSG_DONTWAIT
	msgErrqueue  = MSG_ERRQUEUE
	msgFastopen  = MSG_FASTOPEN
	hasReusePort = true
	reusePort    = SO_REUSEPORT
)

// sysReadsEnded reports, after a receive with EAGAIN, whether nothing more can be received because
// the socket was shut down.
func sysReadsEnded(fd int) bool { return sysPoll(fd, unix.POLLRDHUP)&unix.POLLRDHUP != 0 }

// sysListenerEnded is the same for an accept.
func sysListenerEnded(fd int) bool { return sysReadsEnded(fd) }

// returnedFlags returns the flags that recvmsg(2) set.
func returnedFlags(seen, _ int) int { return seen }

// sysNoConnection reports, after a receive with EAGAIN, whether a socket with quirkEndOfWait has no
// connection and awaits none: nothing more can be received (gone). ending: this side has shut down
// the association, and the peer has not answered yet.
//
// tipc_poll sets POLLHUP alone for a connection that is over. L2CAP_CONNINFO and SCO_CONNINFO are
// ENOTCONN without a connection. SCTP_STATUS is EINVAL for a one-to-one socket without an
// association, and SCTP_GET_ASSOC_NUMBER EOPNOTSUPP for one with.
func sysNoConnection(fd int, family, proto int32) (gone, ending bool) {
	switch Family(family) {
	case AF_TIPC:
		return sysPoll(fd, unix.POLLIN)&unix.POLLHUP != 0, false
	case AF_BLUETOOTH:
		level := SOL_L2CAP
		if Protocol(proto) == BTPROTO_SCO {
			level = SOL_SCO
		}
		var info [8]byte // struct l2cap_conninfo and struct sco_conninfo have 6
		_, err := sysGetsockopt(fd, level, bluetoothConnInfo, info[:])
		return err == syscall.ENOTCONN, false
	}
	associations, err := sysGetsockoptInt(fd, protoSCTP, sctpAssocNumber)
	if err == syscall.EOPNOTSUPP {
		var status [256]byte // struct sctp_status has 176
		_, failed := sysGetsockopt(fd, protoSCTP, sctpStatus, status[:])
		const shutdownPending = 5 // enum sctp_sstat_state, the second field; the states above it end the association too
		ending = failed == nil && binary.NativeEndian.Uint32(status[4:]) >= shutdownPending
		associations, err = 1, nil
		if failed == syscall.EINVAL {
			associations = 0
		}
	}
	if err != nil || associations > 0 {
		return false, ending
	}
	listens, err := sysGetsockoptInt(fd, SOL_SOCKET, SO_ACCEPTCONN)
	return err == nil && listens == 0, false
}

// bluetoothConnInfo is L2CAP_CONNINFO of <bluetooth/l2cap.h> and SCO_CONNINFO of <bluetooth/sco.h>.
const bluetoothConnInfo = 2

// sctpStatus is SCTP_STATUS of <linux/sctp.h>.
const sctpStatus = 14

func sysRecvfrom(fd int, p []byte, flags int, sa *sockaddr, salen *uint32) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(first(p)), uintptr(len(p)),
			uintptr(flags|unix.MSG_DONTWAIT), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

func callSendmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(n), errno
}

func callRecvmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(n), errno
}

// nothingToReceive returns false: Linux waits in a receive into no room.
func nothingToReceive(int, *unix.Msghdr) bool { return false }

// sysAhead reports whether a receive on a TCP socket would return at once (ready), and whether it
// would only return the error that ended the connection (broken). With POLLERR alone it cannot know
// (doubt): the error queue is not empty, or an error has not ended the connection, or the kernel is
// processing a reset.
func sysAhead(fd int) (ready, broken, doubt bool) {
	events := sysPoll(fd, unix.POLLIN)
	if events&(unix.POLLERR|unix.POLLHUP) == unix.POLLERR|unix.POLLHUP {
		n, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
		broken = err == nil && n == 0
	}
	return events != 0, broken, events == unix.POLLERR
}

// sysEnded reports whether nothing more can arrive on a TCP socket.
func sysEnded(fd int) bool { return sysPoll(fd, unix.POLLRDHUP)&(unix.POLLRDHUP|unix.POLLHUP) != 0 }

// sysPoll is poll(2) of one descriptor without a wait. If it fails, it returns POLLNVAL, and the
// system call that follows reports the error.
func sysPoll(fd int, events int16) int16 {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	var none unix.Timespec
	for {
		// Not every architecture has poll(2).
		_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&none)), 0, 0, 0)
		switch errno {
		case 0:
			return p.Revents
		case unix.EINTR:
		default:
			return unix.POLLNVAL
		}
	}
}

func sysSendto(fd int, p []byte, flags int, sa []byte) (int, error) {
	var to unsafe.Pointer
	if len(sa) > 0 {
		to = unsafe.Pointer(&sa[0])
	}
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(first(p)), uintptr(len(p)),
			uintptr(flags|unix.MSG_DONTWAIT), uintptr(to), uintptr(len(sa)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

// ensureNonblock serves the calls that no flag makes non-blocking: another program that shares the
// descriptor may have made it blocking.
func ensureNonblock(fd int) {
	flags, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETFL, 0)
	if errno == 0 && flags&unix.O_NONBLOCK == 0 {
		unix.SetNonblock(fd, true)
	}
}

// sysAccept accepts a connection. With a nil sa it does not ask for the address.
func sysAccept(fd int, sa *sockaddr, salen *uint32) (int, error) {
	ensureNonblock(fd)
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(sa)),
			uintptr(unsafe.Pointer(salen)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.ECONNABORTED, unix.EPROTO, unix.ENETDOWN, unix.ENOPROTOOPT, unix.EHOSTDOWN, unix.ENONET, unix.EHOSTUNREACH,
			unix.ENETUNREACH: // accept(2): errors of a connection that no longer exists
		default:
			return -1, sysError(errno)
		}
	}
}

// sysConnect returns the bare errno, because EAGAIN and EINTR have special meanings here.
func sysConnect(fd int, sa []byte) error {
	ensureNonblock(fd)
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(first(sa)), uintptr(len(sa)))
	if errno != 0 {
		return errno
	}
	return nil
}

func sysSocket(family, typ, proto int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fd, sysErrorOf(err)
}

func sysSocketpair(family, typ, proto int) ([2]int, error) {
	fds, err := unix.Socketpair(family, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fds, sysErrorOf(err)
}

func sysBind(fd int, sa []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(first(sa)), uintptr(len(sa)))
	return sysError(errno)
}

func sysGetsockname(fd int, sa *sockaddr) (int, error) { return sysName(unix.SYS_GETSOCKNAME, fd, sa) }
func sysGetpeername(fd int, sa *sockaddr) (int, error) { return sysName(unix.SYS_GETPEERNAME, fd, sa) }

func sysName(call uintptr, fd int, sa *sockaddr) (int, error) {
	n := uint32(len(sa))
	_, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(&n)))
	return int(min(n, uint32(len(sa)))), sysError(errno)
}

func sockaddrFamily(sa []byte) Family {
	if len(sa) < 2 {
		return AF_UNSPEC
	}
	return Family(binary.NativeEndian.Uint16(sa))
}

func sysGetsockopt(fd, level, name int, p []byte) (int, error) {
	n := uint32(len(p))
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(first(p)),
		uintptr(unsafe.Pointer(&n)), 0)
	return int(n), sysError(errno)
}

func sysGetsockoptInt(fd, level, name int) (int, error) {
	var v int32
	n := uint32(unsafe.Sizeof(v))
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	return int(v), sysError(errno)
}

// sysSockFamily reads the family from the socket's address, because not every system has an option
// for it.
func sysSockFamily(fd int) (Family, error) {
	var buf sockaddr
	n, err := sysGetsockname(fd, &buf)
	return sockaddrFamily(buf[:n]), err
}

func sysSockProtocol(fd int) (int, error) { return sysGetsockoptInt(fd, SOL_SOCKET, SO_PROTOCOL) }

func sysSetsockopt(fd, level, name int, p []byte) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(first(p)),
		uintptr(len(p)), 0)
	return sysError(errno)
}

func sysSetsockoptInt(fd, level, name int, v int32) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	return sysError(errno)
}

func sysSetsockoptNil(fd, level, name, optlen int) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), 0, uintptr(optlen), 0)
	return sysError(errno)
}

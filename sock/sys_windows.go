package sock

import (
	"encoding/binary"
	"math"
	"syscall"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/windows"
)

// The raw system calls of Windows. Addresses are bytes. Package windows has calls only for the
// address structures that it knows, and some of them return EWINDOWS, so this file has its own.
// WSAEWOULDBLOCK becomes loop.ErrAgain here; every other error is a syscall.Errno by its POSIX
// name, see errors_windows.go.
//
// Sockets are non-blocking (FIONBIO) from the start. Each call may block for a moment in the
// driver, so the scheduler is informed of each.

const (
	rejoinsListeners = false // see sys_bsd.go

	typeNonblock = 0 // the type has neither flag: New makes a socket so
	typeFlags    = 0

	// blindFlags make a receive read something other than the head of the queue, so that its
	// WSAEWOULDBLOCK proves nothing.
	blindFlags = MSG_PEEK | MSG_OOB

	msgDontwait  = 0
	msgErrqueue  = 0
	msgFastopen  = 0
	hasReusePort = false
	reusePort    = 0

	timevalLen = 0 // the options that take a struct timeval elsewhere take milliseconds
)

// <winsock2.h>, <mswsock.h>
const (
	fionbio          = 0x8004667e
	siocatmark       = 0x40047307
	sioUDPConnreset  = 0x9800000c // SIO_UDP_CONNRESET
	sioUDPNetreset   = 0x9800000f // SIO_UDP_NETRESET
	soProtocolInfoW  = 0x2005     // SO_PROTOCOL_INFOW
	pollIn           = 0x0300     // POLLRDNORM | POLLRDBAND
	pollOut          = 0x0010     // POLLWRNORM
	pollErrOrHangup  = 0x0001 | 0x0002
	handleInherit    = windows.HANDLE_FLAG_INHERIT
	socketAttributes = windows.WSA_FLAG_OVERLAPPED | windows.WSA_FLAG_NO_HANDLE_INHERIT
)

var (
	ws2_32                   = windows.NewLazySystemDLL("ws2_32.dll")
	kernel32                 = windows.NewLazySystemDLL("kernel32.dll")
	procAccept               = ws2_32.NewProc("accept")
	procBind                 = ws2_32.NewProc("bind")
	procConnect              = ws2_32.NewProc("connect")
	procGetpeername          = ws2_32.NewProc("getpeername")
	procGetsockname          = ws2_32.NewProc("getsockname")
	procGetsockopt           = ws2_32.NewProc("getsockopt")
	procIoctlsocket          = ws2_32.NewProc("ioctlsocket")
	procRecvfrom             = ws2_32.NewProc("recvfrom")
	procSelect               = ws2_32.NewProc("select")
	procSendto               = ws2_32.NewProc("sendto")
	procSetsockopt           = ws2_32.NewProc("setsockopt")
	procWSAPoll              = ws2_32.NewProc("WSAPoll")
	procGetHandleInformation = kernel32.NewProc("GetHandleInformation")
)

// winsock is the error of starting Winsock. Winsock starts when the program starts, as in Python at
// import. Later starts, by package net or pollux, only count.
var winsock = func() error {
	var data windows.WSAData
	return windows.WSAStartup(0x202, &data)
}()

// result converts the results of a function that returns SOCKET_ERROR, -1, and leaves the error in
// GetLastError. The caller calls SyscallN in the argument list of result: pointers into the stack
// stay valid only if they are converted to numbers in the arguments of SyscallN itself.
func result(n, _ uintptr, errno syscall.Errno) (int, syscall.Errno) {
	if r := int32(n); r != -1 { // the upper half of the register has no meaning; a handle has 32 bits
		return int(r), 0
	}
	if errno == 0 {
		errno = windows.WSAEINVAL // a failed function must not leave the error unset
	}
	return 0, errno
}

func sysError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case windows.WSAEWOULDBLOCK:
		return loop.ErrAgain
	}
	return posixErrno(errno)
}

// sysErrorOf is sysError for an error of x/sys.
func sysErrorOf(err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return sysError(errno)
	}
	return err
}

// isAgain reports whether a system call of the caller's own returned that it would block. Such a
// call returns Winsock's number, and portable code may return the POSIX name.
func isAgain(err error) bool { return err == windows.WSAEWOULDBLOCK || err == syscall.EAGAIN }

func isNoSocket(err error) bool { return err == syscall.ENOTSOCK || err == syscall.EBADF }

// first returns a pointer to the first byte of p. For an empty p it returns a valid pointer to
// another byte, because the system requires one.
func first(p []byte) unsafe.Pointer {
	if len(p) == 0 {
		return unsafe.Pointer(&nowhere)
	}
	return unsafe.Pointer(&p[0])
}

var nowhere byte

// cLen returns the length of p, or the maximum of a C int if p is longer.
func cLen(p []byte) uintptr { return uintptr(min(len(p), math.MaxInt32)) }

// sysRecvfrom receives. It cuts a datagram longer than p, as on other systems; Winsock reports an
// error, WSAEMSGSIZE. A socket that was shut down for receiving is at its end.
func sysRecvfrom(fd int, p []byte, flags int, sa *sockaddr, salen *uint32) (int, error) {
	if sa != nil {
		sa[0], sa[1] = 0, 0 // for a stream Winsock leaves sa unchanged
	}
	n, errno := result(syscall.SyscallN(procRecvfrom.Addr(), uintptr(fd), uintptr(first(p)), cLen(p), uintptr(flags), uintptr(unsafe.Pointer(sa)),
		uintptr(unsafe.Pointer(salen))))
	switch errno {
	case 0:
	case windows.WSAEMSGSIZE:
		n = len(p)
	case windows.WSAESHUTDOWN:
		n = 0
	default:
		return 0, sysError(errno)
	}
	if sa != nil && sockaddrFamily(sa[:]) == AF_UNSPEC {
		*salen = 0
	}
	return n, nil
}

// sysAhead reports whether a receive on a TCP socket would return at once (ready), and whether it
// would only return the error that ended the connection (broken). The look does not clear the
// error.
func sysAhead(fd int) (ready, broken, doubt bool) {
	var b [1]byte
	_, err := sysRecvfrom(fd, b[:], MSG_PEEK, nil, nil)
	return err != loop.ErrAgain, err != nil && err != loop.ErrAgain, false
}

// sysEnded reports whether nothing more can arrive on a TCP socket.
func sysEnded(fd int) bool { return sysPoll(fd, pollIn)&pollErrOrHangup != 0 }

// sysReadsEnded returns false: on a socket that was shut down, a receive returns WSAESHUTDOWN and
// not WSAEWOULDBLOCK.
func sysReadsEnded(int) bool { return false }

// sysListenerEnded returns false: a listener cannot be shut down.
func sysListenerEnded(int) bool { return false }

// sysNoConnection returns false: no socket of these systems has quirkEndOfWait.
func sysNoConnection(int, int32, int32) (gone, ending bool) { return false, false }

// sysWritable reports whether WSAPoll finds fd writable or broken.
func sysWritable(fd int) bool { return sysPoll(fd, pollOut) != 0 }

// sysPoll is WSAPoll of one descriptor without a wait. If it fails, it returns POLLNVAL, and the
// system call that follows reports the error.
//
//	struct pollfd { SOCKET fd; SHORT events; SHORT revents; };
func sysPoll(fd int, events int16) int16 {
	p := struct {
		fd              uintptr
		events, revents int16
	}{uintptr(fd), events, 0}
	if _, errno := result(syscall.SyscallN(procWSAPoll.Addr(), uintptr(unsafe.Pointer(&p)), 1, 0)); errno != 0 {
		return 4 // POLLNVAL
	}
	return p.revents
}

func sysSendto(fd int, p []byte, flags int, sa []byte) (int, error) {
	var to unsafe.Pointer
	if len(sa) > 0 {
		to = unsafe.Pointer(&sa[0])
	}
	n, errno := result(syscall.SyscallN(procSendto.Addr(), uintptr(fd), uintptr(first(p)), cLen(p), uintptr(flags), uintptr(to), uintptr(len(sa))))
	return n, sysError(errno)
}

// sysAccept accepts a connection. With a nil sa it does not ask for the address. It skips a
// connection that no longer exists (WSAECONNRESET), as other systems do.
func sysAccept(fd int, sa *sockaddr, salen *uint32) (int, error) {
	room := uint32(0)
	if salen != nil {
		room = *salen
	}
	for {
		h, errno := result(syscall.SyscallN(procAccept.Addr(), uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen))))
		switch errno {
		case 0:
		case windows.WSAECONNRESET:
			if salen != nil {
				*salen = room
			}
			continue
		default:
			return -1, sysError(errno)
		}
		if err := finish(h); err != nil {
			sysClose(h)
			return -1, err
		}
		return h, nil
	}
}

// finish makes a new socket non-blocking and not inheritable. A process that starts between accept
// and this call may inherit the socket. Processes of package os do not: it gives the system the
// list of handles to inherit (PROC_THREAD_ATTRIBUTE_HANDLE_LIST).
func finish(h int) error {
	if err := sysSetInheritable(h, false); err != nil {
		return err
	}
	return sysSetNonblock(h, true)
}

// sysConnect returns the POSIX error: EINPROGRESS for a connect that goes on.
func sysConnect(fd int, sa []byte) error {
	switch _, errno := result(syscall.SyscallN(procConnect.Addr(), uintptr(fd), uintptr(first(sa)), uintptr(len(sa)))); errno {
	case 0:
		return nil
	case windows.WSAEWOULDBLOCK:
		return syscall.EINPROGRESS
	case windows.WSAEINVAL: // of a connecting socket: <winsock2.h> says that WSAEALREADY may be this
		if over, _ := sysConnectOver(fd); !over {
			return syscall.EALREADY
		}
		return syscall.EINVAL
	default:
		return posixErrno(errno)
	}
}

func sysSocket(family, typ, proto int) (int, error) {
	if winsock != nil {
		return -1, sysErrorOf(winsock)
	}
	h, err := windows.WSASocket(int32(family), int32(typ), int32(proto), nil, 0, socketAttributes)
	if err != nil {
		return -1, sysErrorOf(err)
	}
	fd := int(h)
	if Type(typ) == SOCK_DGRAM {
		ignoreResets(fd)
	}
	if err := sysSetNonblock(fd, true); err != nil {
		sysClose(fd)
		return -1, err
	}
	return fd, nil
}

// ignoreResets prevents that an ICMP message makes a receive of a UDP socket fail. By default an
// ICMP message about any sent packet makes the next receive fail with WSAECONNRESET or
// WSAENETRESET, even in a server with many clients. Other systems report it to a connected socket
// only. Sockets that are not UDP, and Windows before 2000 and 10, lack these options.
func ignoreResets(fd int) {
	var off [4]byte
	for _, code := range []uint32{sioUDPConnreset, sioUDPNetreset} {
		wsaIoctl(fd, code, off[:])
	}
}

// sysSocketpair is never called: Pair is emulated.
func sysSocketpair(int, int, int) ([2]int, error) { return [2]int{-1, -1}, syscall.EOPNOTSUPP }

// sysClose closes a socket. WSAECONNRESET means that the peer closed first.
func sysClose(fd int) error {
	if err := windows.Closesocket(windows.Handle(fd)); err != windows.WSAECONNRESET {
		return sysErrorOf(err)
	}
	return nil
}

// sysDup makes a socket from the description that WSADuplicateSocket returns for this process.
func sysDup(fd int) (int, error) {
	if _, err := describeKind(fd); err != nil {
		return -1, err // for a handle that is no socket this returns WSAENOTSOCK; WSADuplicateSocket may not
	}
	var info windows.WSAProtocolInfo
	if err := windows.WSADuplicateSocket(windows.Handle(fd), windows.GetCurrentProcessId(), &info); err != nil {
		return -1, sysErrorOf(err)
	}
	return socketOf(&info)
}

// socketOf makes a socket from its description. The new socket shares the non-blocking mode of the
// described one.
func socketOf(info *windows.WSAProtocolInfo) (int, error) {
	h, err := windows.WSASocket(fromProtocolInfo, fromProtocolInfo, fromProtocolInfo, info, 0, socketAttributes)
	if err != nil {
		return -1, sysErrorOf(err)
	}
	return int(h), nil
}

func sysSetNonblock(fd int, nonblocking bool) error {
	v := uint32(boolInt(nonblocking))
	_, errno := result(syscall.SyscallN(procIoctlsocket.Addr(), uintptr(fd), fionbio, uintptr(unsafe.Pointer(&v))))
	return sysError(errno)
}

func sysSockatmark(fd int) (bool, error) {
	var v uint32
	_, errno := result(syscall.SyscallN(procIoctlsocket.Addr(), uintptr(fd), siocatmark, uintptr(unsafe.Pointer(&v))))
	return v != 0, sysError(errno)
}

func ensureNonblock(fd int) { sysSetNonblock(fd, true) }

func sysInheritable(fd int) (bool, error) {
	var flags uint32
	if ok, _, errno := syscall.SyscallN(procGetHandleInformation.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&flags))); ok == 0 {
		return false, sysError(errno)
	}
	return flags&handleInherit != 0, nil
}

func sysSetInheritable(fd int, inheritable bool) error {
	return sysErrorOf(windows.SetHandleInformation(windows.Handle(fd), handleInherit, uint32(boolInt(inheritable))*handleInherit))
}

func sysBind(fd int, sa []byte) error {
	_, errno := result(syscall.SyscallN(procBind.Addr(), uintptr(fd), uintptr(first(sa)), uintptr(len(sa))))
	return sysError(errno)
}

// sysListen binds an unbound socket first, as other systems do: Winsock refuses to listen on it
// with WSAEINVAL. Winsock returns the same error for a datagram socket.
func sysListen(fd, backlog int) error {
	err := windows.Listen(windows.Handle(fd), backlog)
	if err != windows.WSAEINVAL {
		return sysErrorOf(err)
	}
	info, failed := describeKind(fd)
	switch {
	case failed != nil:
		return failed
	case Type(info.SocketType) != SOCK_STREAM && Type(info.SocketType) != SOCK_SEQPACKET:
		return syscall.EOPNOTSUPP
	}
	var any sockaddr
	n, failed := sysGetsockname(fd, &any) // of an unbound socket: every address, port 0
	if failed == nil {
		failed = sysBind(fd, any[:n])
	}
	if failed != nil {
		return syscall.EINVAL // the socket is bound: listen had another reason
	}
	return sysErrorOf(windows.Listen(windows.Handle(fd), backlog))
}

func sysShutdown(fd, how int) error { return sysErrorOf(windows.Shutdown(windows.Handle(fd), how)) }

// sysGetsockname returns the address 0.0.0.0 or ::, port 0, for an unbound socket of the internet
// families, as other systems do. Winsock returns WSAEINVAL.
func sysGetsockname(fd int, sa *sockaddr) (int, error) {
	n, err := sysName(procGetsockname, fd, sa)
	if err != syscall.EINVAL {
		return n, err
	}
	family, failed := sysSockFamily(fd)
	switch {
	case failed != nil || family != AF_INET && family != AF_INET6:
		return n, err
	case family == AF_INET:
		n = sockaddrInet
	default:
		n = sockaddrInet6
	}
	clear(sa[:n])
	binary.LittleEndian.PutUint16(sa[:], uint16(family))
	return n, nil
}

func sysGetpeername(fd int, sa *sockaddr) (int, error) { return sysName(procGetpeername, fd, sa) }

func sysName(proc *windows.LazyProc, fd int, sa *sockaddr) (int, error) {
	n := int32(len(sa))
	_, errno := result(syscall.SyscallN(proc.Addr(), uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(&n))))
	return int(min(n, int32(len(sa)))), sysError(errno)
}

func sockaddrFamily(sa []byte) Family {
	if len(sa) < 2 {
		return AF_UNSPEC
	}
	return Family(binary.LittleEndian.Uint16(sa))
}

func sysGetsockopt(fd, level, name int, p []byte) (int, error) {
	n := int32(len(p))
	_, errno := result(syscall.SyscallN(procGetsockopt.Addr(), uintptr(fd), uintptr(level), uintptr(name), uintptr(first(p)), uintptr(unsafe.Pointer(&n))))
	return int(n), sysError(errno)
}

// sysGetsockoptInt reads a DWORD. Some options, such as TCP_NODELAY, fill one byte of it.
func sysGetsockoptInt(fd, level, name int) (int, error) {
	var v int32
	n := int32(unsafe.Sizeof(v))
	_, errno := result(syscall.SyscallN(procGetsockopt.Addr(), uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n))))
	return int(v), sysError(errno)
}

// describeKind returns what the system recorded when it made the socket.
func describeKind(fd int) (*windows.WSAProtocolInfo, error) {
	info := new(windows.WSAProtocolInfo)
	n := int32(unsafe.Sizeof(*info))
	_, errno := result(syscall.SyscallN(procGetsockopt.Addr(), uintptr(fd), uintptr(SOL_SOCKET), soProtocolInfoW, uintptr(unsafe.Pointer(info)), uintptr(unsafe.Pointer(&n))))
	return info, sysError(errno)
}

func sysSockProtocol(fd int) (int, error) {
	info, err := describeKind(fd)
	return int(info.Protocol), err
}

// sysSockFamily reads what the system recorded: getsockname fails for an unbound socket.
func sysSockFamily(fd int) (Family, error) {
	info, err := describeKind(fd)
	return Family(info.AddressFamily), err
}

func sysSetsockopt(fd, level, name int, p []byte) error {
	_, errno := result(syscall.SyscallN(procSetsockopt.Addr(), uintptr(fd), uintptr(level), uintptr(name), uintptr(first(p)), uintptr(len(p))))
	return sysError(errno)
}

func sysSetsockoptInt(fd, level, name int, v int32) error {
	_, errno := result(syscall.SyscallN(procSetsockopt.Addr(), uintptr(fd), uintptr(level), uintptr(name), uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v)))
	return sysError(errno)
}

func sysSetsockoptNil(fd, level, name, optlen int) error {
	_, errno := result(syscall.SyscallN(procSetsockopt.Addr(), uintptr(fd), uintptr(level), uintptr(name), 0, uintptr(optlen)))
	return sysError(errno)
}

// sysSockError returns the socket's pending error and clears it: SO_ERROR.
func sysSockError(fd int) error {
	v, err := sysGetsockoptInt(fd, SOL_SOCKET, SO_ERROR)
	if err == nil && v != 0 {
		err = posixErrno(syscall.Errno(v))
	}
	return err
}

// sysConnectOver reports whether a pending connect is over. It calls select, because WSAPoll did
// not report a failed connect before Windows 10 version 2004. SO_ERROR reports a hang-up.
//
//	struct fd_set { u_int fd_count; SOCKET fd_array[]; };
func sysConnectOver(fd int) (over, hungUp bool) {
	write, failed := [2]uintptr{1, uintptr(fd)}, [2]uintptr{1, uintptr(fd)}
	var noWait [2]int32 // struct timeval of two longs
	n, errno := result(syscall.SyscallN(procSelect.Addr(), 0, 0, uintptr(unsafe.Pointer(&write)), uintptr(unsafe.Pointer(&failed)), uintptr(unsafe.Pointer(&noWait))))
	return n > 0 || errno != 0, false
}

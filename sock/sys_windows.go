package sock

import (
	"encoding/binary"
	"math"
	"syscall"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/windows"
)

// The bare system calls. Addresses cross as bytes, for which package windows has no calls: it has
// those of the structures that it knows, and some return EWINDOWS. WSAEWOULDBLOCK becomes
// loop.ErrAgain here; every other error is a syscall.Errno by its name of POSIX, see
// errors_windows.go.
//
// Sockets are non-blocking (FIONBIO) from the start. All calls may block for a moment in the
// driver, so the scheduler knows of each.

const (
	typeNonblock = 0 // neither is in the type: New makes a socket so
	typeFlags    = 0

	// blindFlags make a receive look at something else than the head of the queue, so that its
	// WSAEWOULDBLOCK proves nothing.
	blindFlags = MSG_PEEK | MSG_OOB

	msgDontwait  = 0
	msgErrqueue  = 0
	msgFastopen  = 0
	hasReusePort = false
	reusePort    = 0
)

// <winsock2.h>, <mswsock.h>
const (
	fionbio          = 0x8004667e
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

// winsock is the error of starting Winsock, which is done when the program starts, as Python does
// it at import. Later calls of it, by package net or pollux, only count.
var winsock = func() error {
	var data windows.WSAData
	return windows.WSAStartup(0x202, &data)
}()

// result is what a function gives that returns SOCKET_ERROR, -1, with the error in GetLastError. The
// call of SyscallN is its argument, and not made here: pointers into the stack stay true only if they
// are made into numbers in that call's own arguments.
func result(n, _ uintptr, errno syscall.Errno) (int, syscall.Errno) {
	if int32(n) != -1 {
		return int(n), 0
	}
	if errno == 0 {
		errno = windows.WSAEINVAL // no function should leave it to be guessed
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

// sysErrorOf is sysError for what x/sys returns.
func sysErrorOf(err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return sysError(errno)
	}
	return err
}

func isNoSocket(err error) bool { return err == syscall.ENOTSOCK || err == syscall.EBADF }

// first is where p begins; any place will do for an empty one, but the system wants one.
func first(p []byte) unsafe.Pointer {
	if len(p) == 0 {
		return unsafe.Pointer(&nowhere)
	}
	return unsafe.Pointer(&p[0])
}

var nowhere byte

// cLen is the length of p, or as much of it as a C int counts.
func cLen(p []byte) uintptr { return uintptr(min(len(p), math.MaxInt32)) }

// sysRecvfrom receives. A datagram that is longer than p is cut, as elsewhere: Winsock calls that
// an error, WSAEMSGSIZE. A socket whose receiving was shut down is at its end.
func sysRecvfrom(fd int, p []byte, flags int, sa *sockaddr, salen *uint32) (int, error) {
	if sa != nil {
		sa[0], sa[1] = 0, 0 // of a stream Winsock leaves it as it is
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

// sysAhead says whether a receive on a TCP socket would come to something, and whether that would
// be no more than the error which has ended the connection. Looking does not take the error.
func sysAhead(fd int) (ready, broken, doubt bool) {
	var b [1]byte
	_, err := sysRecvfrom(fd, b[:], MSG_PEEK, nil, nil)
	return err != loop.ErrAgain, err != nil && err != loop.ErrAgain, false
}

// sysEnded says whether no more will arrive on a TCP socket.
func sysEnded(fd int) bool { return sysPoll(fd, pollIn)&pollErrOrHangup != 0 }

// sysReadsEnded is what a receive has to ask that came to WSAEWOULDBLOCK: of a socket that was shut
// down it would have said WSAESHUTDOWN.
func sysReadsEnded(int) bool { return false }

// sysWritable says whether WSAPoll finds fd writable, or broken.
func sysWritable(fd int) bool { return sysPoll(fd, pollOut) != 0 }

// sysPoll is WSAPoll of one descriptor, without a wait. If it fails, the result is POLLNVAL: an
// attempt will say more.
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

// sysAccept asks for no address if sa is nil. A connection that is gone by now (WSAECONNRESET) is
// left out, as elsewhere.
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

// finish makes a socket as this package has them: non-blocking and not inherited. What accept gives
// may be inherited by a process that starts between the two calls. Package os does not do that: it
// names to the system what is to be inherited (PROC_THREAD_ATTRIBUTE_HANDLE_LIST).
func finish(h int) error {
	if err := sysSetInheritable(h, false); err != nil {
		return err
	}
	return sysSetNonblock(h, true)
}

// sysConnect gives the name of POSIX: EINPROGRESS for a connect that goes on.
func sysConnect(fd int, sa []byte) error {
	switch _, errno := result(syscall.SyscallN(procConnect.Addr(), uintptr(fd), uintptr(first(sa)), uintptr(len(sa)))); errno {
	case 0:
		return nil
	case windows.WSAEWOULDBLOCK:
		return syscall.EINPROGRESS
	case windows.WSAEINVAL: // of a socket that is connecting: <winsock2.h> says that WSAEALREADY may be this
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

// ignoreResets keeps ICMP messages from making receives of a UDP socket fail: by default one about
// any packet that was sent makes the next receive fail with WSAECONNRESET or WSAENETRESET, also of
// a server that serves others. Other systems tell a connected socket only. What is no UDP socket,
// and Windows before 2000 and 10, do not know these.
func ignoreResets(fd int) {
	var off [4]byte
	for _, code := range []uint32{sioUDPConnreset, sioUDPNetreset} {
		wsaIoctl(fd, code, off[:])
	}
}

// sysSocketpair is never reached: Pair is emulated.
func sysSocketpair(int, int, int) ([2]int, error) { return [2]int{-1, -1}, syscall.EOPNOTSUPP }

// sysClose closes a socket. WSAECONNRESET says that the peer was quicker.
func sysClose(fd int) error {
	if err := windows.Closesocket(windows.Handle(fd)); err != windows.WSAECONNRESET {
		return sysErrorOf(err)
	}
	return nil
}

// sysDup makes a socket of the description that WSADuplicateSocket gives of it for this process.
func sysDup(fd int) (int, error) {
	if _, err := describeKind(fd); err != nil {
		return -1, err // of what is no socket it says WSAENOTSOCK, and WSADuplicateSocket need not
	}
	var info windows.WSAProtocolInfo
	if err := windows.WSADuplicateSocket(windows.Handle(fd), windows.GetCurrentProcessId(), &info); err != nil {
		return -1, sysErrorOf(err)
	}
	return socketOf(&info)
}

// socketOf makes a socket of its description. Its being non-blocking is that of the socket that was
// described, and not set.
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

// sysListen binds a socket that is not bound, as other systems do; Winsock refuses it with WSAEINVAL.
// That is also what it says of a socket for datagrams.
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
	n, failed := sysGetsockname(fd, &any) // of one that is not bound: every address, port 0
	if failed == nil {
		failed = sysBind(fd, any[:n])
	}
	if failed != nil {
		return syscall.EINVAL // it is bound: listen had another reason
	}
	return sysErrorOf(windows.Listen(windows.Handle(fd), backlog))
}

func sysShutdown(fd, how int) error { return sysErrorOf(windows.Shutdown(windows.Handle(fd), how)) }

// sysGetsockname gives the address 0.0.0.0 or ::, port 0, for a socket of the internet families that
// is not bound, as other systems do. Winsock says WSAEINVAL.
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

// describeKind is what the system has noted of the socket's making.
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

// sysSockFamily asks the system's notes: getsockname fails for a socket that is not bound.
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

// sysSockError is what went wrong with the socket since it was last asked.
func sysSockError(fd int) error {
	v, err := sysGetsockoptInt(fd, SOL_SOCKET, SO_ERROR)
	if err == nil && v != 0 {
		err = posixErrno(syscall.Errno(v))
	}
	return err
}

// sysConnectOver says whether a connect that was in progress has come to its end. It asks select:
// WSAPoll does not tell of a failure before Windows 10 of 2020. A hang-up is SO_ERROR's to tell.
//
//	struct fd_set { u_int fd_count; SOCKET fd_array[]; };
func sysConnectOver(fd int) (over, hungUp bool) {
	write, failed := [2]uintptr{1, uintptr(fd)}, [2]uintptr{1, uintptr(fd)}
	var noWait [2]int32 // struct timeval of two longs
	n, errno := result(syscall.SyscallN(procSelect.Addr(), 0, 0, uintptr(unsafe.Pointer(&write)), uintptr(unsafe.Pointer(&failed)), uintptr(unsafe.Pointer(&noWait))))
	return n > 0 || errno != 0, false
}

package pollertest

import (
	"errors"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The sockets that the tests watch. Windows has no pairs but those over TCP.

// An address is that of a TCP socket.
type address = windows.Sockaddr

const (
	shutRead  = windows.SHUT_RD
	shutWrite = windows.SHUT_WR
	shutBoth  = windows.SHUT_RDWR

	hasLocalPairs = false
)

var (
	errAgain   error = windows.WSAEWOULDBLOCK
	errRefused error = windows.WSAECONNREFUSED
	errExists  error = syscall.EEXIST
	errFile    error = windows.WSAENOTSOCK
	errNotOpen error = windows.WSAENOTSOCK
	errAbsent  error = syscall.ENOENT
	errNoRoom  error = syscall.EINVAL
)

var (
	ws2        = windows.NewLazySystemDLL("ws2_32.dll")
	procAccept = ws2.NewProc("accept")
	procIoctl  = ws2.NewProc("ioctlsocket")
	procRecv   = ws2.NewProc("recv")
	procSend   = ws2.NewProc("send")
)

func Pair(t *testing.T) (a, b int) { t.Helper(); return tcpPair(t) }

func prepare(t *testing.T, fd int) {
	t.Helper()
	one := uint32(1)
	if r, _, err := procIoctl.Call(uintptr(fd), 0x8004667e, uintptr(unsafe.Pointer(&one))); int32(r) != 0 { // FIONBIO
		t.Fatal(err)
	}
}

func stream(t *testing.T) int {
	t.Helper()
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_STREAM, 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		t.Fatal(err)
	}
	prepare(t, int(h))
	t.Cleanup(func() { windows.Closesocket(h) })
	return int(h)
}

func bound(t *testing.T) int {
	t.Helper()
	fd := stream(t)
	if err := windows.Bind(windows.Handle(fd), &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	return fd
}

func listen(t *testing.T, fd int) address {
	t.Helper()
	if err := windows.Listen(windows.Handle(fd), 100); err != nil {
		t.Fatal(err)
	}
	return nameOf(t, fd)
}

// nameOf returns the address of a bound socket.
func nameOf(t *testing.T, fd int) address {
	t.Helper()
	at, err := windows.Getsockname(windows.Handle(fd))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func connect(t *testing.T, fd int, at address) {
	t.Helper()
	if err := windows.Connect(windows.Handle(fd), at); err != nil && err != windows.WSAEWOULDBLOCK {
		t.Fatal(err)
	}
}

func accept(ln int) (int, error) {
	r, _, err := procAccept.Call(uintptr(ln), 0, 0)
	if windows.Handle(r) == windows.InvalidHandle {
		return -1, err
	}
	return int(r), nil
}

func pendingError(t *testing.T, fd int) error {
	t.Helper()
	const soError = 0x1007 // SO_ERROR of <winsock2.h>
	n, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soError)
	switch {
	case err != nil:
		t.Fatal(err)
	case n == 0:
		return nil
	}
	return syscall.Errno(n)
}

func sendUrgent(t *testing.T, fd int) {
	t.Helper()
	if _, err := call(procSend, fd, []byte("!"), windows.MSG_OOB); err != nil {
		t.Fatal(err)
	}
}

func call(proc *windows.LazyProc, fd int, p []byte, flags uintptr) (int, error) {
	r, _, err := proc.Call(uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags)
	if n := int(int32(r)); n >= 0 {
		return n, nil
	}
	return 0, err
}

func send(fd int, p string) (int, error)    { return call(procSend, fd, []byte(p), 0) }
func receive(fd int, p []byte) (int, error) { return call(procRecv, fd, p, 0) }
func peek(fd int, p []byte) (int, error)    { return call(procRecv, fd, p, windows.MSG_PEEK) }
func closeFD(fd int) error                  { return windows.Closesocket(windows.Handle(fd)) }
func shutdown(fd, how int) error            { return windows.Shutdown(windows.Handle(fd), how) }

func reset(_, b int) error {
	return errors.Join(windows.SetsockoptLinger(windows.Handle(b), windows.SOL_SOCKET, windows.SO_LINGER, &windows.Linger{Onoff: 1}), closeFD(b))
}

// limit skips the test under Wine: it takes minutes there.
func limit(t *testing.T, descriptors uint64) {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skipf("under Wine: %d sockets take minutes, since each call is a message to another process", descriptors)
	}
}

func testHangupOfPipe(t *testing.T, _ opener) {
	t.Skip("AFD takes sockets alone: run this where pipes are polled")
}

// keepers is short: a duplicate of a socket is another handle, which the poller does not know.
var keepers = []keeper{{"one descriptor", func(*testing.T, int) {}}}

// Hold does nothing: no test here has a child.
func Hold() {}

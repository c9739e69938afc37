package loop

import (
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The descriptors of the tests that run on real ones: TCP over loopback, since Windows has no
// socketpair.

var (
	ws2_32          = windows.NewLazySystemDLL("ws2_32.dll")
	procAccept      = ws2_32.NewProc("accept")
	procConnect     = ws2_32.NewProc("connect")
	procGetsockname = ws2_32.NewProc("getsockname")
	procIoctlsocket = ws2_32.NewProc("ioctlsocket")
	procRecv        = ws2_32.NewProc("recv")
	procSend        = ws2_32.NewProc("send")
)

// An address is a struct sockaddr_in: family, port, address, and 8 bytes of nothing.
type address [16]byte

// result is that of a function which returns -1 for an error.
func result(n, _ uintptr, errno syscall.Errno) (int, error) {
	if int32(n) == -1 {
		return 0, errno
	}
	return int(n), nil
}

func nameOf(fd int) (n address, err error) {
	size := int32(len(n))
	_, err = result(syscall.SyscallN(procGetsockname.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&size))))
	return n, err
}

func tcp() (int, error) {
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_STREAM, 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	return int(h), err
}

// door is where all pairs are made.
var door struct {
	sync.Mutex
	fd int // 0: not yet
	at address
}

func openDoor() error {
	if door.fd != 0 {
		return nil
	}
	var data windows.WSAData
	if err := windows.WSAStartup(0x202, &data); err != nil {
		return err
	}
	fd, err := tcp()
	if err == nil {
		err = windows.Bind(windows.Handle(fd), &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = windows.Listen(windows.Handle(fd), 100)
	}
	if err == nil {
		door.at, err = nameOf(fd)
	}
	if err == nil {
		door.fd = fd
	}
	return err
}

// sockets is two connected stream sockets, non-blocking.
func sockets(t testing.TB) (a, b int) {
	t.Helper()
	door.Lock()
	defer door.Unlock()
	err := openDoor()
	if err == nil {
		a, err = tcp()
	}
	if err == nil {
		_, err = result(syscall.SyscallN(procConnect.Addr(), uintptr(a), uintptr(unsafe.Pointer(&door.at)), uintptr(len(door.at))))
	}
	if err == nil {
		b, err = result(syscall.SyscallN(procAccept.Addr(), uintptr(door.fd), 0, 0))
	}
	for _, fd := range []int{a, b} {
		if one := uint32(1); err == nil {
			_, err = result(syscall.SyscallN(procIoctlsocket.Addr(), uintptr(fd), 0x8004667e, uintptr(unsafe.Pointer(&one)))) // FIONBIO
		}
	}
	if err != nil {
		t.Fatalf("a pair of TCP sockets: %v", err)
	}
	return a, b
}

func closeSocket(fd int) { windows.Closesocket(windows.Handle(fd)) }

func recvBytes(fd int, p []byte, peek bool) (int, error) {
	flags := 0
	if peek {
		flags = windows.MSG_PEEK
	}
	n, err := result(syscall.SyscallN(procRecv.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags)))
	return n, orAgain(err)
}

func sendBytes(fd int, p []byte) (int, error) {
	n, err := result(syscall.SyscallN(procSend.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0))
	return n, orAgain(err)
}

func orAgain(err error) error {
	if err == windows.WSAEWOULDBLOCK {
		return ErrAgain
	}
	return err
}

// isBroken says whether err is that the peer is gone.
func isBroken(err error) bool {
	return err == windows.WSAECONNRESET || err == windows.WSAECONNABORTED || err == windows.WSAESHUTDOWN
}

// A canary says whether a descriptor is open, and whether it is still the same one: its address is.
type canary struct {
	fd int
	at address
}

func watchOver(t *testing.T, fd int) canary {
	t.Helper()
	at, err := nameOf(fd)
	if err != nil {
		t.Fatalf("getsockname: %v", err)
	}
	return canary{fd, at}
}

func (c canary) alive() bool {
	at, err := nameOf(c.fd)
	return err == nil && at == c.at
}

// openDescriptors is how many sockets the process has that are bound.
func openDescriptors(t *testing.T) (n int) {
	t.Helper()
	door.Lock()
	defer door.Unlock()
	if err := openDoor(); err != nil {
		t.Fatal(err)
	}
	for fd := 4; fd < 1<<16; fd += 4 { // handles are multiples of 4
		if _, err := nameOf(fd); err == nil {
			n++
		}
	}
	return n
}

// mostDescriptors is how many a test may have: Windows has no limit, but here each pair of them is a
// connection.
func mostDescriptors(*testing.T) int { return 4000 }

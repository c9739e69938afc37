package socktest

import "golang.org/x/sys/windows"

// Recv is recv of a bare SOCKET. Its errors are those of Winsock.
func Recv(fd int, p []byte, flags int) (int, error) {
	buf := windows.WSABuf{Len: uint32(len(p)), Buf: &p[0]}
	var n uint32
	f := uint32(flags)
	err := windows.WSARecv(windows.Handle(fd), &buf, 1, &n, &f, nil, nil)
	return int(n), err
}

// WouldBlock is the error of Recv if there is nothing to receive.
const WouldBlock = windows.WSAEWOULDBLOCK

package sock

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var _ [ShareSize]byte = [unsafe.Sizeof(windows.WSAProtocolInfo{})]byte{}

// fromProtocolInfo is FROM_PROTOCOL_INFO of <winsock2.h>: WSASocket reads the argument from the
// description.
const fromProtocolInfo = -1

func describe(sysfd int, pid uint32) ([]byte, error) {
	data := make([]byte, ShareSize)
	var info windows.WSAProtocolInfo
	if err := windows.WSADuplicateSocket(windows.Handle(sysfd), pid, &info); err != nil {
		return nil, sysErrorOf(err)
	}
	copy(data, (*[ShareSize]byte)(unsafe.Pointer(&info))[:])
	return data, nil
}

func fromShare(data []byte) (sysfd int, err error) {
	var info windows.WSAProtocolInfo // data may be unaligned, so it is copied
	copy((*[ShareSize]byte)(unsafe.Pointer(&info))[:], data)
	sysfd, err = socketOf(&info)
	if err != nil {
		return -1, err
	}
	if err := sysSetNonblock(sysfd, true); err != nil {
		sysClose(sysfd)
		return -1, err
	}
	return sysfd, nil
}

package sock

import "golang.org/x/sys/windows"

var _ = [1]struct{}{}[sioRcvall-SIO_RCVALL+sioKeepaliveVals-SIO_KEEPALIVE_VALS+sioLoopbackFastPath-SIO_LOOPBACK_FAST_PATH]

func wsaIoctl(sysfd int, code uint32, in []byte) (int, error) {
	var out uint32
	err := windows.WSAIoctl(windows.Handle(sysfd), code, &in[0], uint32(len(in)), nil, 0, &out, nil, 0)
	return int(out), sysErrorOf(err)
}

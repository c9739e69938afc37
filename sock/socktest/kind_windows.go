package socktest

// The kinds for a test that needs some pair, whatever its family. Not every Windows has AF_UNIX.
var (
	LocalStream   = TCP
	LocalDatagram = UDP
	LocalPackets  = UDP // the loopback loses no datagram while there is room for it, see SO_RCVBUF
)

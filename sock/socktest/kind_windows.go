package socktest

// The kinds for a test that needs some pair, whatever its family. Not every Windows has AF_UNIX.
var (
	LocalStream   = TCP
	LocalDatagram = UDP
	LocalPackets  = UDP // no datagram is lost on the loopback while the queue has room
)

//go:build unix

package socktest

// The kinds for a test that needs some pair, whatever its family.
var (
	LocalStream   = UnixStream
	LocalDatagram = UnixDatagram
	LocalPackets  = UnixSeqpacket
)

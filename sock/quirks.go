package sock

import "runtime"

// Sockets of a few families behave in a way of their own that the core has to know. Each way is a
// bit of core.flags, set once, when the Socket is made; has looks at it. The table below is the
// only place that knows which sockets have it.
const (
	quirkNamelessPeer = 1 << (16 + iota) // accept(2) reports no address, and a bad one where room for it is given
	quirkAlgorithm                       // SendmsgAfalg works
	quirkConnectOnce                     // a second connect(2) does not say how the first one ended: sysConnected does
	quirkSilentSend                      // a send that becomes possible makes no edge: try again after a time
	quirkWideOptions                     // an option is a number of 64 bits on every level
	quirkFewFlags                        // send takes no flag but MSG_DONTWAIT, and raises no SIGPIPE
)

// anyProto is a row for all protocols of a family.
const anyProto = -1

// quirks are those of Linux, with its numbers (<linux/socket.h>). No other system has sockets of
// this kind.
var quirks = [...]struct {
	family, proto int32
	has           uint32
}{
	{38, anyProto, quirkNamelessPeer | quirkAlgorithm}, // AF_ALG
	{31, anyProto, quirkConnectOnce},                   // AF_BLUETOOTH: EBADFD for RFCOMM and SCO in any state, EINVAL for L2CAP after a failure
	{29, 6, quirkSilentSend},                           // AF_CAN, CAN_ISOTP: before Linux 6.3, while another message is being sent
	{40, anyProto, quirkWideOptions},                   // AF_VSOCK: as in Python
	{21, anyProto, quirkFewFlags},                      // AF_RDS: EOPNOTSUPP for any other flag (rds_sendmsg of net/rds/send.c)
	{42, anyProto, quirkFewFlags},                      // AF_QIPCRTR: EINVAL for any other flag (qrtr_sendmsg of net/qrtr/af_qrtr.c)
}

// quirksOf returns the bits for a socket of that family and protocol.
func quirksOf(family, proto int32) (bits uint32) {
	switch runtime.GOOS {
	case "linux":
	case "windows":
		// WSAEISCONN after success; after a failure another attempt begins.
		return quirkConnectOnce
	default:
		return 0
	}
	for i := range quirks {
		if q := &quirks[i]; q.family == family && (q.proto == anyProto || q.proto == proto) {
			bits |= q.has
		}
	}
	return bits
}

// has says whether the socket has that quirk.
func (s *core) has(quirk uint32) bool { return s.flags.Load()&quirk != 0 }

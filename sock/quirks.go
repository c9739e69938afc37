package sock

import "runtime"

// Sockets of a few families behave in a way of their own that the core has to know. Each way is a
// bit of core.flags, set once, when the Socket is made; has looks at it. The table below is the
// only place that knows which sockets have it.
const (
	quirkNamelessPeer = 1 << (16 + iota) // accept(2) reports no address, and a bad one where room for it is given
	quirkAlgorithm                       // SendmsgAfalg works
	quirkSilentSend                      // a send that becomes possible may make no edge: try again after a time
	quirkPeerQueue                       // it is another socket's queue that is full, which makes no edge here; but each attempt does
	quirkSilentEnd                       // a send that the peer's SHUT_RD has ended makes no edge: try again now and then
	quirkWideOptions                     // an option is a number of 64 bits on every level
	quirkFewFlags                        // send takes no flag but MSG_DONTWAIT, and raises no SIGPIPE
)

// anyProto is a row for all types, or all protocols, of a family.
const anyProto = -1

// quirks are those of Linux, with its numbers (<linux/socket.h>). No other system has sockets of
// this kind.
var quirks = [...]struct {
	family Family
	typ    Type
	proto  Protocol
	has    uint32
}{
	{38, anyProto, anyProto, quirkNamelessPeer | quirkAlgorithm}, // AF_ALG
	{29, anyProto, 6, quirkSilentSend},                           // AF_CAN, CAN_ISOTP: before Linux 6.3, while another message is being sent
	{40, anyProto, anyProto, quirkWideOptions},                   // AF_VSOCK: as in Python
	{40, 1, anyProto, quirkSilentEnd},                            // AF_VSOCK, SOCK_STREAM: vsock_poll of net/vmw_vsock/af_vsock.c has no event for the end of sends
	{40, 5, anyProto, quirkSilentEnd},                            // AF_VSOCK, SOCK_SEQPACKET
	{40, 2, anyProto, quirkSilentSend},                           // AF_VSOCK, SOCK_DGRAM
	{30, 2, anyProto, quirkSilentSend},                           // AF_TIPC, SOCK_DGRAM: links that are congested
	{30, 4, anyProto, quirkSilentSend},                           // and SOCK_RDM
	{21, anyProto, anyProto, quirkFewFlags | quirkSilentSend},    // AF_RDS: EOPNOTSUPP for any other flag (rds_sendmsg of net/rds/send.c); congestion
	{42, anyProto, anyProto, quirkFewFlags | quirkSilentSend},    // AF_QIPCRTR: EINVAL for any other flag (qrtr_sendmsg of net/qrtr/af_qrtr.c); flow control
	{16, anyProto, anyProto, quirkPeerQueue},                     // AF_NETLINK: netlink_attachskb of net/netlink/af_netlink.c
	{1, 1, anyProto, quirkSilentEnd},                             // AF_UNIX, SOCK_STREAM: unix_shutdown of net/unix/af_unix.c wakes, and poll(2) has no event for it
	{1, 2, anyProto, quirkSilentEnd},                             // AF_UNIX, SOCK_DGRAM
	{1, 5, anyProto, quirkSilentEnd},                             // AF_UNIX, SOCK_SEQPACKET
}

// quirksOf returns the bits for a socket of that family, type and protocol.
func quirksOf(family Family, typ Type, proto Protocol) (bits uint32) {
	if runtime.GOOS != "linux" {
		return 0
	}
	for i := range quirks {
		if q := &quirks[i]; q.family == family && (q.typ == anyProto || q.typ == typ) && (q.proto == anyProto || q.proto == proto) {
			bits |= q.has
		}
	}
	return bits
}

// has says whether the socket has that quirk.
func (s *core) has(quirk uint32) bool { return s.flags.Load()&quirk != 0 }

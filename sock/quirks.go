package sock

import "runtime"

// Sockets of a few families behave in special ways that the core must know. Each quirk is a bit of
// core.flags, set once, when the Socket is made; the method has reads it. Only the table below
// knows which sockets have a quirk.
const (
	quirkNamelessPeer = 1 << (16 + iota) // accept(2) reports no address, and a bad one where room for it is given
	quirkAlgorithm                       // SendmsgAfalg works; and each attempt to receive makes an edge for the next one
	quirkSilentSend                      // a send may become possible without an edge: try again after a time
	quirkPeerQueue                       // the full queue is another socket's, and makes no edge here when it drains; but each attempt makes one
	quirkSilentEnd                       // the peer's SHUT_RD ends a blocked send without an edge: try again after a time
	quirkWideOptions                     // options are numbers of 64 bits on every level
	quirkFewFlags                        // send takes no flag but MSG_DONTWAIT, and raises no SIGPIPE
	quirkEndOfWait                       // with no connection left a receive that blocks returns ENOTCONN, and another EAGAIN for ever: see receiveEnd
	quirkSlowClose                       // close(2) and shutdown(2) of a connection with a full queue wait
)

// anyProto is a row for all types, or all protocols, of a family.
const anyProto = -1

// quirks lists the special sockets of Linux, by the numbers of <linux/socket.h>. No other system
// has such sockets.
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
	{2, anyProto, protoSCTP, quirkEndOfWait},                     // SCTP: sctp_wait_for_packet of net/sctp/socket.c
	{10, anyProto, protoSCTP, quirkEndOfWait},                    // and on AF_INET6
	{30, 1, anyProto, quirkEndOfWait | quirkSlowClose},           // AF_TIPC, SOCK_STREAM: tipc_wait_for_rcvmsg and __tipc_shutdown of net/tipc/socket.c
	{30, 5, anyProto, quirkEndOfWait | quirkSlowClose},           // and SOCK_SEQPACKET
	{30, 2, anyProto, quirkSilentSend | quirkEndOfWait},          // AF_TIPC, SOCK_DGRAM: links that are congested; ENOTCONN after a shutdown
	{30, 4, anyProto, quirkSilentSend | quirkEndOfWait},          // and SOCK_RDM
	{31, 5, anyProto, quirkEndOfWait},                            // AF_BLUETOOTH, SOCK_SEQPACKET: __skb_wait_for_more_packets of net/core/datagram.c
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

// quirksOfDescriptor sets what the loop must know about the descriptor.
func (s *core) quirksOfDescriptor() {
	if s.has(quirkSlowClose) {
		s.fd.SetSlowClose()
	}
	if s.has(quirkEndOfWait) && s.proto == protoSCTP && s.ofType(SOCK_STREAM) {
		// The end of an association that this side has shut down makes a write edge
		// (sctp_cmd_new_state of net/sctp/sm_sideeffect.c wakes, and sctp_poll reports EPOLLOUT).
		s.fd.ReadAtWriteEdges()
	}
}

// has reports whether the socket has that quirk.
func (s *core) has(quirk uint32) bool { return s.flags.Load()&quirk != 0 }

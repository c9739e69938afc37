package sock

import (
	"encoding/binary"
	"fmt"
	"syscall"
)

// The origins of an entry in the error queue: <linux/errqueue.h>.
const (
	SO_EE_ORIGIN_NONE         = 0
	SO_EE_ORIGIN_LOCAL        = 1 // this host
	SO_EE_ORIGIN_ICMP         = 2 // an ICMP packet
	SO_EE_ORIGIN_ICMP6        = 3 // an ICMPv6 packet
	SO_EE_ORIGIN_TIMESTAMPING = 4 // no error: the time when a packet was sent
	SO_EE_ORIGIN_ZEROCOPY     = 5 // no error: the buffers of MSG_ZEROCOPY sends are free
	SO_EE_ORIGIN_TXTIME       = 6 // a packet that missed the time of its SCM_TXTIME
)

// SO_EE_CODE_ZEROCOPY_COPIED is a code of SO_EE_ORIGIN_ZEROCOPY: the kernel copied the data, so
// zero-copy gained nothing.
const SO_EE_CODE_ZEROCOPY_COPIED = 1

// The values of QueuedError.Info for SO_EE_ORIGIN_TIMESTAMPING: <linux/errqueue.h>.
const (
	SCM_TSTAMP_SND   = 0 // the packet was given to the network card
	SCM_TSTAMP_SCHED = 1 // the packet came to the packet scheduler
	SCM_TSTAMP_ACK   = 2 // the peer has acknowledged all of the data
)

// A QueuedError is an entry of the error queue of a socket on Linux. It says why a packet did not
// arrive, or reports another event of a send. It is an error that wraps Errno.
//
//	struct sock_extended_err {      <linux/errqueue.h>
//		__u32 ee_errno;         //  0
//		__u8  ee_origin;        //  4
//		__u8  ee_type;          //  5
//		__u8  ee_code;          //  6
//		__u8  ee_pad;           //  7
//		__u32 ee_info;          //  8
//		__u32 ee_data;          // 12
//	};                              // 16: a struct sockaddr_in or sockaddr_in6, SO_EE_OFFENDER
type QueuedError struct {
	Errno      syscall.Errno // ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, …; ENOMSG for a timestamp, 0 for MSG_ZEROCOPY
	Origin     uint8         // SO_EE_ORIGIN_*
	Type, Code uint8         // the type and code of ICMP or ICMPv6: RFC 792, RFC 4443
	Info       uint32        // for EMSGSIZE: the MTU; for a timestamp: SCM_TSTAMP_*
	Data       uint32        // for a timestamp with SOF_TIMESTAMPING_OPT_ID: the number of the packet
	Offender   Addr          // the sender of the ICMP packet; the zero Addr for other origins
}

// errorQueues lists the level and the type of an entry in the families that only Linux has.
var errorQueues = [...]struct{ level, typ int }{
	{263, 16}, // SOL_PACKET, PACKET_TX_TIMESTAMP: <linux/if_packet.h>
	{101, 1},  // SOL_CAN_RAW, SCM_CAN_RAW_ERRQUEUE: <linux/can/raw.h>
	{107, 4},  // SOL_CAN_J1939, SCM_J1939_ERRQUEUE: <linux/can/j1939.h>
	{274, 4},  // SOL_BLUETOOTH, BT_SCM_ERROR: <net/bluetooth/bluetooth.h>
	{287, 1},  // SOL_VSOCK, VSOCK_RECVERR: <linux/vm_sockets.h>
}

// QueuedError reads an entry of the error queue, which recvmsg(2) returns with MSG_ERRQUEUE: an
// item of the type IP_RECVERR or IPV6_RECVERR, or of AF_PACKET, AF_CAN, AF_BLUETOOTH or AF_VSOCK.
func (c Control) QueuedError() (QueuedError, bool) {
	b := c.Data
	is := c.is(IPPROTO_IP, numbers.recverr) || c.is(IPPROTO_IPV6, numbers.recverr6)
	for _, q := range errorQueues {
		is = is || c.is(q.level, q.typ)
	}
	if !is || len(b) < 16 {
		return QueuedError{}, false
	}
	e := binary.NativeEndian
	q := QueuedError{syscall.Errno(e.Uint32(b)), b[4], b[5], b[6], e.Uint32(b[8:]), e.Uint32(b[12:]), Addr{}}
	q.Offender, _ = inetSockaddr(b[16:]) // AF_UNSPEC if the entry has no offender
	return q, true
}

// ZeroCopy returns the numbers of the MSG_ZEROCOPY sends that have ended: first to last, both
// included. Their buffers are free. ok is false if e has another origin.
//
// The first successful send on the socket has number 0. Failed sends are not counted, and the
// numbers wrap at 2³². copied means that the system copied the data, so zero-copy gained nothing.
func (e QueuedError) ZeroCopy() (first, last uint32, copied, ok bool) {
	if e.Origin != SO_EE_ORIGIN_ZEROCOPY {
		return 0, 0, false, false
	}
	return e.Info, e.Data, e.Code&SO_EE_CODE_ZEROCOPY_COPIED != 0, true
}

func (e QueuedError) Error() string {
	switch e.Origin {
	case SO_EE_ORIGIN_LOCAL:
		return e.Errno.Error() + ", reported by this host"
	case SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6:
		name := "ICMP"
		if e.Origin == SO_EE_ORIGIN_ICMP6 {
			name = "ICMPv6"
		}
		return fmt.Sprintf("%s, reported by %s with %s type %d code %d", e.Errno.Error(), e.Offender.Host(), name, e.Type, e.Code)
	case SO_EE_ORIGIN_TIMESTAMPING:
		return fmt.Sprintf("timestamp of packet %d", e.Data)
	case SO_EE_ORIGIN_ZEROCOPY:
		return fmt.Sprintf("zero-copy sends %d to %d have ended", e.Info, e.Data)
	}
	return fmt.Sprintf("%s, origin %d", e.Errno.Error(), e.Origin)
}

// Unwrap returns the errno.
func (e QueuedError) Unwrap() error { return e.Errno }

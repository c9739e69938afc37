package can

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Constants of <linux/can/j1939.h> beyond those that package sock has.
const (
	SOL_CAN_J1939 = 107

	// Items of J1939Event.
	j1939BytesAcked = 1 // J1939_NLA_BYTES_ACKED
	j1939TotalSize  = 2 // J1939_NLA_TOTAL_SIZE
	j1939PGN        = 3 // J1939_NLA_PGN
	j1939SrcName    = 4 // J1939_NLA_SRC_NAME
	j1939DestName   = 5 // J1939_NLA_DEST_NAME
	j1939SrcAddr    = 6 // J1939_NLA_SRC_ADDR
	j1939DestAddr   = 7 // J1939_NLA_DEST_ADDR

	// Values of J1939Event.Info; package sock has the first two.
	J1939_EE_INFO_RX_RTS   = 2 // a message of many frames begins to arrive (Linux 5.15)
	J1939_EE_INFO_RX_DPO   = 3 // its next part begins to arrive (Linux 5.15)
	J1939_EE_INFO_RX_ABORT = 4 // it was aborted (Linux 5.15)

	j1939Filter    = 1    // SO_J1939_FILTER
	j1939NoAddr    = 0xff // J1939_NO_ADDR
	j1939FilterMax = 512  // J1939_FILTER_MAX

	scmJ1939DestAddr = 1 // SCM_J1939_DEST_ADDR
	scmJ1939DestName = 2 // SCM_J1939_DEST_NAME
	scmJ1939Prio     = 3 // SCM_J1939_PRIO
	scmJ1939Errqueue = 4 // SCM_J1939_ERRQUEUE
)

// A J1939Filter chooses messages that a CAN_J1939 socket receives: struct j1939_filter of
// <linux/can/j1939.h>. A message passes if its sender's name, its sender's address and its PGN
// equal the filter's in all bits of the masks.
type J1939Filter struct {
	Name, NameMask uint64
	PGN, PGNMask   uint32
	Addr, AddrMask uint8
}

// j1939FilterSize returns sizeof(struct j1939_filter) in the kernel, with the padding at its end. A
// __u64 is aligned to 4 bytes on a 386 only.
func j1939FilterSize(goarch string, long int) int {
	if goarch == "386" && long == 4 {
		return 28
	}
	return 32
}

// AppendJ1939Filters appends the value of SO_J1939_FILTER to b.
func AppendJ1939Filters(b []byte, filters ...J1939Filter) []byte {
	return appendJ1939Filters(b, j1939FilterSize(runtime.GOARCH, kernelLong()), filters)
}

func appendJ1939Filters(b []byte, size int, filters []J1939Filter) []byte {
	// struct j1939_filter {
	//     0 name_t name;          __u64
	//     8 name_t name_mask;
	//    16 pgn_t pgn;            __u32
	//    20 pgn_t pgn_mask;
	//    24 __u8 addr;
	//    25 __u8 addr_mask;
	// };
	for _, f := range filters {
		b = binary.NativeEndian.AppendUint64(b, f.Name)
		b = binary.NativeEndian.AppendUint64(b, f.NameMask)
		b = binary.NativeEndian.AppendUint32(b, f.PGN)
		b = binary.NativeEndian.AppendUint32(b, f.PGNMask)
		b = append(b, f.Addr, f.AddrMask)
		b = append(b, make([]byte, size-26)...)
	}
	return b
}

// SetJ1939Filters sets SO_J1939_FILTER. The socket receives a message that passes any of the
// filters. Without filters, as in a new socket, it receives every message that is addressed to it.
// With SO_J1939_PROMISC, an int option of the same level, it also receives messages to others.
//
// Errors: a *sock.ArgError for more than J1939_FILTER_MAX; errors.ErrUnsupported on a system other
// than Linux.
func SetJ1939Filters(s *sock.Socket, filters ...J1939Filter) error {
	if len(filters) > j1939FilterMax {
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "filters", Value: len(filters), Rule: "at most 512 J1939 filters"})
	}
	return linux.SetOption(s, "SO_J1939_FILTER", SOL_CAN_J1939, j1939Filter, AppendJ1939Filters(nil, filters...))
}

// J1939Info has the ancillary data of a received message.
type J1939Info struct {
	DestAddr uint8  // the address that it was sent to; J1939_NO_ADDR for a broadcast
	DestName uint64 // the name that it was sent to, or 0
	Priority uint8  // 0, the highest, to 7
}

// J1939InfoSpace is the room in bytes that the ancillary data of a message need.
const J1939InfoSpace = 3 * 32

// ParseJ1939Info reads the ancillary data that Recvmsg returned with a message. ok is false if none
// of it is of J1939.
func ParseJ1939Info(items []sock.Control) (info J1939Info, ok bool) {
	info.DestAddr = j1939NoAddr
	for _, c := range items {
		if c.Level != SOL_CAN_J1939 {
			continue
		}
		switch {
		case c.Type == scmJ1939DestAddr && len(c.Data) >= 1:
			info.DestAddr = c.Data[0]
		case c.Type == scmJ1939DestName && len(c.Data) >= 8:
			info.DestName = binary.NativeEndian.Uint64(c.Data)
		case c.Type == scmJ1939Prio && len(c.Data) >= 1:
			info.Priority = c.Data[0]
		default:
			continue
		}
		ok = true
	}
	return info, ok
}

// A J1939Event comes from the error queue of a CAN_J1939 socket. It reports that a message was
// sent, was acknowledged, or failed. The socket needs the option SO_J1939_ERRQUEUE, and
// SO_TIMESTAMPING with the events to report: SOF_TIMESTAMPING_TX_SCHED, TX_ACK, RX_SOFTWARE,
// together with OPT_CMSG, OPT_STATS and, for Key, OPT_ID.
type J1939Event struct {
	Errno syscall.Errno // ENOMSG without a failure; else the reason of the failure
	// SO_EE_ORIGIN_TIMESTAMPING (4) without a failure, SO_EE_ORIGIN_LOCAL (1) for a failure.
	Origin uint8
	// SCM_TSTAMP_SCHED (1), SCM_TSTAMP_ACK (2), J1939_EE_INFO_TX_ABORT for a failure, or
	// J1939_EE_INFO_RX_*.
	Info uint32
	// The number of the message among those of the socket, from 0; all its events have it.
	Key uint32

	Time time.Time // when it happened; the zero Time if unknown

	BytesAcked uint32 // of a message that is being sent: the bytes sent so far

	// These are set for a message that is being received: J1939_EE_INFO_RX_*.
	TotalSize         uint32
	PGN               uint32
	SrcName, DestName uint64
	SrcAddr, DestAddr uint8
}

// ParseJ1939Event reads the ancillary data that Recvmsg with MSG_ERRQUEUE returned. ok is false if
// they are not such an event. Its Time is set on Linux only.
func ParseJ1939Event(items []sock.Control) (e J1939Event, ok bool) {
	e.SrcAddr, e.DestAddr = j1939NoAddr, j1939NoAddr
	for _, c := range items {
		switch {
		case c.Level == SOL_CAN_J1939 && c.Type == scmJ1939Errqueue && len(c.Data) >= 16:
			// struct sock_extended_err of <linux/errqueue.h> {
			//     0 __u32 ee_errno;
			//     4 __u8 ee_origin, ee_type, ee_code, ee_pad;
			//     8 __u32 ee_info;
			//    12 __u32 ee_data;
			// };
			e.Errno, e.Origin = syscall.Errno(binary.NativeEndian.Uint32(c.Data)), c.Data[4]
			e.Info, e.Key = binary.NativeEndian.Uint32(c.Data[8:]), binary.NativeEndian.Uint32(c.Data[12:])
			ok = true
		case c.Level == linuxSolSocket && c.Type == scmTimestampingOptStats:
			e.stats(c.Data)
		default:
			if stamps, ok := c.Timestamping(); ok {
				e.Time = stamps.Software
			}
		}
	}
	return e, ok
}

// scmTimestampingOptStats is SCM_TIMESTAMPING_OPT_STATS of <asm/socket.h>, the same on all
// processors that Go has.
const scmTimestampingOptStats = 54

// linuxSolSocket is the SOL_SOCKET of Linux, also on a system where it is another number.
var linuxSolSocket = func() int {
	if runtime.GOOS == "linux" {
		return sock.SOL_SOCKET
	}
	return 1
}()

// stats reads the netlink attributes of SCM_TIMESTAMPING_OPT_STATS: {__u16 len; __u16 type; data},
// each at a multiple of 4.
func (e *J1939Event) stats(b []byte) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		data := b[4:n]
		switch typ := binary.NativeEndian.Uint16(b[2:]); {
		case typ == j1939BytesAcked && len(data) >= 4:
			e.BytesAcked = binary.NativeEndian.Uint32(data)
		case typ == j1939TotalSize && len(data) >= 4:
			e.TotalSize = binary.NativeEndian.Uint32(data)
		case typ == j1939PGN && len(data) >= 4:
			e.PGN = binary.NativeEndian.Uint32(data)
		case typ == j1939SrcName && len(data) >= 8:
			e.SrcName = binary.NativeEndian.Uint64(data)
		case typ == j1939DestName && len(data) >= 8:
			e.DestName = binary.NativeEndian.Uint64(data)
		case typ == j1939SrcAddr && len(data) >= 1:
			e.SrcAddr = data[0]
		case typ == j1939DestAddr && len(data) >= 1:
			e.DestAddr = data[0]
		}
		b = b[min((n+3)&^3, len(b)):]
	}
}

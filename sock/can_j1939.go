package sock

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"time"
)

// More of <linux/can/j1939.h> than Python has.
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

	// J1939Event.Info. The first two are in Python too.
	J1939_EE_INFO_RX_RTS   = 2 // a long message has begun to come (Linux 5.15)
	J1939_EE_INFO_RX_DPO   = 3 // its next part has (Linux 5.15)
	J1939_EE_INFO_RX_ABORT = 4 // it will not end (Linux 5.15)

	j1939Filter    = 1    // SO_J1939_FILTER
	j1939NoAddr    = 0xff // J1939_NO_ADDR
	j1939FilterMax = 512  // J1939_FILTER_MAX

	scmJ1939DestAddr = 1 // SCM_J1939_DEST_ADDR
	scmJ1939DestName = 2 // SCM_J1939_DEST_NAME
	scmJ1939Prio     = 3 // SCM_J1939_PRIO
	scmJ1939Errqueue = 4 // SCM_J1939_ERRQUEUE
)

// A J1939Filter says which messages a CAN_J1939 socket receives: struct j1939_filter of <linux/can/j1939.h>. A message passes if
// its sender's name and address and its PGN are equal to the filter's in all bits of the masks.
type J1939Filter struct {
	Name, NameMask uint64
	PGN, PGNMask   uint32
	Addr, AddrMask uint8
}

// j1939FilterSize is sizeof(struct j1939_filter), with the padding behind it, as the kernel has it: a __u64 is aligned to 4 on a 386
// only.
func j1939FilterSize(goarch string, long int) int {
	if goarch == "386" && long == 4 {
		return 28
	}
	return 32
}

// AppendJ1939Filters appends filters to b as SO_J1939_FILTER wants them.
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

// SetJ1939Filters sets SO_J1939_FILTER: the socket receives a message that any of the filters lets pass. None at all: every message
// that is for it, as in a new socket. SO_J1939_PROMISC, an int option of the same level, opens it to what is for others.
//
// Errors: an *ArgError for more than J1939_FILTER_MAX; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetJ1939Filters(filters ...J1939Filter) error {
	if len(filters) > j1939FilterMax {
		return s.fail("setsockopt", Addr{}, &ArgError{"filters", len(filters), "at most 512 J1939 filters"})
	}
	return s.setLinuxOption("SO_J1939_FILTER", SOL_CAN_J1939, j1939Filter, AppendJ1939Filters(nil, filters...))
}

// J1939Info is what the ancillary data of a received message say.
type J1939Info struct {
	DestAddr uint8  // to whom it went: J1939_NO_ADDR if to all
	DestName uint64 // the receiver's name, 0 if it has none
	Priority uint8  // 0, the highest, to 7
}

// J1939InfoSpace is the room that the ancillary data of a J1939 message need.
const J1939InfoSpace = 3 * 32

// ParseJ1939Info reads the ancillary data of a message that Recvmsg of a CAN_J1939 socket gave. ok is whether there were any of
// J1939.
func ParseJ1939Info(items []Control) (info J1939Info, ok bool) {
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

// A J1939Event is what the error queue of a CAN_J1939 socket tells of a message under way: that it was sent, that it was
// acknowledged, or that it failed. The socket wants SO_J1939_ERRQUEUE and, in SO_TIMESTAMPING, what is to be told:
// SOF_TIMESTAMPING_TX_SCHED, TX_ACK, RX_SOFTWARE, with OPT_CMSG, OPT_STATS and, for Key, OPT_ID.
type J1939Event struct {
	Errno  syscall.Errno // ENOMSG of what is no failure; else why it failed
	Origin uint8         // SO_EE_ORIGIN_TIMESTAMPING (4) of what is no failure, SO_EE_ORIGIN_LOCAL (1) of a failure
	Info   uint32        // SCM_TSTAMP_SCHED (1), SCM_TSTAMP_ACK (2); of a failure J1939_EE_INFO_TX_ABORT; or J1939_EE_INFO_RX_*
	Key    uint32        // which message of the socket: 0, 1, …, the same in all events of it

	Time time.Time // when; the zero Time if it was not told

	BytesAcked uint32 // of a message that is sent: how much of it has gone

	// Of a message that comes: J1939_EE_INFO_RX_*.
	TotalSize         uint32
	PGN               uint32
	SrcName, DestName uint64
	SrcAddr, DestAddr uint8
}

// ParseJ1939Event reads the ancillary data that Recvmsg with MSG_ERRQUEUE of a CAN_J1939 socket gave. ok is whether they are such
// an event.
func ParseJ1939Event(items []Control) (e J1939Event, ok bool) {
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
		case c.Level == linuxSolSocket && c.Type == scmTimestamping:
			// The first of three struct timespec is the software's.
			if at, ok := decodeTime(c.Data[:len(c.Data)/3], time.Nanosecond); ok {
				e.Time = known(at)
			}
		}
	}
	return e, ok
}

// <asm/socket.h>, the same on all processors that Go has.
const (
	scmTimestamping         = 37 // SCM_TIMESTAMPING, with time_t as long as a C long
	scmTimestampingOptStats = 54 // SCM_TIMESTAMPING_OPT_STATS
)

// linuxSolSocket is Linux's SOL_SOCKET, on systems where that is another number too.
var linuxSolSocket = func() int {
	if runtime.GOOS == "linux" {
		return SOL_SOCKET
	}
	return 1
}()

// stats reads the netlink attributes of SCM_TIMESTAMPING_OPT_STATS: {__u16 len; __u16 type; data}, each at a multiple of 4.
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

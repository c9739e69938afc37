package sock

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// More of <linux/tipc.h> than Python has.
const (
	TIPC_NODE_STATE     = 0  // a service type that each node of the cluster binds: its instance is the node
	TIPC_LINK_STATE     = 2  // one for each link
	TIPC_RESERVED_TYPES = 64 // the lowest service type for users

	TIPC_MAX_USER_MSG_SIZE = 66000

	// Why a message came back, in TIPCInfo.Err.
	TIPC_OK            = 0
	TIPC_ERR_NO_NAME   = 1
	TIPC_ERR_NO_PORT   = 2
	TIPC_ERR_NO_NODE   = 3
	TIPC_ERR_OVERLOAD  = 4
	TIPC_CONN_SHUTDOWN = 5

	// Ancillary data, which ParseTIPCInfo reads.
	TIPC_ERRINFO  = 1
	TIPC_RETDATA  = 2
	TIPC_DESTNAME = 3

	// Options of level SOL_TIPC. Those without another word are ints.
	TIPC_NODE_RECVQ_DEPTH = 131 // read only
	TIPC_SOCK_RECVQ_DEPTH = 132 // read only: messages that wait here
	TIPC_MCAST_BROADCAST  = 133 // no value: see SetsockoptNil
	TIPC_MCAST_REPLICAST  = 134 // no value
	TIPC_GROUP_JOIN       = 135 // JoinTIPCGroup
	TIPC_GROUP_LEAVE      = 136 // LeaveTIPCGroup
	TIPC_SOCK_RECVQ_USED  = 137 // read only: their bytes
	TIPC_NODELAY          = 138

	// TIPCGroup.Flags.
	TIPC_GROUP_LOOPBACK    = 0x1 // one's own messages come back
	TIPC_GROUP_MEMBER_EVTS = 0x2 // an empty message with MSG_OOB says that a member came, with MSG_EOR too that it went

	solTIPC = 271 // SOL_TIPC

	// TIPC_SUB_PORTS | TIPC_SUB_SERVICE | TIPC_SUB_CANCEL: by them the kernel too tells the byte order.
	tipcSubFilters = 0x7
)

// A TIPCSubscription asks the topology server to tell of a service: struct tipc_subscr of <linux/tipc.h>. It is sent on a
// SOCK_SEQPACKET socket that is connected to the service {TIPC_TOP_SRV, TIPC_TOP_SRV}; the answers are TIPCEvents.
type TIPCSubscription struct {
	Type, Lower, Upper uint32 // the service and its instances

	// Timeout is how long it lasts, to the millisecond, less than 49 days. A negative one is for ever.
	Timeout time.Duration

	Filter uint32  // TIPC_SUB_PORTS: each one that binds; TIPC_SUB_SERVICE: the first and the last; with TIPC_SUB_CANCEL no more
	Handle [8]byte // the subscriber's own: it is in each event
}

const (
	tipcSubscriptionSize = 28
	tipcEventSize        = 48
)

// Append appends the structure to b. The server takes either byte order and answers in it: order is the host's if nil.
//
// Error: an *ArgError for a Timeout that is too long.
func (t TIPCSubscription) Append(b []byte, order binary.AppendByteOrder) ([]byte, error) {
	// struct tipc_subscr {
	//     0 __u32 seq.type, seq.lower, seq.upper;
	//    12 __u32 timeout;       in ms; ~0 is for ever
	//    16 __u32 filter;
	//    20 char usr_handle[8];
	// };
	if order == nil {
		order = binary.NativeEndian
	}
	timeout := uint32(math.MaxUint32)
	if t.Timeout >= 0 {
		ms := (t.Timeout + time.Millisecond - 1) / time.Millisecond
		if ms >= math.MaxUint32 {
			return b, &ArgError{"Timeout", t.Timeout, "must be less than 49 days, or negative for ever"}
		}
		timeout = uint32(ms)
	}
	for _, v := range [...]uint32{t.Type, t.Lower, t.Upper, timeout, t.Filter} {
		b = order.AppendUint32(b, v)
	}
	return append(b, t.Handle[:]...), nil
}

// DecodeTIPCSubscription reads the structure, in whichever byte order it is: one of Filter's bits must be set.
//
// Error: an *ArgError for another number of bytes.
func DecodeTIPCSubscription(b []byte) (TIPCSubscription, error) {
	if len(b) != tipcSubscriptionSize {
		return TIPCSubscription{}, &ArgError{"subscription", len(b), "struct tipc_subscr has 28 bytes"}
	}
	return tipcSubscription(b, tipcOrder(b)), nil
}

// tipcOrder is the byte order of a struct tipc_subscr: the one that makes its filter have a bit that there is.
func tipcOrder(b []byte) binary.ByteOrder {
	if binary.NativeEndian.Uint32(b[16:])&tipcSubFilters != 0 {
		return binary.NativeEndian
	}
	if bigEndian {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func tipcSubscription(b []byte, order binary.ByteOrder) TIPCSubscription {
	t := TIPCSubscription{Type: order.Uint32(b), Lower: order.Uint32(b[4:]), Upper: order.Uint32(b[8:]), Timeout: -1,
		Filter: order.Uint32(b[16:]), Handle: [8]byte(b[20:])}
	if ms := order.Uint32(b[12:]); ms != math.MaxUint32 {
		t.Timeout = time.Duration(ms) * time.Millisecond
	}
	return t
}

// A TIPCEvent is an answer of the topology server: struct tipc_event of <linux/tipc.h>.
type TIPCEvent struct {
	Event        uint32 // TIPC_PUBLISHED, TIPC_WITHDRAWN or TIPC_SUBSCR_TIMEOUT
	Lower, Upper uint32 // the instances
	Ref, Node    uint32 // the socket: an address of TIPC_ADDR_ID

	Subscription TIPCSubscription // which one it answers
}

// DecodeTIPCEvent reads exactly the bytes that the topology server sent, in whichever byte order the subscription was.
//
// Error: an *ArgError for another number of bytes.
func DecodeTIPCEvent(b []byte) (TIPCEvent, error) {
	// struct tipc_event {
	//     0 __u32 event;
	//     4 __u32 found_lower, found_upper;
	//    12 __u32 port.ref, port.node;
	//    20 struct tipc_subscr s;
	// };
	if len(b) != tipcEventSize {
		return TIPCEvent{}, &ArgError{"event", len(b), "struct tipc_event has 48 bytes"}
	}
	order := tipcOrder(b[20:])
	return TIPCEvent{order.Uint32(b), order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint32(b[12:]), order.Uint32(b[16:]),
		tipcSubscription(b[20:], order)}, nil
}

// String is "published 18888:17 at 1234:0".
func (e TIPCEvent) String() string {
	name := fmt.Sprintf("event %d", e.Event)
	switch e.Event {
	case 1:
		name = "published"
	case 2:
		name = "withdrawn"
	case 3:
		return fmt.Sprintf("timeout of %d:%d-%d", e.Subscription.Type, e.Subscription.Lower, e.Subscription.Upper)
	}
	instances := fmt.Sprint(e.Lower)
	if e.Upper != e.Lower {
		instances += fmt.Sprint("-", e.Upper)
	}
	return fmt.Sprintf("%s %d:%s at %d:%d", name, e.Subscription.Type, instances, e.Ref, e.Node)
}

// A TIPCGroup is the request to join a group of sockets that send to each other with flow control: struct tipc_group_req of
// <linux/tipc.h>. The socket is a SOCK_RDM.
type TIPCGroup struct {
	Type     uint32 // the group
	Instance uint32 // who one is in it; need not be unique
	Scope    uint32 // TIPC_CLUSTER_SCOPE or TIPC_NODE_SCOPE
	Flags    uint32 // TIPC_GROUP_LOOPBACK, TIPC_GROUP_MEMBER_EVTS
}

// Append appends the structure to b.
func (g TIPCGroup) Append(b []byte) []byte {
	// struct tipc_group_req { __u32 type; __u32 instance; __u32 scope; __u32 flags; };
	for _, v := range [...]uint32{g.Type, g.Instance, g.Scope, g.Flags} {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

// JoinTIPCGroup sets TIPC_GROUP_JOIN. To send to all of the group is Send; to one member, any of an instance or all of an instance is
// Sendto an address of TIPC_ADDR_ID, TIPC_ADDR_NAME or TIPC_ADDR_NAMESEQ.
//
// Errors: EINVAL for a type below TIPC_RESERVED_TYPES, or a scope; EADDRINUSE or EACCES if the socket is bound or in a group;
// errors.ErrUnsupported, but on Linux.
func (s *Socket) JoinTIPCGroup(g TIPCGroup) error {
	return s.setLinuxOption("TIPC_GROUP_JOIN", solTIPC, TIPC_GROUP_JOIN, g.Append(nil))
}

// LeaveTIPCGroup sets TIPC_GROUP_LEAVE.
//
// Errors: EINVAL outside of a group; errors.ErrUnsupported, but on Linux.
func (s *Socket) LeaveTIPCGroup() error {
	if err := onlyLinux("TIPC_GROUP_LEAVE"); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.SetsockoptNil(solTIPC, TIPC_GROUP_LEAVE, 0)
}

// TIPCInfo is what the ancillary data of a received message say.
type TIPCInfo struct {
	Err      uint32 // why a message of one's own came back, or why the connection ended: TIPC_ERR_NO_NAME, …; TIPC_OK of any other
	Returned []byte // what came back of it, at most 1024 bytes; the data of the items, not a copy

	// The name that it was sent to, if it was to a name: as Type, and Lower to Upper.
	Named              bool
	Type, Lower, Upper uint32
}

// TIPCInfoSpace is the room that the ancillary data of a TIPC message need.
const TIPCInfoSpace = 3*24 + 1024 + 16

// ParseTIPCInfo reads the ancillary data of a message that Recvmsg of an AF_TIPC socket gave. ok is whether there were any of TIPC.
func ParseTIPCInfo(items []Control) (info TIPCInfo, ok bool) {
	for _, c := range items {
		if c.Level != solTIPC {
			continue
		}
		switch {
		case c.Type == TIPC_ERRINFO && len(c.Data) >= 8: // __u32 error, length of the data
			info.Err = binary.NativeEndian.Uint32(c.Data)
		case c.Type == TIPC_RETDATA:
			info.Returned = c.Data
		case c.Type == TIPC_DESTNAME && len(c.Data) >= 12: // __u32 type, lower, upper
			info.Named = true
			info.Type, info.Lower = binary.NativeEndian.Uint32(c.Data), binary.NativeEndian.Uint32(c.Data[4:])
			info.Upper = binary.NativeEndian.Uint32(c.Data[8:])
		default:
			continue
		}
		ok = true
	}
	return info, ok
}

// TIPCNodeID is the identity of a node of the cluster by its number, 16 bytes; that of this one for 0.
//
// Errors: EADDRNOTAVAIL for a node that is not known; ENOTTY for a program of 32 bits on a kernel of 64; errors.ErrUnsupported, but on Linux.
func (s *Socket) TIPCNodeID(node uint32) (id [16]byte, err error) {
	// struct tipc_sioc_nodeid_req { __u32 peer; char node_id[16]; };
	var req [20]byte
	binary.NativeEndian.PutUint32(req[:], node)
	err = s.tipcIoctl("SIOCGETNODEID", siocGetNodeID, req[:])
	return [16]byte(req[4:]), err
}

// TIPCLinkName is the name of the link to a node over one of this one's bearers, by their numbers.
//
// Errors: EADDRNOTAVAIL for a link that there is not; ENOTTY for a program of 32 bits on a kernel of 64; errors.ErrUnsupported, but on Linux.
func (s *Socket) TIPCLinkName(node, bearer uint32) (string, error) {
	// struct tipc_sioc_ln_req { __u32 peer; __u32 bearer_id; char linkname[68]; };
	var req [76]byte
	binary.NativeEndian.PutUint32(req[:], node)
	binary.NativeEndian.PutUint32(req[4:], bearer)
	if err := s.tipcIoctl("SIOCGETLINKNAME", siocGetLinkName, req[:]); err != nil {
		return "", err
	}
	return cText(req[8:]), nil
}

// <linux/tipc.h>
const (
	siocGetLinkName = 0x89e0 // SIOCPROTOPRIVATE
	siocGetNodeID   = 0x89e1 // SIOCPROTOPRIVATE + 1
)

func (s *Socket) tipcIoctl(what string, request uintptr, p []byte) error {
	if err := onlyLinux(what); err != nil {
		return s.fail("ioctl", Addr{}, err)
	}
	return s.do("ioctl", func(sysfd int) error { return sysTIPCIoctl(sysfd, request, p) })
}

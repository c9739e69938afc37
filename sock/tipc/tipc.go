// Package tipc extends sockets of AF_TIPC: subscriptions to the topology server, groups, ancillary
// data, and the names of nodes and links. See <linux/tipc.h>.
//
//	s, err := sock.New(sock.AF_TIPC, sock.SOCK_SEQPACKET, 0)
//	err = s.Connect(sock.TIPCName(sock.TIPC_TOP_SRV, sock.TIPC_TOP_SRV, 0))
//	sub := tipc.Subscription{Type: 18888, Upper: 99, Timeout: -1, Filter: sock.TIPC_SUB_SERVICE}
//	p, err := sub.Append(nil, nil)
//	_, err = s.Send(p, 0)
//	n, err := s.RecvInto(buf, 0)
//	event, err := tipc.DecodeEvent(buf[:n])
//
// Structures are encoded and decoded on every system. Functions that ask the kernel return
// errors.ErrUnsupported on a system other than Linux.
package tipc

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Constants of <linux/tipc.h> beyond those that package sock has.
const (
	// A service type that each node of the cluster binds, with its number as the instance.
	TIPC_NODE_STATE     = 0
	TIPC_LINK_STATE     = 2  // a service type that is bound for each link
	TIPC_RESERVED_TYPES = 64 // the lowest service type for users

	TIPC_MAX_USER_MSG_SIZE = 66000

	// Why a message came back, in Info.Err.
	TIPC_OK            = 0
	TIPC_ERR_NO_NAME   = 1
	TIPC_ERR_NO_PORT   = 2
	TIPC_ERR_NO_NODE   = 3
	TIPC_ERR_OVERLOAD  = 4
	TIPC_CONN_SHUTDOWN = 5

	// Ancillary data, which ParseInfo reads.
	TIPC_ERRINFO  = 1
	TIPC_RETDATA  = 2
	TIPC_DESTNAME = 3

	// Options of level SOL_TIPC. The value is a C int unless the line says otherwise.
	TIPC_NODE_RECVQ_DEPTH = 131 // read only
	TIPC_SOCK_RECVQ_DEPTH = 132 // read only: messages that wait here
	TIPC_MCAST_BROADCAST  = 133 // no value: see SetsockoptNil
	TIPC_MCAST_REPLICAST  = 134 // no value
	TIPC_GROUP_JOIN       = 135 // JoinGroup
	TIPC_GROUP_LEAVE      = 136 // LeaveGroup
	TIPC_SOCK_RECVQ_USED  = 137 // read only: their bytes
	TIPC_NODELAY          = 138

	// Group.Flags.
	TIPC_GROUP_LOOPBACK = 0x1 // the socket also receives what it sends
	// An empty message with MSG_OOB says that a member joined; with MSG_EOR too, that it left.
	TIPC_GROUP_MEMBER_EVTS = 0x2

	solTIPC = 271 // SOL_TIPC

	// TIPC_SUB_PORTS | TIPC_SUB_SERVICE | TIPC_SUB_CANCEL. The kernel too finds the byte order by
	// them.
	subFilters = 0x7
)

// A Subscription asks the topology server for events of a service: struct tipc_subscr of
// <linux/tipc.h>. Send it on a SOCK_SEQPACKET socket that is connected to the service
// {TIPC_TOP_SRV, TIPC_TOP_SRV}. Each answer is an Event.
type Subscription struct {
	Type, Lower, Upper uint32 // the service and its instances

	// Timeout is how long the subscription lasts, rounded up to a millisecond, less than 49 days.
	// Negative is forever.
	Timeout time.Duration

	// Filter is TIPC_SUB_PORTS for an event at each bind, or TIPC_SUB_SERVICE for the first and the
	// last of an instance. With TIPC_SUB_CANCEL the same subscription ends.
	Filter uint32
	Handle [8]byte // any value; each event has it
}

const (
	subscriptionSize = 28
	eventSize        = 48
)

// Append appends the structure to b, in the given byte order; nil is the host's. The server answers
// in the same order.
//
// Error: a *sock.ArgError for a Timeout that is too long.
func (t Subscription) Append(b []byte, order binary.AppendByteOrder) ([]byte, error) {
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
			return b, &sock.ArgError{Kind: sock.ArgRange, Arg: "Timeout", Value: t.Timeout, Rule: "must be less than 49 days, or negative for ever"}
		}
		timeout = uint32(ms)
	}
	for _, v := range [...]uint32{t.Type, t.Lower, t.Upper, timeout, t.Filter} {
		b = order.AppendUint32(b, v)
	}
	return append(b, t.Handle[:]...), nil
}

// DecodeSubscription reads the structure, in either byte order. It finds the order by the Filter,
// which must have one of its bits set.
//
// Error: a *sock.ArgError for another number of bytes.
func DecodeSubscription(b []byte) (Subscription, error) {
	if len(b) != subscriptionSize {
		return Subscription{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "subscription", Value: len(b), Rule: "struct tipc_subscr has 28 bytes"}
	}
	return subscriptionOf(b, orderOf(b)), nil
}

// orderOf returns the byte order of a struct tipc_subscr. As in the kernel it is the host's if the
// filter then has a bit that exists, and else the other one.
func orderOf(b []byte) binary.ByteOrder {
	switch {
	case binary.NativeEndian.Uint32(b[16:])&subFilters != 0:
		return binary.NativeEndian
	case binary.NativeEndian.Uint16([]byte{1, 0}) == 1:
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func subscriptionOf(b []byte, order binary.ByteOrder) Subscription {
	t := Subscription{Type: order.Uint32(b), Lower: order.Uint32(b[4:]), Upper: order.Uint32(b[8:]), Timeout: -1,
		Filter: order.Uint32(b[16:]), Handle: [8]byte(b[20:])}
	if ms := order.Uint32(b[12:]); ms != math.MaxUint32 {
		t.Timeout = time.Duration(ms) * time.Millisecond
	}
	return t
}

// An Event is an answer of the topology server: struct tipc_event of <linux/tipc.h>.
type Event struct {
	Event        uint32 // TIPC_PUBLISHED, TIPC_WITHDRAWN or TIPC_SUBSCR_TIMEOUT
	Lower, Upper uint32 // the instances
	Ref, Node    uint32 // the socket's address, as of TIPC_ADDR_ID

	Subscription Subscription // the subscription that it answers
}

// DecodeEvent reads exactly the bytes that the topology server sent. It finds their byte order as
// DecodeSubscription does.
//
// Error: a *sock.ArgError for another number of bytes.
func DecodeEvent(b []byte) (Event, error) {
	// struct tipc_event {
	//     0 __u32 event;
	//     4 __u32 found_lower, found_upper;
	//    12 __u32 port.ref, port.node;
	//    20 struct tipc_subscr s;
	// };
	if len(b) != eventSize {
		return Event{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "event", Value: len(b), Rule: "struct tipc_event has 48 bytes"}
	}
	order := orderOf(b[20:])
	return Event{order.Uint32(b), order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint32(b[12:]), order.Uint32(b[16:]),
		subscriptionOf(b[20:], order)}, nil
}

// String returns a text such as "published 18888:17 at 1234:0".
func (e Event) String() string {
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

// A Group names a group of sockets that send to each other with flow control: struct tipc_group_req
// of <linux/tipc.h>. A member is a socket of SOCK_RDM.
type Group struct {
	Type     uint32 // the group
	Instance uint32 // the member's number in it, which others may have too
	Scope    uint32 // TIPC_CLUSTER_SCOPE or TIPC_NODE_SCOPE
	Flags    uint32 // TIPC_GROUP_LOOPBACK, TIPC_GROUP_MEMBER_EVTS
}

// Append appends the structure to b.
func (g Group) Append(b []byte) []byte {
	// struct tipc_group_req { __u32 type; __u32 instance; __u32 scope; __u32 flags; };
	for _, v := range [...]uint32{g.Type, g.Instance, g.Scope, g.Flags} {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

// JoinGroup makes the socket a member of a group (TIPC_GROUP_JOIN). Send then goes to all of the
// group. Sendto goes to one member, to any member of an instance, or to all of an instance, by an
// address of TIPC_ADDR_ID, TIPC_ADDR_NAME or TIPC_ADDR_NAMESEQ.
//
// Errors: EINVAL for a type below TIPC_RESERVED_TYPES, or an unknown scope; EADDRINUSE or EACCES if
// the socket is bound or in a group; errors.ErrUnsupported on a system other than Linux.
func JoinGroup(s *sock.Socket, g Group) error {
	return linux.SetOption(s, "TIPC_GROUP_JOIN", solTIPC, TIPC_GROUP_JOIN, g.Append(nil))
}

// LeaveGroup ends the membership (TIPC_GROUP_LEAVE).
//
// Errors: EINVAL outside of a group; errors.ErrUnsupported on a system other than Linux.
func LeaveGroup(s *sock.Socket) error {
	if err := linux.Only("TIPC_GROUP_LEAVE"); err != nil {
		return s.OpError("setsockopt", sock.Addr{}, err)
	}
	return s.SetsockoptNil(solTIPC, TIPC_GROUP_LEAVE, 0)
}

// Info has the ancillary data of a received message.
type Info struct {
	// Err is TIPC_ERR_NO_NAME or the like if an own message came back or the connection ended, and
	// else TIPC_OK.
	Err uint32
	// The first 1024 bytes of the message that came back; a part of the items' data, not a copy.
	Returned []byte

	// Named says that the message was sent to a name, and not to a socket. The name is Type, and
	// Lower to Upper.
	Named              bool
	Type, Lower, Upper uint32
}

// InfoSpace is the room in bytes that the ancillary data of a message need.
const InfoSpace = 3*24 + 1024 + 16

// ParseInfo reads the ancillary data that Recvmsg returned with a message. ok is false if none of
// it is of TIPC.
func ParseInfo(items []sock.Control) (info Info, ok bool) {
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

// NodeID returns the identity of a node of the cluster, 16 bytes. node is its number; 0 is this
// node.
//
// Errors: EADDRNOTAVAIL for an unknown node; ENOTTY for a program of 32 bits on a kernel of 64;
// errors.ErrUnsupported on a system other than Linux.
func NodeID(s *sock.Socket, node uint32) (id [16]byte, err error) {
	// struct tipc_sioc_nodeid_req { __u32 peer; char node_id[16]; };
	var req [20]byte
	binary.NativeEndian.PutUint32(req[:], node)
	err = ioctl(s, "SIOCGETNODEID", siocGetNodeID, req[:])
	return [16]byte(req[4:]), err
}

// LinkName returns the name of the link to a node over one of this node's bearers. Both are given
// by their numbers.
//
// Errors: EADDRNOTAVAIL for an unknown link; ENOTTY for a program of 32 bits on a kernel of 64;
// errors.ErrUnsupported on a system other than Linux.
func LinkName(s *sock.Socket, node, bearer uint32) (string, error) {
	// struct tipc_sioc_ln_req { __u32 peer; __u32 bearer_id; char linkname[68]; };
	var req [76]byte
	binary.NativeEndian.PutUint32(req[:], node)
	binary.NativeEndian.PutUint32(req[4:], bearer)
	if err := ioctl(s, "SIOCGETLINKNAME", siocGetLinkName, req[:]); err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(string(req[8:]), "\x00")
	return name, nil
}

// <linux/tipc.h>
const (
	siocGetLinkName = 0x89e0 // SIOCPROTOPRIVATE
	siocGetNodeID   = 0x89e1 // SIOCPROTOPRIVATE + 1
)

func ioctl(s *sock.Socket, what string, request uintptr, p []byte) error {
	return linux.Call(s, "ioctl", what, func(sysfd int) error { return linux.Ioctl(sysfd, request, p) })
}

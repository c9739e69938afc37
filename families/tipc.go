package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// The types of a TIPC address, <linux/tipc.h>.
const (
	tipcRange = 1 // TIPC_ADDR_NAMESEQ, TIPC_SERVICE_RANGE
	tipcName  = 2 // TIPC_ADDR_NAME, TIPC_SERVICE_ADDR
	tipcID    = 3 // TIPC_ADDR_ID, TIPC_SOCKET_ADDR

	tipcCluster = 2 // TIPC_CLUSTER_SCOPE
)

// tipcScope is the scope that an address of that type has if nothing else is said.
func tipcScope(addrType uint8) int8 {
	if addrType == tipcID {
		return 0
	}
	return tipcCluster
}

// TIPC is an address of AF_TIPC (Linux) as Python has it, with three values that depend on its
// type:
//
//	TIPC_ADDR_NAMESEQ  a type of service, the lower and the upper instance: what bind takes
//	TIPC_ADDR_NAME     a type of service, an instance, and nothing: what connect takes
//	TIPC_ADDR_ID       a node, the number of a socket, and nothing
//
// The scope is TIPC_CLUSTER_SCOPE or TIPC_NODE_SCOPE; a negative one given to bind ends what the
// positive one began. Another type is reported by [Family.Encode] ([ErrTIPCType]). [TIPCNameseq]
// and [TIPCName], which have the scope TIPC_CLUSTER_SCOPE, and [TIPCID] are easier to read.
func TIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	if addrType == tipcName || addrType == tipcID {
		v3 = 0
	}
	return newTIPC(addrType, v1, v2, v3, scope)
}

// TIPCNameseq is a range of the instances of a service, what bind takes.
func TIPCNameseq(typ, lower, upper uint32) Addr {
	return newTIPC(tipcRange, typ, lower, upper, tipcCluster)
}

// TIPCName is an instance of a service, looked up on the nodes of domain, 0 for all of them.
func TIPCName(typ, instance, domain uint32) Addr {
	return newTIPC(tipcName, typ, instance, domain, tipcCluster)
}

// TIPCID is a socket on a node. Such are all addresses that the system reports. Their scope is 0,
// which means nothing.
func TIPCID(node, ref uint32) Addr { return newTIPC(tipcID, node, ref, 0, 0) }

// newTIPC keeps the type in a, the scope in b, the first two values in hi and the third in lo,
// where a TIPC_ADDR_ID has what TIPCMember tells.
func newTIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	return Addr{
		kind: KindTIPC,
		a:    uint32(addrType), b: uint32(uint8(scope)),
		hi: uint64(v1)<<32 | uint64(v2), lo: uint64(v3),
	}
}

// TIPC is the type of a tipc address, its values and its scope, as Python has them: the third value
// repeats the instance of a TIPC_ADDR_NAME, and is 0 for a TIPC_ADDR_ID. Those of another family
// are 0.
func (a Addr) TIPC() (addrType uint8, v1, v2, v3 uint32, scope int8) {
	if a.kind != KindTIPC {
		return 0, 0, 0, 0, 0
	}
	addrType, v1, v2, v3, scope = uint8(a.a), uint32(a.hi>>32), uint32(a.hi), uint32(a.lo), int8(a.b)
	switch addrType {
	case tipcName:
		v3 = v2
	case tipcID:
		v3 = 0
	}
	return addrType, v1, v2, v3, scope
}

// TIPCMember is the name under which the sender of a message is in a group (TIPC_GROUP_JOIN): its
// type, that of the group, and its instance. They are 0 for a tipc address that is not that of such
// a message, and for any other.
func (a Addr) TIPCMember() (typ, instance uint32) {
	if a.kind != KindTIPC || a.a != tipcID {
		return 0, 0
	}
	return uint32(a.lo >> 32), uint32(a.lo)
}

// TIPCDomain is the domain in which a tipc address of the type TIPC_ADDR_NAME is looked up. That of
// any other is 0.
func (a Addr) TIPCDomain() uint32 {
	if a.kind != KindTIPC || a.a != tipcName {
		return 0
	}
	return uint32(a.lo)
}

// tipcCodec is <linux/tipc.h>:
//
//	struct sockaddr_tipc {
//		                                                        // header      0
//		unsigned char addrtype;                                 //             2
//		signed char scope;                                      //             3
//		union {
//			struct { __u32 ref, node; } id;                     // host order  4
//			struct { __u32 type, lower, upper; } nameseq;       // host order  4
//			struct { __u32 type, instance; __u32 domain; } name;// host order  4
//		} addr;
//	};                                                          //            16
//
// The sender of a message within a group has two of them, the socket and its name in the group:
// struct sockaddr_pair of the kernel's net/tipc/socket.c. The second is read too, and not written.
//
// As text it is "nameseq:18888,0,100", "name:18888,17", "name:18888,17,5" with a domain,
// "id:0x1001001,99", or "id:0x1001001,99,18888,17" with the name in a group; and after these
// "?scope=3" if it is not TIPC_CLUSTER_SCOPE, or for an id not 0.
type tipcCodec struct{}

func (tipcCodec) text(a Addr) string {
	addrType, v1, v2, v3, scope := a.TIPC()
	var s string
	switch addrType {
	case tipcRange:
		s = "nameseq:" + utoa(v1) + "," + utoa(v2) + "," + utoa(v3)
	case tipcName:
		s = "name:" + utoa(v1) + "," + utoa(v2)
		if domain := a.TIPCDomain(); domain != 0 {
			s += "," + utoa(domain)
		}
	case tipcID:
		s = "id:" + hexNumber(uint64(v1)) + "," + utoa(v2)
		if typ, instance := a.TIPCMember(); typ != 0 || instance != 0 {
			s += "," + utoa(typ) + "," + utoa(instance)
		}
	default: // for people
		s = "type " + strconv.Itoa(int(addrType)) + ":" + utoa(v1) + "," + utoa(v2) + "," + utoa(v3)
	}
	if scope != tipcScope(addrType) {
		s += "?scope=" + strconv.Itoa(int(scope))
	}
	return s
}

func (tipcCodec) parse(s string) (Addr, error) {
	head, query, hasQuery := strings.Cut(s, "?")
	word, values, _ := strings.Cut(head, ":")
	r := readFields("tipc", values, ",")
	r.s = s
	v1, v2, v3 := r.number("first value", 32), r.number("second value", 32), uint64(0)
	var addrType uint8
	switch word {
	case "nameseq":
		addrType, v3 = tipcRange, r.number("upper instance", 32)
	case "name":
		addrType = tipcName
		if r.more() {
			v3 = r.number("domain", 32)
		}
	case "id":
		addrType = tipcID
		if r.more() {
			v3 = r.number("type of a group", 32)<<32 | r.number("instance in a group", 32)
		}
	default:
		return Addr{}, &AddrError{Family: "tipc", Value: strconv.Quote(word), Rule: ErrTIPCType}
	}
	scope := int64(tipcScope(addrType))
	if hasQuery {
		value, ok := strings.CutPrefix(query, "scope=")
		n, err := strconv.ParseInt(value, 10, 8)
		if !ok || err != nil {
			r.fail("after the ? comes scope= and a number of 8 bits")
		}
		scope = n
	}
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	a := newTIPC(addrType, uint32(v1), uint32(v2), 0, int8(scope))
	a.lo = v3
	return a, nil
}

func (tipcCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 16 - headerLen
	v1, v2, v3 := uint32(a.hi>>32), uint32(a.hi), uint32(a.lo)
	switch a.a {
	case tipcID:
		v1, v2, v3 = v2, v1, 0
	case tipcRange, tipcName:
	default:
		return 0, &AddrError{Family: "tipc", Value: utoa(a.a), Rule: ErrTIPCType}
	}
	if len(body) < n {
		return 0, noRoom("tipc", headerLen+len(body))
	}
	body[0], body[1] = uint8(a.a), uint8(a.b)
	binary.NativeEndian.PutUint32(body[2:], v1)
	binary.NativeEndian.PutUint32(body[6:], v2)
	binary.NativeEndian.PutUint32(body[10:], v3)
	return n, nil
}

func (tipcCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 16-headerLen {
		return Addr{}, short("tipc", headerLen+len(body))
	}
	v1, v2, v3 := binary.NativeEndian.Uint32(body[2:]), binary.NativeEndian.Uint32(body[6:]), binary.NativeEndian.Uint32(body[10:])
	switch body[0] {
	case tipcID:
		v1, v2, v3 = v2, v1, 0
	case tipcRange, tipcName:
	default:
		return Addr{}, &AddrError{Family: "tipc", Value: strconv.Itoa(int(body[0])), Rule: ErrTIPCType}
	}
	a := newTIPC(body[0], v1, v2, v3, int8(body[1]))
	if member := body[16-headerLen:]; body[0] == tipcID && len(member) >= 16 && member[2] == tipcName {
		a.lo = uint64(binary.NativeEndian.Uint32(member[4:]))<<32 | uint64(binary.NativeEndian.Uint32(member[8:]))
	}
	return a, nil
}

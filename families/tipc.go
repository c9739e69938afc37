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
	tipcScope = 2 // TIPC_CLUSTER_SCOPE
)

// TIPC is an address of AF_TIPC (Linux) as Python has it, with three values that depend on its type:
//
//	TIPC_ADDR_NAMESEQ  a type of service, the lower and the upper instance: what bind takes
//	TIPC_ADDR_NAME     a type of service, an instance, and nothing: what connect takes
//	TIPC_ADDR_ID       a node, the number of a socket, and nothing
//
// The scope is TIPC_CLUSTER_SCOPE or TIPC_NODE_SCOPE; a negative one given to bind ends what the positive one began.
// Another type is reported by [Family.Encode] ([ErrTIPCType]). [TIPCNameseq], [TIPCName] and [TIPCID] are easier to
// read, and have the scope TIPC_CLUSTER_SCOPE.
func TIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	if addrType == tipcName || addrType == tipcID {
		v3 = 0
	}
	return newTIPC(addrType, v1, v2, v3, scope)
}

// TIPCNameseq is a range of the instances of a service, what bind takes.
func TIPCNameseq(typ, lower, upper uint32) Addr {
	return newTIPC(tipcRange, typ, lower, upper, tipcScope)
}

// TIPCName is an instance of a service, looked up on the nodes of domain, 0 for all of them.
func TIPCName(typ, instance, domain uint32) Addr {
	return newTIPC(tipcName, typ, instance, domain, tipcScope)
}

// TIPCID is a socket on a node, what getsockname tells.
func TIPCID(node, ref uint32) Addr { return newTIPC(tipcID, node, ref, 0, tipcScope) }

// newTIPC keeps the type in a, the scope in b, the first two values in hi and the third in lo.
func newTIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	return Addr{
		kind: KindTIPC,
		a:    uint32(addrType), b: uint32(uint8(scope)),
		hi: uint64(v1)<<32 | uint64(v2), lo: uint64(v3),
	}
}

// TIPC is the type of a tipc address, its values and its scope, as Python has them: the third value repeats the
// instance of a TIPC_ADDR_NAME, and is 0 for a TIPC_ADDR_ID. Those of another family are 0.
func (a Addr) TIPC() (addrType uint8, v1, v2, v3 uint32, scope int8) {
	if a.kind != KindTIPC {
		return 0, 0, 0, 0, 0
	}
	addrType, v1, v2, v3, scope = uint8(a.a), uint32(a.hi>>32), uint32(a.hi), uint32(a.lo), int8(a.b)
	if addrType == tipcName {
		v3 = v2
	}
	return addrType, v1, v2, v3, scope
}

// TIPCDomain is the domain in which a tipc address of the type TIPC_ADDR_NAME is looked up. That of any other is 0.
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
// As text it is "nameseq:18888,0,100", "name:18888,17", "name:18888,17,5" with a domain, or "id:0x1001001,1234567", and
// after these "?scope=3" if it is not TIPC_CLUSTER_SCOPE.
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
	default: // for people
		s = "type " + strconv.Itoa(int(addrType)) + ":" + utoa(v1) + "," + utoa(v2) + "," + utoa(v3)
	}
	if scope != tipcScope {
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
	default:
		return Addr{}, &AddrError{Family: "tipc", Value: strconv.Quote(word), Rule: ErrTIPCType}
	}
	scope := int64(tipcScope)
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
	return newTIPC(addrType, uint32(v1), uint32(v2), uint32(v3), int8(scope)), nil
}

func (tipcCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 16 - headerLen
	v1, v2 := uint32(a.hi>>32), uint32(a.hi)
	switch a.a {
	case tipcID:
		v1, v2 = v2, v1
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
	binary.NativeEndian.PutUint32(body[10:], uint32(a.lo))
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
	return newTIPC(body[0], v1, v2, v3, int8(body[1])), nil
}

package families

import "encoding/binary"

// QIPCRTR returns an address of AF_QIPCRTR (Linux): a node and a port of Qualcomm's IPC router.
func QIPCRTR(node, port uint32) Addr {
	return Addr{kind: KindQIPCRTR, a: node, b: port}
}

// QIPCRTR returns the node and the port of a qipcrtr address. For other kinds they are 0.
func (a Addr) QIPCRTR() (node, port uint32) {
	if a.kind != KindQIPCRTR {
		return 0, 0
	}
	return a.a, a.b
}

// qipcrtrCodec encodes this structure of <linux/qrtr.h>:
//
//	struct sockaddr_qrtr {
//		               // header      0, and 2 bytes of padding
//		__u32 sq_node; // host order  4
//		__u32 sq_port; // host order  8
//	};                 //            12
//
// Its text is "1:16384".
type qipcrtrCodec struct{}

func (qipcrtrCodec) text(a Addr) string { return utoa(a.a) + ":" + utoa(a.b) }

func (qipcrtrCodec) parse(s string) (Addr, error) {
	r := readFields("qipcrtr", s, ":")
	node, port := r.number("node", 32), r.number("port", 32)
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	return QIPCRTR(uint32(node), uint32(port)), nil
}

func (qipcrtrCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 12 - headerLen
	if len(body) < n {
		return 0, noRoom("qipcrtr", headerLen+len(body))
	}
	clear(body[:2])
	binary.NativeEndian.PutUint32(body[2:], a.a)
	binary.NativeEndian.PutUint32(body[6:], a.b)
	return n, nil
}

func (qipcrtrCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 12-headerLen {
		return Addr{}, short("qipcrtr", headerLen+len(body))
	}
	return QIPCRTR(binary.NativeEndian.Uint32(body[2:]), binary.NativeEndian.Uint32(body[6:])), nil
}

package sock

import "encoding/binary"

// What the control port of AF_QIPCRTR and its name service understand: <linux/qrtr.h>.
const (
	QRTR_NODE_BCAST = 0xffffffff
	QRTR_PORT_CTRL  = 0xfffffffe // of each node: control packets go there, and come from there

	QRTR_TYPE_DATA       = 1
	QRTR_TYPE_HELLO      = 2
	QRTR_TYPE_BYE        = 3 // a node has gone
	QRTR_TYPE_NEW_SERVER = 4
	QRTR_TYPE_DEL_SERVER = 5
	QRTR_TYPE_DEL_CLIENT = 6
	QRTR_TYPE_RESUME_TX  = 7
	QRTR_TYPE_EXIT       = 8
	QRTR_TYPE_PING       = 9
	QRTR_TYPE_NEW_LOOKUP = 10
	QRTR_TYPE_DEL_LOOKUP = 11
)

// A QRTRControl is a control packet of AF_QIPCRTR: struct qrtr_ctrl_pkt of <linux/qrtr.h>, all of it little-endian.
//
//	0: __le32 cmd;
//	4: __le32 service;  8: __le32 instance;  12: __le32 node;  16: __le32 port;    server
//	4: __le32 node;     8: __le32 port;                                            client
//
// A server announces itself with QRTR_TYPE_NEW_SERVER, sent to QRTR_PORT_CTRL of its own node. Who sends QRTR_TYPE_NEW_LOOKUP there is
// told of each server of that service: by QRTR_TYPE_NEW_SERVER of those that are there, then one that is all zeros (see End), and by QRTR_TYPE_NEW_SERVER
// and QRTR_TYPE_DEL_SERVER of what changes later.
type QRTRControl struct {
	Cmd      uint32 // QRTR_TYPE_*
	Service  uint32 // its number; of a look-up, 0 is any
	Instance uint32 // its instance; of a look-up, 0 is any
	Node     uint32 // where it is; also of QRTR_TYPE_BYE, DEL_CLIENT and RESUME_TX
	Port     uint32
}

// qrtrControlLen is sizeof(struct qrtr_ctrl_pkt).
const qrtrControlLen = 20

// ofClient says whether the packet is about a client, and not a server: which layout it has.
func (c QRTRControl) ofClient() bool {
	return c.Cmd == QRTR_TYPE_BYE || c.Cmd == QRTR_TYPE_DEL_CLIENT || c.Cmd == QRTR_TYPE_RESUME_TX
}

// End says that the servers which were there at the time of a look-up have all been told.
func (c QRTRControl) End() bool { return c == QRTRControl{Cmd: QRTR_TYPE_NEW_SERVER} }

// AppendQRTRControl appends the packet to b.
func AppendQRTRControl(b []byte, c QRTRControl) []byte {
	words := [5]uint32{c.Cmd, c.Service, c.Instance, c.Node, c.Port}
	if c.ofClient() {
		words = [5]uint32{c.Cmd, c.Node, c.Port}
	}
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// DecodeQRTRControl reads a packet. What follows it is ignored, as the kernel does.
//
// Error: a *PacketError if it is too short.
func DecodeQRTRControl(p []byte) (QRTRControl, error) {
	if len(p) < qrtrControlLen {
		return QRTRControl{}, &PacketError{"control packet", len(p), qrtrControlLen}
	}
	var words [5]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(p[4*i:])
	}
	c := QRTRControl{Cmd: words[0]}
	if c.ofClient() {
		c.Node, c.Port = words[1], words[2]
		return c, nil
	}
	c.Service, c.Instance, c.Node, c.Port = words[1], words[2], words[3], words[4]
	return c, nil
}

// Package qrtr encodes and decodes the control packets of AF_QIPCRTR, on every system. Servers
// announce themselves with these packets, and clients find servers with them.
//
//	s, err := sock.New(sock.AF_QIPCRTR, sock.SOCK_DGRAM, 0)
//	lookup := qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_LOOKUP, Service: 42}
//	_, err = s.Sendto(qrtr.AppendControl(nil, lookup), 0, sock.QIPCRTR(node, qrtr.QRTR_PORT_CTRL))
package qrtr

import (
	"encoding/binary"

	"github.com/polluxio/pollux/sock"
)

// Addresses and commands of the control port and the name service: <linux/qrtr.h>.
const (
	QRTR_NODE_BCAST = 0xffffffff
	// Of each node: the port that control packets are sent to, and come from.
	QRTR_PORT_CTRL = 0xfffffffe

	QRTR_TYPE_DATA       = 1
	QRTR_TYPE_HELLO      = 2
	QRTR_TYPE_BYE        = 3 // a node has left
	QRTR_TYPE_NEW_SERVER = 4
	QRTR_TYPE_DEL_SERVER = 5
	QRTR_TYPE_DEL_CLIENT = 6
	QRTR_TYPE_RESUME_TX  = 7
	QRTR_TYPE_EXIT       = 8
	QRTR_TYPE_PING       = 9
	QRTR_TYPE_NEW_LOOKUP = 10
	QRTR_TYPE_DEL_LOOKUP = 11
)

// A Control is a control packet of AF_QIPCRTR: struct qrtr_ctrl_pkt of <linux/qrtr.h>, all of it
// little-endian.
//
//	0: __le32 cmd;
//	4: __le32 service;  8: __le32 instance;  12: __le32 node;  16: __le32 port;    server
//	4: __le32 node;     8: __le32 port;                                            client
//
// A server announces itself by sending QRTR_TYPE_NEW_SERVER to QRTR_PORT_CTRL of its own node. A
// client sends QRTR_TYPE_NEW_LOOKUP there. It receives a QRTR_TYPE_NEW_SERVER for each server of
// the service, then one that is all zeros (see End). Later changes come as QRTR_TYPE_NEW_SERVER and
// QRTR_TYPE_DEL_SERVER.
type Control struct {
	Cmd      uint32 // QRTR_TYPE_*
	Service  uint32 // its number; 0 is any in a lookup
	Instance uint32 // its instance; 0 is any in a lookup
	Node     uint32 // its address; also in QRTR_TYPE_BYE, DEL_CLIENT and RESUME_TX
	Port     uint32
}

// controlLen is sizeof(struct qrtr_ctrl_pkt).
const controlLen = 20

// ofClient reports whether the packet has the layout for a client, and not for a server.
func (c Control) ofClient() bool {
	return c.Cmd == QRTR_TYPE_BYE || c.Cmd == QRTR_TYPE_DEL_CLIENT || c.Cmd == QRTR_TYPE_RESUME_TX
}

// End reports the end of the list of servers that existed at the time of a lookup.
func (c Control) End() bool { return c == Control{Cmd: QRTR_TYPE_NEW_SERVER} }

// AppendControl appends the packet to b.
func AppendControl(b []byte, c Control) []byte {
	words := [5]uint32{c.Cmd, c.Service, c.Instance, c.Node, c.Port}
	if c.ofClient() {
		words = [5]uint32{c.Cmd, c.Node, c.Port}
	}
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// DecodeControl reads a packet. It ignores bytes behind it, as the kernel does.
//
// Error: a *sock.ArgError for a packet that is too short.
func DecodeControl(p []byte) (Control, error) {
	if len(p) < controlLen {
		return Control{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "packet", Value: len(p), Rule: "struct qrtr_ctrl_pkt has 20 bytes"}
	}
	var words [5]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(p[4*i:])
	}
	c := Control{Cmd: words[0]}
	if c.ofClient() {
		c.Node, c.Port = words[1], words[2]
		return c, nil
	}
	c.Service, c.Instance, c.Node, c.Port = words[1], words[2], words[3], words[4]
	return c, nil
}

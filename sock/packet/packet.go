// Package packet extends sockets of AF_PACKET: memberships, fanout, statistics, ancillary data, and
// rings. A ring is memory to which the kernel writes packets. See packet(7) and
// <linux/if_packet.h>. Package bpf has filters.
//
//	s, err := sock.New(sock.AF_PACKET, sock.SOCK_RAW, 0)
//	ring, err := packet.NewRing(s, nil)
//	err = s.Bind(sock.Packet("eth0", packet.ETH_P_IP))
//	for {
//		block, err := ring.Next()
//		for p := range block.Packets() {
//			use(p.Data)
//		}
//		block.Release()
//	}
//
// Auxdata and the blocks of a ring are decoded on every system. Functions that ask the kernel
// return errors.ErrUnsupported on a system other than Linux.
package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// <linux/socket.h> and <linux/if_packet.h>: options, kinds of membership, kinds of fanout, and bits
// of a packet's status.
const (
	SOL_PACKET = 263

	PACKET_ADD_MEMBERSHIP  = 1
	PACKET_DROP_MEMBERSHIP = 2
	PACKET_RX_RING         = 5
	PACKET_STATISTICS      = 6
	PACKET_AUXDATA         = 8
	PACKET_ORIGDEV         = 9
	PACKET_VERSION         = 10
	PACKET_HDRLEN          = 11
	PACKET_RESERVE         = 12
	PACKET_TX_RING         = 13
	PACKET_LOSS            = 14
	PACKET_VNET_HDR        = 15
	PACKET_TIMESTAMP       = 17
	PACKET_FANOUT          = 18
	PACKET_QDISC_BYPASS    = 20
	PACKET_FANOUT_DATA     = 22
	PACKET_IGNORE_OUTGOING = 23

	PACKET_MR_MULTICAST = 0
	PACKET_MR_PROMISC   = 1
	PACKET_MR_ALLMULTI  = 2
	PACKET_MR_UNICAST   = 3

	PACKET_FANOUT_HASH          = 0
	PACKET_FANOUT_LB            = 1
	PACKET_FANOUT_CPU           = 2
	PACKET_FANOUT_ROLLOVER      = 3
	PACKET_FANOUT_RND           = 4
	PACKET_FANOUT_QM            = 5
	PACKET_FANOUT_FLAG_ROLLOVER = 0x1000
	PACKET_FANOUT_FLAG_UNIQUEID = 0x2000
	PACKET_FANOUT_FLAG_DEFRAG   = 0x8000

	TP_STATUS_USER            = 1 << 0
	TP_STATUS_COPY            = 1 << 1
	TP_STATUS_LOSING          = 1 << 2
	TP_STATUS_CSUMNOTREADY    = 1 << 3
	TP_STATUS_VLAN_VALID      = 1 << 4
	TP_STATUS_BLK_TMO         = 1 << 5
	TP_STATUS_VLAN_TPID_VALID = 1 << 6
	TP_STATUS_CSUM_VALID      = 1 << 7
)

// Some protocols for sock.Packet: <linux/if_ether.h>.
const (
	ETH_P_IP    = 0x0800
	ETH_P_ARP   = 0x0806
	ETH_P_8021Q = 0x8100
	ETH_P_IPV6  = 0x86dd
)

// Join makes an interface take frames that are not addressed to it. kind is PACKET_MR_PROMISC for
// all frames, PACKET_MR_ALLMULTI for all multicast groups, or PACKET_MR_MULTICAST or
// PACKET_MR_UNICAST for frames to the hardware address. The membership ends with Leave or when the
// socket is closed; the kernel counts memberships.
//
// Errors: ENODEV for an unknown interface, a *sock.ArgError for a hardware address of more than 8
// bytes, EINVAL.
func Join(s *sock.Socket, ifname string, kind int, hardware []byte) error {
	return membership(s, "PACKET_ADD_MEMBERSHIP", PACKET_ADD_MEMBERSHIP, ifname, kind, hardware)
}

// Leave ends the membership that Join began with the same arguments. It does nothing if there was
// no such Join. Errors: those of Join.
func Leave(s *sock.Socket, ifname string, kind int, hardware []byte) error {
	return membership(s, "PACKET_DROP_MEMBERSHIP", PACKET_DROP_MEMBERSHIP, ifname, kind, hardware)
}

func membership(s *sock.Socket, what string, option int, ifname string, kind int, hardware []byte) error {
	//	struct packet_mreq {
	//		int            mr_ifindex;    //  0
	//		unsigned short mr_type;       //  4
	//		unsigned short mr_alen;       //  6
	//		unsigned char  mr_address[8]; //  8
	//	};                                // 16
	var b [16]byte
	switch {
	case len(hardware) > 8:
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "hardware", Value: len(hardware), Rule: "Hardware address must be 8 bytes or less"})
	case kind != int(uint16(kind)):
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "kind", Value: kind, Rule: "must be PACKET_MR_*"})
	}
	// This asks the socket, because the index belongs to the socket's network namespace.
	//
	// struct ifreq { char ifr_name[IFNAMSIZ]; union { int ifr_ifindex; … }; };
	var req [40]byte
	copy(req[:15], ifname)
	err := linux.Call(s, "setsockopt", what, func(sysfd int) error { return linux.Ioctl(sysfd, siocGIFINDEX, req[:]) })
	var failed *net.OpError
	if errors.As(err, &failed) {
		failed.Addr = sock.Packet(ifname, 0)
		return failed
	}
	copy(b[0:4], req[16:])
	binary.NativeEndian.PutUint16(b[4:], uint16(kind))
	binary.NativeEndian.PutUint16(b[6:], uint16(len(hardware)))
	copy(b[8:], hardware)
	return s.SetsockoptBytes(SOL_PACKET, option, b[:])
}

const siocGIFINDEX = 0x8933 // SIOCGIFINDEX, <linux/sockios.h>

// Fanout makes the sockets of a group share the packets: PACKET_FANOUT. The kernel gives each
// packet to one of them. how is the rule by which it chooses, PACKET_FANOUT_* with flags. All
// sockets of a group must be bound to the same interface and protocol.
//
// Errors: EINVAL for a group with another rule, and on a socket that is not bound; a *sock.ArgError
// for numbers beyond 16 bits.
func Fanout(s *sock.Socket, group, how int) error {
	if group != int(uint16(group)) || how != int(uint16(how)) {
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "group, how", Value: fmt.Sprintf("%d, %#x", group, how), Rule: "each must be 0-65535"})
	}
	return linux.SetInt(s, "PACKET_FANOUT", SOL_PACKET, PACKET_FANOUT, int(int32(uint32(how)<<16|uint32(group))))
}

// Stats counts packets since the last call of Statistics.
type Stats struct {
	Packets uint32 // packets that passed the filter, with the dropped ones
	Drops   uint32 // packets dropped because the queue or the ring was full
	Freezes uint32 // how often a ring became full
}

// Statistics returns the counts, and resets them: PACKET_STATISTICS.
func Statistics(s *sock.Socket) (Stats, error) {
	//	struct tpacket_stats_v3 { unsigned int tp_packets, tp_drops, tp_freeze_q_cnt; };
	//
	// A socket without a ring returns struct tpacket_stats, which has the first two.
	var words [12]byte
	if _, err := linux.Option(s, "PACKET_STATISTICS", SOL_PACKET, PACKET_STATISTICS, words[:]); err != nil {
		return Stats{}, err
	}
	return Stats{
		Packets: binary.NativeEndian.Uint32(words[0:]),
		Drops:   binary.NativeEndian.Uint32(words[4:]),
		Freezes: binary.NativeEndian.Uint32(words[8:]),
	}, nil
}

// SetAuxdata sets whether each packet comes with an Auxdata as ancillary data: PACKET_AUXDATA. See
// ParseAuxdata.
func SetAuxdata(s *sock.Socket, on bool) error {
	return linux.SetBool(s, "PACKET_AUXDATA", SOL_PACKET, PACKET_AUXDATA, on)
}

// An Auxdata describes a received packet.
type Auxdata struct {
	Status  uint32 // TP_STATUS_*
	Len     int    // bytes of the whole packet
	Snaplen int    // bytes of the part that was received
	// Where the link header begins, and the network header; they count from the data of a packet in
	// a ring only.
	Mac int
	Net int
	// The tag that the kernel took out of the packet, with its priority; valid if HasVLAN.
	VLAN     uint16
	VLANType uint16 // the tag's protocol, such as ETH_P_8021Q; 0 if unknown
}

// HasVLAN reports whether the packet had a tag. The tag may be 0.
func (a Auxdata) HasVLAN() bool { return a.Status&TP_STATUS_VLAN_VALID != 0 }

// ChecksumReady reports whether the packet's checksums are set. In a packet that this host sends
// they may be left for the hardware to fill in.
func (a Auxdata) ChecksumReady() bool { return a.Status&TP_STATUS_CSUMNOTREADY == 0 }

// auxdataLen is the length of this structure:
//
//	struct tpacket_auxdata {
//		__u32 tp_status;      //  0
//		__u32 tp_len;         //  4
//		__u32 tp_snaplen;     //  8
//		__u16 tp_mac;         // 12
//		__u16 tp_net;         // 14
//		__u16 tp_vlan_tci;    // 16
//		__u16 tp_vlan_tpid;   // 18
//	};                        // 20
const auxdataLen = 20

// AuxdataSpace returns the room in bytes that an Auxdata needs in ancillary data: its CMSG_SPACE.
func AuxdataSpace() int {
	n, _ := sock.CMSG_SPACE(auxdataLen)
	return n
}

// ParseAuxdata decodes the item. ok is false for another item, and for one that was cut.
func ParseAuxdata(c sock.Control) (Auxdata, bool) {
	b := c.Data
	if c.Level != SOL_PACKET || c.Type != PACKET_AUXDATA || len(b) < auxdataLen {
		return Auxdata{}, false
	}
	return Auxdata{
		Status:   binary.NativeEndian.Uint32(b[0:]),
		Len:      int(min(binary.NativeEndian.Uint32(b[4:]), math.MaxInt32)),
		Snaplen:  int(min(binary.NativeEndian.Uint32(b[8:]), math.MaxInt32)),
		Mac:      int(binary.NativeEndian.Uint16(b[12:])),
		Net:      int(binary.NativeEndian.Uint16(b[14:])),
		VLAN:     binary.NativeEndian.Uint16(b[16:]),
		VLANType: binary.NativeEndian.Uint16(b[18:]),
	}, true
}

package sock

import (
	"encoding/binary"
	"fmt"
	"math"
)

// What AF_PACKET has beside its addresses: packet(7), <linux/if_packet.h>. The ring is in packet_ring.go, filters are in bpf.go.

// <linux/socket.h> and <linux/if_packet.h>: options, kinds of membership, ways to share, and what the status of a packet says.
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

// <linux/if_ether.h>: some protocols for Packet.
const (
	ETH_P_IP    = 0x0800
	ETH_P_ARP   = 0x0806
	ETH_P_8021Q = 0x8100
	ETH_P_IPV6  = 0x86dd
)

// JoinPacket makes the interface take frames that are not for it: kind is PACKET_MR_PROMISC for all that pass by, PACKET_MR_ALLMULTI for
// all groups, or PACKET_MR_MULTICAST or PACKET_MR_UNICAST for those to the hardware address. It ends with LeavePacket, or with the
// socket; the kernel counts.
//
// Errors: ENODEV for an interface that is not there, an *ArgError for a hardware address of more than 8 bytes, EINVAL.
func (s *Socket) JoinPacket(ifname string, kind int, hardware []byte) error {
	return s.packetMembership(PACKET_ADD_MEMBERSHIP, ifname, kind, hardware)
}

// LeavePacket ends what JoinPacket began with the same arguments. If nothing did, nothing happens. Errors: as JoinPacket.
func (s *Socket) LeavePacket(ifname string, kind int, hardware []byte) error {
	return s.packetMembership(PACKET_DROP_MEMBERSHIP, ifname, kind, hardware)
}

func (s *Socket) packetMembership(option int, ifname string, kind int, hardware []byte) error {
	//	struct packet_mreq {
	//		int            mr_ifindex;    //  0
	//		unsigned short mr_type;       //  4
	//		unsigned short mr_alen;       //  6
	//		unsigned char  mr_address[8]; //  8
	//	};                                // 16
	var b [16]byte
	switch {
	case len(hardware) > 8:
		return s.fail("setsockopt", Addr{}, &ArgError{"hardware", len(hardware), "Hardware address must be 8 bytes or less"})
	case kind != int(uint16(kind)):
		return s.fail("setsockopt", Addr{}, &ArgError{"kind", kind, "must be PACKET_MR_*"})
	}
	index, err := s.interfaceIndex(ifname)
	if err != nil {
		return s.fail("setsockopt", Packet(ifname, 0), err)
	}
	binary.NativeEndian.PutUint32(b[0:], uint32(index))
	binary.NativeEndian.PutUint16(b[4:], uint16(kind))
	binary.NativeEndian.PutUint16(b[6:], uint16(len(hardware)))
	copy(b[8:], hardware)
	return s.SetsockoptBytes(SOL_PACKET, option, b[:])
}

// PacketFanout makes the sockets of one group share what comes: PACKET_FANOUT. Each packet goes to one of them, which how chooses,
// PACKET_FANOUT_* with flags. All have to be bound alike.
//
// Errors: EINVAL for a group of another kind, and on a socket that is not bound; an *ArgError for numbers beyond 16 bits.
func (s *Socket) PacketFanout(group, how int) error {
	if group != int(uint16(group)) || how != int(uint16(how)) {
		return s.fail("setsockopt", Addr{}, &ArgError{"group, how", fmt.Sprintf("%d, %#x", group, how), "each must be 0-65535"})
	}
	return s.Setsockopt(SOL_PACKET, PACKET_FANOUT, int(int32(uint32(how)<<16|uint32(group))))
}

// PacketStats is what a socket has seen since it was last asked.
type PacketStats struct {
	Packets uint32 // that passed the filter, those that were dropped too
	Drops   uint32 // for which there was no room
	Freezes uint32 // of a ring: how often all of it was full
}

// PacketStatistics tells, and begins anew: PACKET_STATISTICS.
func (s *Socket) PacketStatistics() (PacketStats, error) {
	//	struct tpacket_stats_v3 { unsigned int tp_packets, tp_drops, tp_freeze_q_cnt; };
	//
	// struct tpacket_stats, of a socket without a ring, has the first two.
	b, err := s.GetsockoptBytes(SOL_PACKET, PACKET_STATISTICS, 12)
	if err != nil {
		return PacketStats{}, err
	}
	var words [12]byte
	copy(words[:], b)
	return PacketStats{
		Packets: binary.NativeEndian.Uint32(words[0:]),
		Drops:   binary.NativeEndian.Uint32(words[4:]),
		Freezes: binary.NativeEndian.Uint32(words[8:]),
	}, nil
}

// SetPacketAuxdata asks for a PacketAuxdata with each packet, as ancillary data: PACKET_AUXDATA. PacketAuxdataSpace is the room for it.
func (s *Socket) SetPacketAuxdata(on bool) error {
	return s.Setsockopt(SOL_PACKET, PACKET_AUXDATA, int(boolInt(on)))
}

// PacketAuxdata is what the kernel tells of a packet beside its bytes.
type PacketAuxdata struct {
	Status   uint32 // TP_STATUS_*
	Len      int    // of the packet as it was
	Snaplen  int    // of what is there of it
	Mac      int    // where the link header begins, and the network header: only of a ring do they count from what is there
	Net      int
	VLAN     uint16 // the tag that the kernel took out of the packet, priority and all; only where HasVLAN
	VLANType uint16 // its protocol: ETH_P_8021Q or another; 0 from a kernel that does not say
}

// HasVLAN says whether there was a tag, which may have been 0.
func (a PacketAuxdata) HasVLAN() bool { return a.Status&TP_STATUS_VLAN_VALID != 0 }

// ChecksumReady says that the packet's checksums are those of its bytes. In what this host sends they may not be there yet, for the
// hardware to add.
func (a PacketAuxdata) ChecksumReady() bool { return a.Status&TP_STATUS_CSUMNOTREADY == 0 }

// packetAuxdataLen is that of this structure:
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
const packetAuxdataLen = 20

// PacketAuxdataSpace is the room that the ancillary data of a PacketAuxdata need: their CMSG_SPACE.
func PacketAuxdataSpace() int {
	n, _ := CMSG_SPACE(packetAuxdataLen)
	return n
}

// PacketAuxdata reads the item; false if it is another, or cut.
func (c Control) PacketAuxdata() (PacketAuxdata, bool) {
	b := c.Data
	if c.Level != SOL_PACKET || c.Type != PACKET_AUXDATA || len(b) < packetAuxdataLen {
		return PacketAuxdata{}, false
	}
	return PacketAuxdata{
		Status:   binary.NativeEndian.Uint32(b[0:]),
		Len:      int(min(binary.NativeEndian.Uint32(b[4:]), math.MaxInt32)),
		Snaplen:  int(min(binary.NativeEndian.Uint32(b[8:]), math.MaxInt32)),
		Mac:      int(binary.NativeEndian.Uint16(b[12:])),
		Net:      int(binary.NativeEndian.Uint16(b[14:])),
		VLAN:     binary.NativeEndian.Uint16(b[16:]),
		VLANType: binary.NativeEndian.Uint16(b[18:]),
	}, true
}

package packet

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// This file reads the blocks of a TPACKET_V3 ring, which are bytes alone: <linux/if_packet.h>.
//
//	struct tpacket_block_desc {
//		__u32 version;                 //  0
//		__u32 offset_to_priv;          //  4
//		struct tpacket_hdr_v1 {
//			__u32 block_status;        //  8, TP_STATUS_*; TP_STATUS_USER: the program's
//			__u32 num_pkts;            // 12
//			__u32 offset_to_first_pkt; // 16
//			__u32 blk_len;             // 20, of what is used
//			__aligned_u64 seq_num;     // 24
//			struct tpacket_bd_ts ts_first_pkt, ts_last_pkt; // 32, 40
//		} hdr;
//	};                                 // 48
//
//	struct tpacket3_hdr {
//		__u32 tp_next_offset;          //  0, from this header to the next, 0 in the last
//		__u32 tp_sec;                  //  4
//		__u32 tp_nsec;                 //  8
//		__u32 tp_snaplen;              // 12
//		__u32 tp_len;                  // 16
//		__u32 tp_status;               // 20
//		__u16 tp_mac;                  // 24, from this header to the packet
//		__u16 tp_net;                  // 26
//		struct tpacket_hdr_variant1 {
//			__u32 tp_rxhash;           // 28
//			__u32 tp_vlan_tci;         // 32
//			__u16 tp_vlan_tpid;        // 36
//			__u16 tp_padding;          // 38
//		} hv1;
//		__u8 tp_padding[8];            // 40
//	};                                 // 48, and a struct sockaddr_ll of 20
const (
	blockHeader      = 48
	blockStatusAt    = 8
	blockPacketsAt   = 12
	blockFirstAt     = 16
	blockLenAt       = 20
	ringPacketHeader = 48
	sockaddrLLLen    = 20
)

// A RingPacket is a packet in a block of a ring. Its data is the ring's own memory, valid until the
// block is released or is no longer referenced.
type RingPacket struct {
	Data     []byte // the part of the packet that was received
	Len      int    // the length of the whole packet
	Net      int    // where in Data the network header begins
	Sec      uint32 // when it arrived: seconds since 1970
	Nsec     uint32
	Status   uint32 // TP_STATUS_*
	Hash     uint32 // a hash of its flow
	VLAN     uint16 // as in Auxdata
	VLANType uint16
	sockaddr []byte
}

// Time returns when the packet arrived.
func (p *RingPacket) Time() time.Time { return time.Unix(int64(p.Sec), int64(p.Nsec)) }

// HasVLAN reports whether the kernel took a VLAN tag out of the packet.
func (p *RingPacket) HasVLAN() bool { return p.Status&TP_STATUS_VLAN_VALID != 0 }

// From returns the address that Recvfrom would: the interface, the protocol, the kind of packet and
// the sender's hardware address.
func (p *RingPacket) From() sock.Addr {
	a, _ := families.Linux.Decode(linuxFamilyPacket, 0, p.sockaddr)
	return a
}

const linuxFamilyPacket = 17

// eachRingPacket iterates over the packets of a block. It ends at bytes that make no sense, which
// no kernel writes.
func eachRingPacket(block []byte, yield func(RingPacket) bool) {
	if len(block) < blockHeader {
		return
	}
	count := binary.NativeEndian.Uint32(block[blockPacketsAt:])
	at := uint64(binary.NativeEndian.Uint32(block[blockFirstAt:]))
	for range count {
		if at+ringPacketHeader+sockaddrLLLen > uint64(len(block)) {
			return
		}
		p, next, ok := ringPacket(block[at:])
		if !ok || !yield(p) || next == 0 {
			return
		}
		at += next
	}
}

// ringPacket reads the packet whose header b begins with. b has room for that.
func ringPacket(b []byte) (p RingPacket, next uint64, ok bool) {
	mac, snaplen := uint64(binary.NativeEndian.Uint16(b[24:])), uint64(binary.NativeEndian.Uint32(b[12:]))
	if mac+snaplen > uint64(len(b)) {
		return p, 0, false
	}
	return RingPacket{
		Data:     b[mac : mac+snaplen : mac+snaplen],
		Len:      int(min(binary.NativeEndian.Uint32(b[16:]), math.MaxInt32)),
		Net:      max(int(binary.NativeEndian.Uint16(b[26:]))-int(mac), 0),
		Sec:      binary.NativeEndian.Uint32(b[4:]),
		Nsec:     binary.NativeEndian.Uint32(b[8:]),
		Status:   binary.NativeEndian.Uint32(b[20:]),
		Hash:     binary.NativeEndian.Uint32(b[28:]),
		VLAN:     uint16(binary.NativeEndian.Uint32(b[32:])),
		VLANType: binary.NativeEndian.Uint16(b[36:]),
		sockaddr: b[ringPacketHeader : ringPacketHeader+sockaddrLLLen],
	}, uint64(binary.NativeEndian.Uint32(b)), true
}

package sock

import (
	"encoding/binary"
	"time"
)

// TCPInfo is the state of a TCP connection as the kernel reports it: TCP_INFO of Linux, struct
// tcp_info of <linux/tcp.h>. A field that an older kernel does not report is 0; the comments give
// the first version that reports it.
type TCPInfo struct {
	State       uint8 // TCP_ESTABLISHED 1, TCP_SYN_SENT 2, … TCP_LISTEN 10: <net/tcp_states.h>
	CAState     uint8 // TCP_CA_Open 0, Disorder 1, CWR 2, Recovery 3, Loss 4
	Retransmits uint8 // of the segment that is not acknowledged yet
	Probes      uint8 // zero-window probes without an answer
	Backoff     uint8 // how often in a row the retransmission timeout was doubled
	Options     uint8 // TCPI_OPT_*: timestamps 1, SACK 2, window scaling 4, ECN 8, ECN seen 16, SYN data 32
	SndWscale   uint8 // the window scales, 0-14
	RcvWscale   uint8

	DeliveryRateAppLimited bool // 4.9; DeliveryRate was limited by the program, not by the network

	RTO    time.Duration // the retransmission timeout; microseconds
	ATO    time.Duration // the delayed-acknowledgement timeout; microseconds
	SndMSS uint32        // bytes in a segment
	RcvMSS uint32

	Unacked uint32 // segments sent and not acknowledged; of a listener: connections that await an accept
	Sacked  uint32 // segments; of a listener: its backlog
	Lost    uint32 // segments
	Retrans uint32 // segments retransmitted and still on their way
	Fackets uint32 // 0 since 4.15

	LastDataSent time.Duration // how long ago; milliseconds
	LastDataRecv time.Duration
	LastAckRecv  time.Duration

	PMTU        uint32        // bytes
	RcvSsthresh uint32        // bytes
	RTT         time.Duration // the round trip, smoothed; microseconds
	RTTVar      time.Duration
	SndSsthresh uint32 // segments
	SndCwnd     uint32 // segments
	AdvMSS      uint32 // bytes
	Reordering  uint32 // segments

	RcvRTT       time.Duration // the round trip as the receiver sees it
	RcvSpace     uint32        // bytes
	TotalRetrans uint32        // segments retransmitted since the start

	PacingRate    uint64 // bytes a second; 3.15; all bits set: no limit
	MaxPacingRate uint64
	BytesAcked    uint64 // 4.1; the SYN counts as one
	BytesReceived uint64
	SegsOut       uint32 // 4.2
	SegsIn        uint32
	NotsentBytes  uint32 // 4.6
	MinRTT        time.Duration
	DataSegsIn    uint32
	DataSegsOut   uint32
	DeliveryRate  uint64 // bytes a second; 4.9

	BusyTime      time.Duration // time with data to send; 4.10
	RwndLimited   time.Duration // … of which the peer's window was full
	SndbufLimited time.Duration // … and the send buffer was
	Delivered     uint32        // segments; 4.18
	DeliveredCE   uint32        // … that met congestion, by ECN
	BytesSent     uint64        // including retransmissions; 4.19
	BytesRetrans  uint64
	DsackDups     uint32 // segments that came twice
	ReordSeen     uint32
	RcvOoopack    uint32 // segments out of order; 5.4
	SndWnd        uint32 // the peer's window, bytes; 5.4
	RcvWnd        uint32 // this end's window, bytes; 6.2
	Rehash        uint32 // changes of the path after trouble; 6.2

	TotalRTO           uint16 // timeouts; 6.7
	TotalRTORecoveries uint16
	TotalRTOTime       time.Duration // milliseconds
}

// tcpInfoLen is sizeof(struct tcp_info) of Linux 6.7.
const tcpInfoLen = 248

// TCPInfo reads TCP_INFO.
//
// Errors: ENOPROTOOPT on a socket that is not TCP; errors.ErrUnsupported except on Linux.
func (s *Socket) TCPInfo() (TCPInfo, error) {
	var b [tcpInfoLen]byte
	n, err := s.getOption("TCP_INFO", IPPROTO_TCP, options.tcpInfo, b[:], 104) // what every kernel has
	if err != nil {
		return TCPInfo{}, err
	}
	return decodeTCPInfo(b[:n]), nil
}

// decodeTCPInfo reads the fields of struct tcp_info that short has room for. The numbers are
// offsets.
func decodeTCPInfo(short []byte) TCPInfo {
	var b [tcpInfoLen]byte
	copy(b[:], short)
	e := binary.NativeEndian
	u32 := func(at int) uint32 { return e.Uint32(b[at:]) }
	u64 := func(at int) uint64 { return e.Uint64(b[at:]) }
	us := func(at int) time.Duration { return time.Duration(u32(at)) * time.Microsecond }
	us64 := func(at int) time.Duration { return time.Duration(u64(at)) * time.Microsecond }
	ms := func(at int) time.Duration { return time.Duration(u32(at)) * time.Millisecond }
	i := TCPInfo{
		State: b[0], CAState: b[1], Retransmits: b[2], Probes: b[3], Backoff: b[4], Options: b[5],
		// These are bit fields, so their order depends on the byte order: tcpi_snd_wscale : 4,
		// tcpi_rcv_wscale : 4; tcpi_delivery_rate_app_limited : 1.
		SndWscale: b[6] & 15, RcvWscale: b[6] >> 4, DeliveryRateAppLimited: b[7]&1 != 0,
		RTO: us(8), ATO: us(12), SndMSS: u32(16), RcvMSS: u32(20),
		Unacked: u32(24), Sacked: u32(28), Lost: u32(32), Retrans: u32(36), Fackets: u32(40),
		LastDataSent: ms(44), LastDataRecv: ms(52), LastAckRecv: ms(56), // 48 is tcpi_last_ack_sent, which the kernel does not record
		PMTU: u32(60), RcvSsthresh: u32(64), RTT: us(68), RTTVar: us(72), SndSsthresh: u32(76), SndCwnd: u32(80),
		AdvMSS: u32(84), Reordering: u32(88), RcvRTT: us(92), RcvSpace: u32(96), TotalRetrans: u32(100),
		PacingRate: u64(104), MaxPacingRate: u64(112), BytesAcked: u64(120), BytesReceived: u64(128),
		SegsOut: u32(136), SegsIn: u32(140), NotsentBytes: u32(144), MinRTT: us(148), DataSegsIn: u32(152), DataSegsOut: u32(156),
		DeliveryRate: u64(160), BusyTime: us64(168), RwndLimited: us64(176), SndbufLimited: us64(184),
		Delivered: u32(192), DeliveredCE: u32(196), BytesSent: u64(200), BytesRetrans: u64(208),
		DsackDups: u32(216), ReordSeen: u32(220), RcvOoopack: u32(224), SndWnd: u32(228), RcvWnd: u32(232), Rehash: u32(236),
		TotalRTO: e.Uint16(b[240:]), TotalRTORecoveries: e.Uint16(b[242:]), TotalRTOTime: ms(244),
	}
	if bigEndian {
		i.SndWscale, i.RcvWscale, i.DeliveryRateAppLimited = b[6]>>4, b[6]&15, b[7]&0x80 != 0
	}
	return i
}

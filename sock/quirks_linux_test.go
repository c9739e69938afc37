package sock

import "testing"

// The table has the numbers of the system, and each row is found by its protocol, if it has one.
func TestQuirks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family Family
		typ    Type
		proto  Protocol
		want   uint32
	}{
		{"AF_ALG", AF_ALG, SOCK_SEQPACKET, 0, quirkNamelessPeer | quirkAlgorithm},
		{"AF_BLUETOOTH L2CAP", AF_BLUETOOTH, SOCK_SEQPACKET, BTPROTO_L2CAP, quirkEndOfWait},
		{"AF_CAN ISO-TP", AF_CAN, SOCK_DGRAM, CAN_ISOTP, quirkSilentSend},
		{"AF_CAN raw", AF_CAN, SOCK_RAW, CAN_RAW, 0},
		{"AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0, quirkWideOptions | quirkSilentEnd},
		{"AF_VSOCK datagrams", AF_VSOCK, SOCK_DGRAM, 0, quirkWideOptions | quirkSilentSend},
		{"AF_TIPC", AF_TIPC, SOCK_STREAM, 0, quirkEndOfWait | quirkSlowClose},
		{"SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP, quirkEndOfWait},
		{"SCTP with many associations", AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP, quirkEndOfWait},
		{"AF_TIPC datagrams", AF_TIPC, SOCK_RDM, 0, quirkSilentSend | quirkEndOfWait},
		{"AF_RDS", AF_RDS, SOCK_SEQPACKET, 0, quirkFewFlags | quirkSilentSend},
		{"AF_QIPCRTR", AF_QIPCRTR, SOCK_DGRAM, 0, quirkFewFlags | quirkSilentSend},
		{"AF_NETLINK", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, quirkPeerQueue},
		{"AF_INET", AF_INET, SOCK_STREAM, 0, 0},
		{"AF_INET with the number of ISO-TP, which is TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP, 0},
		{"AF_UNIX", AF_UNIX, SOCK_STREAM, 0, quirkSilentEnd},
		{"AF_UNIX datagrams", AF_UNIX, SOCK_DGRAM, 0, quirkSilentEnd},
	} {
		if got := quirksOf(tt.family, tt.typ, tt.proto); got != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.name, got, tt.want)
		}
	}
	for i, q := range quirks {
		if got := quirksOf(q.family, max(q.typ, 0), max(q.proto, 0)); got&q.has != q.has || q.has&(quirkNamelessPeer-1) != 0 {
			t.Errorf("row %d: %#x, want %#x, and no bit of another meaning", i, got, q.has)
		}
	}
}

package sock

import "testing"

// The numbers of the table are those of the system, and each row is found, by its protocol where it has one.
func TestQuirks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family Family
		proto  Protocol
		want   uint32
	}{
		{"AF_ALG", AF_ALG, 0, quirkNamelessPeer | quirkAlgorithm},
		{"AF_BLUETOOTH L2CAP", AF_BLUETOOTH, BTPROTO_L2CAP, quirkConnectOnce},
		{"AF_BLUETOOTH RFCOMM", AF_BLUETOOTH, BTPROTO_RFCOMM, quirkConnectOnce},
		{"AF_CAN ISO-TP", AF_CAN, CAN_ISOTP, quirkSilentSend},
		{"AF_CAN raw", AF_CAN, CAN_RAW, 0},
		{"AF_VSOCK", AF_VSOCK, 0, quirkWideOptions},
		{"AF_RDS", AF_RDS, 0, quirkFewFlags},
		{"AF_QIPCRTR", AF_QIPCRTR, 0, quirkFewFlags},
		{"AF_INET", AF_INET, 0, 0},
		{"AF_INET with the number of ISO-TP, which is TCP", AF_INET, IPPROTO_TCP, 0},
		{"AF_UNIX", AF_UNIX, 0, 0},
	} {
		if got := quirksOf(tt.family, tt.proto); got != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.name, got, tt.want)
		}
	}
	for i, q := range quirks {
		if got := quirksOf(q.family, max(q.proto, 0)); got&q.has != q.has || q.has&(hasFiles|isShared) != 0 {
			t.Errorf("row %d: %#x, want %#x, and no bit of another meaning", i, got, q.has)
		}
	}
}

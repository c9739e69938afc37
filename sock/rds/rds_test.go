package rds

import (
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// <linux/rds.h>, struct rds_info_connection and struct rds_info_counter: both are packed.
func TestLayout(t *testing.T) {
	socktest.LittleEndian(t)
	b := socktest.Hex(t, "0100000000000000 0200000000000000 0a090101 0a090102 746370"+strings.Repeat("00", 13)+"04 05")
	if len(b) != connectionLen {
		t.Fatalf("%d bytes, want %d", len(b), connectionLen)
	}
	c := connectionOf(b)
	if c.NextTx != 1 || c.NextRx != 2 || c.Local.String() != "10.9.1.1" || c.Foreign.String() != "10.9.1.2" || c.Transport != "tcp" ||
		c.Flags != 4 || c.TOS != 5 {
		t.Errorf("%+v", c)
	}
	counter := counterOf(append([]byte("a name of thirty-two letters ...")[:32], socktest.Hex(t, "0700000000000000")...))
	if counter.Name != "a name of thirty-two letters ..." || counter.Value != 7 {
		t.Errorf("%+v", counter)
	}
}

// A congestion notice has a bit for each port modulo 64. ok is false for other items.
func TestCongestion(t *testing.T) {
	c := sock.Control{Level: solRDS, Type: RDS_CMSG_CONG_UPDATE, Data: socktest.Uint64s(1<<5 | 1<<63)}
	ports, ok := Congestion(c)
	if !ok || ports&CongestionBit(5) == 0 || ports&CongestionBit(64+5) == 0 || ports&CongestionBit(127) == 0 || ports&CongestionBit(6) != 0 {
		t.Errorf("%#x, %v", ports, ok)
	}
	for _, other := range []sock.Control{{}, {Level: solRDS, Type: RDS_CMSG_CONG_UPDATE, Data: make([]byte, 7)}, {Level: solRDS + 1, Type: c.Type, Data: c.Data}} {
		if _, ok := Congestion(other); ok {
			t.Errorf("%+v was taken for a notice of congestion", other)
		}
	}
}

package qrtr_test

import (
	"bytes"
	"testing"

	"github.com/polluxio/pollux/sock/qrtr"
	"github.com/polluxio/pollux/sock/socktest"
)

// <linux/qrtr.h>, struct qrtr_ctrl_pkt: little-endian everywhere.
func TestControl(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet qrtr.Control
		bytes  string
	}{
		{"server", qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_SERVER, Service: 77, Instance: 0x102, Node: 1, Port: 0x5000},
			"04000000 4d000000 02010000 01000000 00500000"},
		{"lookup", qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_LOOKUP, Service: 77}, "0a000000 4d000000 00000000 00000000 00000000"},
		{"client", qrtr.Control{Cmd: qrtr.QRTR_TYPE_DEL_CLIENT, Node: 3, Port: 4}, "06000000 03000000 04000000 00000000 00000000"},
		{"end", qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_SERVER}, "04000000 00000000 00000000 00000000 00000000"},
	} {
		want := socktest.Hex(t, tt.bytes)
		if got := qrtr.AppendControl(nil, tt.packet); !bytes.Equal(got, want) {
			t.Errorf("%s: made %x, want %x", tt.name, got, want)
		}
		if got, err := qrtr.DecodeControl(want); got != tt.packet || err != nil {
			t.Errorf("%s: read %+v, %v", tt.name, got, err)
		}
		if tt.packet.End() != (tt.name == "end") {
			t.Errorf("%s: End is %v", tt.name, tt.packet.End())
		}
		_, err := qrtr.DecodeControl(want[:19])
		socktest.WantArgError(t, err, "20 bytes")
	}
}

func FuzzControl(f *testing.F) {
	f.Add(make([]byte, 20))
	f.Add(socktest.Hex(f, "06000000 03000000 04000000 00000000 00000000"))
	f.Fuzz(func(t *testing.T, p []byte) {
		c, err := qrtr.DecodeControl(p)
		if err != nil {
			return
		}
		// Bytes behind the two numbers of a client's packet are ignored.
		if back, err := qrtr.DecodeControl(qrtr.AppendControl(nil, c)); back != c || err != nil {
			t.Errorf("%x: %+v became %+v, %v", p, c, back, err)
		}
	})
}

package can_test

import (
	"testing"

	"github.com/polluxio/pollux/sock/can"
)

func TestError(t *testing.T) {
	for _, tt := range []struct {
		text string
		want can.ErrorInfo
		says string
	}{
		{"20000001#0000000000000000", can.ErrorInfo{Class: can.CAN_ERR_TX_TIMEOUT}, "transmission timeout"},
		{"20000002#0500000000000000", can.ErrorInfo{Class: can.CAN_ERR_LOSTARB, LostArbitration: 5}, "lost arbitration in bit 5"},
		{"20000002#0000000000000000", can.ErrorInfo{Class: can.CAN_ERR_LOSTARB}, "lost arbitration"},
		{"20000004#0005000000000000", can.ErrorInfo{Class: can.CAN_ERR_CRTL, Controller: 5}, "controller problem (receive overflow, many receive errors)"},
		{"20000008#0000841900000000", can.ErrorInfo{Class: can.CAN_ERR_PROT, Protocol: can.CAN_ERR_PROT_TX | can.CAN_ERR_PROT_STUFF, Location: 0x19},
			"protocol violation (wrong stuffing, while sending) at acknowledge slot"},
		{"20000010#0000000080000000", can.ErrorInfo{Class: can.CAN_ERR_TRX, Transceiver: 0x80}, "transceiver problem (CANL short to CANH)"},
		{"20000060#0000000000000000", can.ErrorInfo{Class: can.CAN_ERR_ACK | can.CAN_ERR_BUSOFF}, "no acknowledgement, bus off"},
		{"20000380#0000000000006080", can.ErrorInfo{Class: can.CAN_ERR_BUSERROR | can.CAN_ERR_RESTARTED | can.CAN_ERR_CNT, TxErrors: 96, RxErrors: 128},
			"bus error, controller restarted, 96 errors in sending and 128 in receiving"},
		{"20000C00#0000000000000000", can.ErrorInfo{Class: 0xc00}, "class 0xc00"},
	} {
		f, err := can.ParseFrame(tt.text)
		e, ok := f.ErrorFrame()
		if err != nil || !ok || e != tt.want || e.String() != tt.says {
			t.Errorf("%s: %+v %q, %v, %v; want %+v %q", tt.text, e, e, ok, err, tt.want, tt.says)
		}
		if back := e.Frame(); !sameFrame(back, f) {
			t.Errorf("%s: back %s", tt.text, back)
		}
	}
	if e, ok := (can.Frame{ID: 0x123, Data: ascending(8)}).ErrorFrame(); ok || e != (can.ErrorInfo{}) {
		t.Errorf("%+v, %v of a frame that is no error frame", e, ok)
	}
	if e, ok := (can.Frame{ID: errFlag | 2, Data: []byte{7}}).ErrorFrame(); !ok || e.LostArbitration != 7 {
		t.Errorf("%+v, %v of a short error frame", e, ok)
	}
}

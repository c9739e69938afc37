package can_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestISOTPOptions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      can.ISOTPOptions
		txTime uint32
	}{
		{"zero", can.ISOTPOptions{}, 0},
		{"all", can.ISOTPOptions{Flags: can.CAN_ISOTP_EXTEND_ADDR | can.CAN_ISOTP_TX_PADDING, FrameTxTime: 50 * time.Microsecond,
			ExtAddress: 1, TxPad: 2, RxPad: 3, RxExtAddress: 4}, 50000},
		{"no time", can.ISOTPOptions{FrameTxTime: -1}, 0xffffffff},
	} {
		want := slices.Concat(socktest.Uint32s(tt.o.Flags, tt.txTime), []byte{tt.o.ExtAddress, tt.o.TxPad, tt.o.RxPad, tt.o.RxExtAddress})
		b, err := tt.o.Append(nil)
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %x, %v; want %x", tt.name, b, err, want)
		}
		if o, err := can.DecodeISOTPOptions(want); err != nil || o != tt.o {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, o, err, tt.o)
		}
		_, err = can.DecodeISOTPOptions(want[:11])
		socktest.WantArgError(t, err, "12 bytes")
	}
	_, err := can.ISOTPOptions{FrameTxTime: 0xffffffff}.Append(nil)
	socktest.WantArgError(t, err, "less than 4.29")
}

func TestISOTPSTmin(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	for _, tt := range []struct {
		d    time.Duration
		want uint8
		back time.Duration
	}{
		{0, 0, 0}, {1, 0xf1, 100 * us}, {100 * us, 0xf1, 100 * us}, {101 * us, 0xf2, 200 * us}, {900 * us, 0xf9, 900 * us},
		{901 * us, 1, ms}, {ms, 1, ms}, {ms + 1, 2, 2 * ms}, {127 * ms, 0x7f, 127 * ms},
	} {
		got, err := can.ISOTPSTmin(tt.d)
		if back := (can.ISOTPFlowControl{STmin: got}).Separation(); err != nil || got != tt.want || back != tt.back {
			t.Errorf("%v: %#x, %v, and back %v; want %#x, %v", tt.d, got, err, back, tt.want, tt.back)
		}
	}
	for _, d := range []time.Duration{-1, 127*ms + 1, time.Hour} {
		_, err := can.ISOTPSTmin(d)
		socktest.WantArgError(t, err, "0-127ms")
	}
	for _, reserved := range []uint8{0x80, 0xf0, 0xfa, 0xff} {
		if d := (can.ISOTPFlowControl{STmin: reserved}).Separation(); d != 127*ms {
			t.Errorf("%#x: %v, want 127ms", reserved, d)
		}
	}
}

func FuzzDecodeISOTPOptions(f *testing.F) {
	f.Add(make([]byte, 12))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := can.DecodeISOTPOptions(b)
		if err != nil {
			return
		}
		if p, err := o.Append(nil); err != nil || !bytes.Equal(p, b[:12]) {
			t.Errorf("%x: %+v is %x, %v", b, o, p, err)
		}
	})
}

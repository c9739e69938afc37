package can_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

// eff, rtr and errFlag are CAN_EFF_FLAG, CAN_RTR_FLAG and CAN_ERR_FLAG, which some systems lack.
const (
	eff     = 0x80000000
	rtr     = 0x40000000
	errFlag = 0x20000000
)

// ascending returns n bytes: 1, 2, …
func ascending(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i + 1)
	}
	return p
}

var frames = []struct {
	name  string
	frame can.Frame
	text  string
	bytes []byte
}{
	{"no data", can.Frame{ID: 0x123}, "123#", slices.Concat(socktest.Uint32s(0x123), make([]byte, 12))},
	{"standard", can.Frame{ID: 0x123, Data: []byte{0xde, 0xad, 0xbe, 0xef}}, "123#DEADBEEF",
		slices.Concat(socktest.Uint32s(0x123), []byte{4, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0})},
	{"zero", can.Frame{Data: []byte{0}}, "000#00", slices.Concat(socktest.Uint32s(0), []byte{1, 0, 0, 0}, make([]byte, 8))},
	{"full", can.Frame{ID: 0x7ff, Data: ascending(8)}, "7FF#0102030405060708", slices.Concat(socktest.Uint32s(0x7ff), []byte{8, 0, 0, 0}, ascending(8))},
	{"code beyond the length", can.Frame{ID: 0x123, Len8DLC: 14, Data: ascending(8)}, "123#0102030405060708_E",
		slices.Concat(socktest.Uint32s(0x123), []byte{8, 0, 0, 14}, ascending(8))},
	{"extended", can.Frame{ID: eff | 0x12345678, Data: []byte{1}}, "12345678#01",
		slices.Concat(socktest.Uint32s(0x92345678), []byte{1, 0, 0, 0, 1}, make([]byte, 7))},
	{"extended, small", can.Frame{ID: eff | 1}, "00000001#", slices.Concat(socktest.Uint32s(0x80000001), make([]byte, 12))},
	{"remote", can.Frame{ID: rtr | 0x123}, "123#R", slices.Concat(socktest.Uint32s(0x40000123), make([]byte, 12))},
	{"remote of 5", can.Frame{ID: rtr | 0x123, Data: make([]byte, 5)}, "123#R5", slices.Concat(socktest.Uint32s(0x40000123), []byte{5, 0, 0, 0}, make([]byte, 8))},
	{"remote with a code", can.Frame{ID: eff | rtr | 1, Len8DLC: 9, Data: make([]byte, 8)}, "00000001#R8_9",
		slices.Concat(socktest.Uint32s(0xc0000001), []byte{8, 0, 0, 9}, make([]byte, 8))},
	{"error", can.Frame{ID: errFlag | 0x4, Data: []byte{0, 1, 0, 0, 0, 0, 0, 0}}, "20000004#0001000000000000",
		slices.Concat(socktest.Uint32s(0x20000004), []byte{8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})},
	{"FD", can.Frame{ID: 0x123, Kind: can.FD, Flags: can.CANFD_BRS, Data: ascending(12)}, "123##10102030405060708090A0B0C",
		slices.Concat(socktest.Uint32s(0x123), []byte{12, 1, 0, 0}, ascending(12), make([]byte, 52))},
	{"FD, empty", can.Frame{ID: eff | 0x123, Kind: can.FD, Flags: 3}, "00000123##3", slices.Concat(socktest.Uint32s(0x80000123), []byte{0, 3, 0, 0}, make([]byte, 64))},
	{"FD, full", can.Frame{ID: 1, Kind: can.FD, Data: ascending(64)}, fmt.Sprintf("001##0%X", ascending(64)), slices.Concat(socktest.Uint32s(1), []byte{64, 0, 0, 0}, ascending(64))},
	{"XL", can.Frame{ID: 0x45<<16 | 0x123, Kind: can.XL, Flags: can.CANXL_SEC, SDT: 7, AF: 0x12345678, Data: ascending(3)},
		"45123#81:07:12345678#010203", slices.Concat(socktest.Uint32s(0x450123), []byte{0x81, 7}, socktest.Uint16s(3), socktest.Uint32s(0x12345678), ascending(3))},
	{"XL as long as FD", can.Frame{ID: 1, Kind: can.XL, Data: ascending(60)}, fmt.Sprintf("00001#80:00:00000000#%X", ascending(60)),
		slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(60), socktest.Uint32s(0), ascending(60))},
	{"XL, full", can.Frame{ID: 1, Kind: can.XL, Data: ascending(2048)}, fmt.Sprintf("00001#80:00:00000000#%X", ascending(2048)),
		slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(2048), socktest.Uint32s(0), ascending(2048))},
}

// sameFrame compares two frames. It treats nil data and empty data as equal.
func sameFrame(a, b can.Frame) bool {
	data := bytes.Equal(a.Data, b.Data)
	a.Data, b.Data = nil, nil
	return data && reflect.DeepEqual(a, b)
}

// item 203: a CAN_RAW frame is the plain bytes of struct can_frame.
func TestFrame(t *testing.T) {
	for _, tt := range frames {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.frame.Append([]byte("before"))
			if want := slices.Concat([]byte("before"), tt.bytes); err != nil || !bytes.Equal(b, want) {
				t.Errorf("Append: %x, %v; want %x", b, err, want)
			}
			if got, err := can.DecodeFrame(tt.bytes); err != nil || !sameFrame(got, tt.frame) {
				t.Errorf("DecodeFrame: %+v, %v; want %+v", got, err, tt.frame)
			}
			if got := tt.frame.String(); got != tt.text {
				t.Errorf("String: %s, want %s", got, tt.text)
			}
			for _, text := range []string{tt.text, strings.ToLower(tt.text)} {
				if got, err := can.ParseFrame(text); err != nil || !sameFrame(got, tt.frame) {
					t.Errorf("ParseFrame(%s): %+v, %v; want %+v", text, got, err, tt.frame)
				}
			}
		})
	}
}

// A decoded frame has nothing that the wire and the kernel add: CANFD_FDF, and the bytes beyond the
// length.
func TestFrameReceived(t *testing.T) {
	p := slices.Concat(socktest.Uint32s(0x123), []byte{2, can.CANFD_BRS | can.CANFD_FDF, 0xff, 0xff}, bytes.Repeat([]byte{9}, 64))
	f, err := can.DecodeFrame(p)
	if want := (can.Frame{ID: 0x123, Kind: can.FD, Flags: can.CANFD_BRS, Data: []byte{9, 9}}); err != nil || !sameFrame(f, want) {
		t.Errorf("%+v, %v; want %+v", f, err, want)
	}
	if p[8] = 7; f.Data[0] != 7 {
		t.Error("Data are a copy, and should be the bytes that were decoded")
	}
	if f.Data = append(f.Data, 1); p[10] != 9 {
		t.Error("appending to Data writes to the bytes behind them")
	}
	// A code beyond 8 counts only with 8 bytes.
	f, err = can.DecodeFrame(slices.Concat(socktest.Uint32s(0x123), []byte{7, 0, 0, 14}, ascending(8)))
	if err != nil || f.Len8DLC != 0 || len(f.Data) != 7 {
		t.Errorf("%+v, %v; want 7 bytes and no code", f, err)
	}
}

func TestFrameParts(t *testing.T) {
	for _, tt := range []struct {
		text                    string
		id                      uint32
		extended, remote, error bool
		dlc                     int
	}{
		{"123#DEADBEEF", 0x123, false, false, false, 4},
		{"12345678#R5", 0x12345678, true, true, false, 5},
		{"20000042#0000000000000000", 0x42, false, false, true, 8},
		{"123#1122334455667788_E", 0x123, false, false, false, 14},
		{"123##1112233445566778899", 0x123, false, false, false, 9}, // 9 bytes go as 12
		{"123##1", 0x123, false, false, false, 0},
		{"45123#80:00:00000000#112233", 0x123, false, false, false, 2},
	} {
		f, err := can.ParseFrame(tt.text)
		if err != nil || f.Identifier() != tt.id || f.IsExtended() != tt.extended || f.IsRemote() != tt.remote || f.IsError() != tt.error || f.DLC() != tt.dlc {
			t.Errorf("%s: %x %v %v %v %d, %v; want %+v", tt.text, f.Identifier(), f.IsExtended(), f.IsRemote(), f.IsError(), f.DLC(), err, tt)
		}
	}
	for dlc, want := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64} {
		n := can.FDLen(dlc)
		if f := (can.Frame{Kind: can.FD, Data: make([]byte, n)}); n != want || f.DLC() != dlc {
			t.Errorf("%d: %d bytes, and back %d; want %d", dlc, n, f.DLC(), want)
		}
	}
}

func TestFrameCannotBeSent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame can.Frame
		rule  string
	}{
		{"long", can.Frame{Data: make([]byte, 9)}, "a classic CAN frame has at most 8 bytes (Data is 9)"},
		{"long FD", can.Frame{Kind: can.FD, Data: make([]byte, 65)}, "a FD CAN frame has at most 64 bytes"},
		{"long XL", can.Frame{Kind: can.XL, Data: make([]byte, 2049)}, "at most 2048 bytes"},
		{"empty XL", can.Frame{Kind: can.XL}, "1-2048 bytes"},
		{"extended without its flag", can.Frame{ID: 0x800}, "needs CAN_EFF_FLAG"},
		{"the same, remote", can.Frame{ID: rtr | 0x800}, "needs CAN_EFF_FLAG"},
		{"remote FD", can.Frame{ID: rtr | 1, Kind: can.FD}, "neither"},
		{"error FD", can.Frame{ID: errFlag | 1, Kind: can.FD}, "neither"},
		{"extended XL", can.Frame{ID: eff | 1, Kind: can.XL, Data: ascending(1)}, "priority"},
		{"extended error", can.Frame{ID: eff | errFlag | 1}, "neither"},
		{"flags of FD", can.Frame{Kind: can.FD, Flags: 8}, "CANFD_BRS"},
		{"flags", can.Frame{Flags: 1}, "no flags"},
		{"code", can.Frame{Len8DLC: 9, Data: ascending(7)}, "9-15"},
		{"code too small", can.Frame{Len8DLC: 8, Data: ascending(8)}, "9-15"},
		{"code of FD", can.Frame{Kind: can.FD, Len8DLC: 9, Data: ascending(8)}, "classic"},
		{"SDT", can.Frame{SDT: 1}, "only a CAN XL frame"},
		{"AF", can.Frame{Kind: can.FD, AF: 1}, "only a CAN XL frame"},
		{"kind", can.Frame{Kind: 3}, "must be Classic"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.frame.Append([]byte("before"))
			socktest.WantArgError(t, err, tt.rule)
			if string(b) != "before" {
				t.Errorf("it appended %x", b)
			}
		})
	}
}

func TestDecodeFrameBad(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bytes []byte
	}{
		{"nothing", nil},
		{"half", make([]byte, 15)},
		{"one more", make([]byte, 17)},
		{"length", slices.Concat(socktest.Uint32s(1), []byte{9, 0, 0, 0}, make([]byte, 8))},
		{"length of FD", slices.Concat(socktest.Uint32s(1), []byte{65, 0, 0, 0}, make([]byte, 64))},
		{"XL without data", slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(0), socktest.Uint32s(0))},
		{"XL cut", slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(5), socktest.Uint32s(0), ascending(4))},
		{"XL too long", slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(2049), socktest.Uint32s(0), ascending(2049))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := can.DecodeFrame(tt.bytes)
			socktest.WantArgError(t, err, "CAN")
			if !sameFrame(f, can.Frame{}) {
				t.Errorf("beside the error %+v", f)
			}
		})
	}
}

func TestParseFrame(t *testing.T) {
	for text, want := range map[string]string{ // other ways to write it
		"123#DE.AD.BE.EF": "123#DEADBEEF",
		"123#11.2233.44":  "123#11223344",
		"123#r":           "123#R",
		"123#R0":          "123#R",
		"123##5AA":        "123##1AA", // with CANFD_FDF, as newer kernels say it
	} {
		if f, err := can.ParseFrame(text); err != nil || f.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, f, err, want)
		}
	}
	for _, text := range []string{
		"", "#", "123", "12#", "1234#", "12345#", "123456789#", "xyz#", "+12#", "1_3#", "800#", "123#1", "123#1g", "123#+1", "123#1.2",
		"123#.11", "123#11.", "123#11..22", "123#112233445566778899", "123#R9", "123#R55", "123#RR", "123#1122334455667788_8",
		"123#1122334455667788_", "123#1122334455667788_EE", "123#11_E", "123##", "123##g", "123##111_E", "123##+", "123##9", "40000001#", "80000001#",
		"20000001#R", "20000001##1", "45123#81", "45123#01:00:12345678#11", "45823#81:00:12345678#11", "45123#81:00:12345678#",
		"45123#81:00:1234567#11", "45123#81:00#11", "45123#8g:00:12345678#11", " 123#", "123# ",
	} {
		_, err := can.ParseFrame(text)
		if err == nil {
			t.Errorf("%q is taken", text)
		} else {
			socktest.WantArgError(t, err, "")
		}
	}
}

func FuzzDecodeFrame(f *testing.F) {
	for _, tt := range frames {
		f.Add(tt.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := can.DecodeFrame(b)
		if err != nil {
			return
		}
		_ = frame.String()
		_, _ = frame.ErrorFrame()
		p, err := frame.Append(nil)
		if err != nil {
			return // the kernel also delivers frames that a program should not have sent
		}
		if frame.IsRemote() {
			frame.Data = make([]byte, len(frame.Data)) // the bytes do not count
		}
		again, err := can.DecodeFrame(p)
		if err != nil || !sameFrame(again, frame) || len(p) != len(b) {
			t.Errorf("%x: %+v, then %+v, %v", b, frame, again, err)
		}
		if again, err = can.ParseFrame(frame.String()); err == nil && !sameFrame(again, frame) {
			t.Errorf("%s is %+v, then %+v", frame, frame, again)
		}
	})
}

func FuzzParseFrame(f *testing.F) {
	for _, tt := range frames {
		f.Add(tt.text)
	}
	f.Add("123#11.22")
	f.Fuzz(func(t *testing.T, text string) {
		frame, err := can.ParseFrame(text)
		if err != nil {
			return
		}
		if again, err := can.ParseFrame(frame.String()); err != nil || !sameFrame(again, frame) {
			t.Errorf("%q: %+v, then %s is %+v, %v", text, frame, frame, again, err)
		}
		if _, err := frame.Append(nil); err != nil {
			t.Errorf("%q cannot be sent: %v", text, err)
		}
	})
}

func TestFrameAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, can.CANXL_MTU)
	for _, tt := range frames {
		n := testing.AllocsPerRun(100, func() {
			b, err := tt.frame.Append(buf)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := can.DecodeFrame(b); err != nil || f.ID != tt.frame.ID {
				t.Fatal(f, err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations, want none", tt.name, n)
		}
	}
}

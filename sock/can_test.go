package sock_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// eff, rtr and errFlag are CAN_EFF_FLAG, CAN_RTR_FLAG and CAN_ERR_FLAG, which not all systems have.
const (
	eff     = 0x80000000
	rtr     = 0x40000000
	errFlag = 0x20000000
)

// ascending is n bytes: 1, 2, …
func ascending(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i + 1)
	}
	return p
}

var canFrames = []struct {
	name  string
	frame sock.CANFrame
	text  string
	bytes []byte
}{
	{"no data", sock.CANFrame{ID: 0x123}, "123#", slices.Concat(socktest.Uint32s(0x123), make([]byte, 12))},
	{"standard", sock.CANFrame{ID: 0x123, Data: []byte{0xde, 0xad, 0xbe, 0xef}}, "123#DEADBEEF",
		slices.Concat(socktest.Uint32s(0x123), []byte{4, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0})},
	{"zero", sock.CANFrame{Data: []byte{0}}, "000#00", slices.Concat(socktest.Uint32s(0), []byte{1, 0, 0, 0}, make([]byte, 8))},
	{"full", sock.CANFrame{ID: 0x7ff, Data: ascending(8)}, "7FF#0102030405060708", slices.Concat(socktest.Uint32s(0x7ff), []byte{8, 0, 0, 0}, ascending(8))},
	{"code beyond the length", sock.CANFrame{ID: 0x123, Len8DLC: 14, Data: ascending(8)}, "123#0102030405060708_E",
		slices.Concat(socktest.Uint32s(0x123), []byte{8, 0, 0, 14}, ascending(8))},
	{"extended", sock.CANFrame{ID: eff | 0x12345678, Data: []byte{1}}, "12345678#01",
		slices.Concat(socktest.Uint32s(0x92345678), []byte{1, 0, 0, 0, 1}, make([]byte, 7))},
	{"extended, small", sock.CANFrame{ID: eff | 1}, "00000001#", slices.Concat(socktest.Uint32s(0x80000001), make([]byte, 12))},
	{"remote", sock.CANFrame{ID: rtr | 0x123}, "123#R", slices.Concat(socktest.Uint32s(0x40000123), make([]byte, 12))},
	{"remote of 5", sock.CANFrame{ID: rtr | 0x123, Data: make([]byte, 5)}, "123#R5", slices.Concat(socktest.Uint32s(0x40000123), []byte{5, 0, 0, 0}, make([]byte, 8))},
	{"remote with a code", sock.CANFrame{ID: eff | rtr | 1, Len8DLC: 9, Data: make([]byte, 8)}, "00000001#R8_9",
		slices.Concat(socktest.Uint32s(0xc0000001), []byte{8, 0, 0, 9}, make([]byte, 8))},
	{"error", sock.CANFrame{ID: errFlag | 0x4, Data: []byte{0, 1, 0, 0, 0, 0, 0, 0}}, "20000004#0001000000000000",
		slices.Concat(socktest.Uint32s(0x20000004), []byte{8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})},
	{"FD", sock.CANFrame{ID: 0x123, Kind: sock.CANFD, Flags: sock.CANFD_BRS, Data: ascending(12)}, "123##10102030405060708090A0B0C",
		slices.Concat(socktest.Uint32s(0x123), []byte{12, 1, 0, 0}, ascending(12), make([]byte, 52))},
	{"FD, empty", sock.CANFrame{ID: eff | 0x123, Kind: sock.CANFD, Flags: 3}, "00000123##3", slices.Concat(socktest.Uint32s(0x80000123), []byte{0, 3, 0, 0}, make([]byte, 64))},
	{"FD, full", sock.CANFrame{ID: 1, Kind: sock.CANFD, Data: ascending(64)}, fmt.Sprintf("001##0%X", ascending(64)), slices.Concat(socktest.Uint32s(1), []byte{64, 0, 0, 0}, ascending(64))},
	{"XL", sock.CANFrame{ID: 0x45<<16 | 0x123, Kind: sock.CANXL, Flags: sock.CANXL_SEC, SDT: 7, AF: 0x12345678, Data: ascending(3)},
		"45123#81:07:12345678#010203", slices.Concat(socktest.Uint32s(0x450123), []byte{0x81, 7}, socktest.Uint16s(3), socktest.Uint32s(0x12345678), ascending(3))},
	{"XL as long as FD", sock.CANFrame{ID: 1, Kind: sock.CANXL, Data: ascending(60)}, fmt.Sprintf("00001#80:00:00000000#%X", ascending(60)),
		slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(60), socktest.Uint32s(0), ascending(60))},
	{"XL, full", sock.CANFrame{ID: 1, Kind: sock.CANXL, Data: ascending(2048)}, fmt.Sprintf("00001#80:00:00000000#%X", ascending(2048)),
		slices.Concat(socktest.Uint32s(1), []byte{0x80, 0}, socktest.Uint16s(2048), socktest.Uint32s(0), ascending(2048))},
}

// sameFrame compares, and takes no data for empty ones.
func sameFrame(a, b sock.CANFrame) bool {
	data := bytes.Equal(a.Data, b.Data)
	a.Data, b.Data = nil, nil
	return data && reflect.DeepEqual(a, b)
}

// item 203: a CAN_RAW frame is the plain bytes of struct can_frame.
func TestCANFrame(t *testing.T) {
	for _, tt := range canFrames {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.frame.Append([]byte("before"))
			if want := slices.Concat([]byte("before"), tt.bytes); err != nil || !bytes.Equal(b, want) {
				t.Errorf("Append: %x, %v; want %x", b, err, want)
			}
			if got, err := sock.DecodeCANFrame(tt.bytes); err != nil || !sameFrame(got, tt.frame) {
				t.Errorf("DecodeCANFrame: %+v, %v; want %+v", got, err, tt.frame)
			}
			if got := tt.frame.String(); got != tt.text {
				t.Errorf("String: %s, want %s", got, tt.text)
			}
			for _, text := range []string{tt.text, strings.ToLower(tt.text)} {
				if got, err := sock.ParseCANFrame(text); err != nil || !sameFrame(got, tt.frame) {
					t.Errorf("ParseCANFrame(%s): %+v, %v; want %+v", text, got, err, tt.frame)
				}
			}
		})
	}
}

// What the wire and the kernel add is not part of a frame: CANFD_FDF, and what is beyond the length.
func TestCANFrameReceived(t *testing.T) {
	p := slices.Concat(socktest.Uint32s(0x123), []byte{2, sock.CANFD_BRS | sock.CANFD_FDF, 0xff, 0xff}, bytes.Repeat([]byte{9}, 64))
	f, err := sock.DecodeCANFrame(p)
	if want := (sock.CANFrame{ID: 0x123, Kind: sock.CANFD, Flags: sock.CANFD_BRS, Data: []byte{9, 9}}); err != nil || !sameFrame(f, want) {
		t.Errorf("%+v, %v; want %+v", f, err, want)
	}
	if p[8] = 7; f.Data[0] != 7 {
		t.Error("Data are a copy, and should be the bytes that were decoded")
	}
	if f.Data = append(f.Data, 1); p[10] != 9 {
		t.Error("appending to Data writes to the bytes behind them")
	}
	// A code beyond 8 counts only with 8 bytes.
	f, err = sock.DecodeCANFrame(slices.Concat(socktest.Uint32s(0x123), []byte{7, 0, 0, 14}, ascending(8)))
	if err != nil || f.Len8DLC != 0 || len(f.Data) != 7 {
		t.Errorf("%+v, %v; want 7 bytes and no code", f, err)
	}
}

func TestCANFrameParts(t *testing.T) {
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
		f, err := sock.ParseCANFrame(tt.text)
		if err != nil || f.Identifier() != tt.id || f.IsExtended() != tt.extended || f.IsRemote() != tt.remote || f.IsError() != tt.error || f.DLC() != tt.dlc {
			t.Errorf("%s: %x %v %v %v %d, %v; want %+v", tt.text, f.Identifier(), f.IsExtended(), f.IsRemote(), f.IsError(), f.DLC(), err, tt)
		}
	}
	for dlc, want := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64} {
		n := sock.CANFDLen(dlc)
		if f := (sock.CANFrame{Kind: sock.CANFD, Data: make([]byte, n)}); n != want || f.DLC() != dlc {
			t.Errorf("%d: %d bytes, and back %d; want %d", dlc, n, f.DLC(), want)
		}
	}
}

func TestCANFrameCannotBeSent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame sock.CANFrame
		rule  string
	}{
		{"long", sock.CANFrame{Data: make([]byte, 9)}, "a classic CAN frame has at most 8 bytes (Data is 9)"},
		{"long FD", sock.CANFrame{Kind: sock.CANFD, Data: make([]byte, 65)}, "a FD CAN frame has at most 64 bytes"},
		{"long XL", sock.CANFrame{Kind: sock.CANXL, Data: make([]byte, 2049)}, "at most 2048 bytes"},
		{"empty XL", sock.CANFrame{Kind: sock.CANXL}, "1-2048 bytes"},
		{"extended without its flag", sock.CANFrame{ID: 0x800}, "needs CAN_EFF_FLAG"},
		{"the same, remote", sock.CANFrame{ID: rtr | 0x800}, "needs CAN_EFF_FLAG"},
		{"remote FD", sock.CANFrame{ID: rtr | 1, Kind: sock.CANFD}, "neither"},
		{"error FD", sock.CANFrame{ID: errFlag | 1, Kind: sock.CANFD}, "neither"},
		{"extended XL", sock.CANFrame{ID: eff | 1, Kind: sock.CANXL, Data: ascending(1)}, "priority"},
		{"extended error", sock.CANFrame{ID: eff | errFlag | 1}, "neither"},
		{"flags of FD", sock.CANFrame{Kind: sock.CANFD, Flags: 8}, "CANFD_BRS"},
		{"flags", sock.CANFrame{Flags: 1}, "no flags"},
		{"code", sock.CANFrame{Len8DLC: 9, Data: ascending(7)}, "9-15"},
		{"code too small", sock.CANFrame{Len8DLC: 8, Data: ascending(8)}, "9-15"},
		{"code of FD", sock.CANFrame{Kind: sock.CANFD, Len8DLC: 9, Data: ascending(8)}, "classic"},
		{"SDT", sock.CANFrame{SDT: 1}, "only a CAN XL frame"},
		{"AF", sock.CANFrame{Kind: sock.CANFD, AF: 1}, "only a CAN XL frame"},
		{"kind", sock.CANFrame{Kind: 3}, "must be CANClassic"},
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

func TestDecodeCANFrameBad(t *testing.T) {
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
			f, err := sock.DecodeCANFrame(tt.bytes)
			socktest.WantArgError(t, err, "CAN")
			if !sameFrame(f, sock.CANFrame{}) {
				t.Errorf("beside the error %+v", f)
			}
		})
	}
}

func TestParseCANFrame(t *testing.T) {
	for text, want := range map[string]string{ // other ways to write it
		"123#DE.AD.BE.EF": "123#DEADBEEF",
		"123#11.2233.44":  "123#11223344",
		"123#r":           "123#R",
		"123#R0":          "123#R",
		"123##5AA":        "123##1AA", // with CANFD_FDF, as newer kernels say it
	} {
		if f, err := sock.ParseCANFrame(text); err != nil || f.String() != want {
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
		_, err := sock.ParseCANFrame(text)
		if err == nil {
			t.Errorf("%q is taken", text)
		} else {
			socktest.WantArgError(t, err, "")
		}
	}
}

func FuzzDecodeCANFrame(f *testing.F) {
	for _, tt := range canFrames {
		f.Add(tt.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := sock.DecodeCANFrame(b)
		if err != nil {
			return
		}
		_ = frame.String()
		_, _ = frame.ErrorFrame()
		p, err := frame.Append(nil)
		if err != nil {
			return // the kernel delivers what should not have been sent, too
		}
		if frame.IsRemote() {
			frame.Data = make([]byte, len(frame.Data)) // the bytes do not count
		}
		again, err := sock.DecodeCANFrame(p)
		if err != nil || !sameFrame(again, frame) || len(p) != len(b) {
			t.Errorf("%x: %+v, then %+v, %v", b, frame, again, err)
		}
		if again, err = sock.ParseCANFrame(frame.String()); err == nil && !sameFrame(again, frame) {
			t.Errorf("%s is %+v, then %+v", frame, frame, again)
		}
	})
}

func FuzzParseCANFrame(f *testing.F) {
	for _, tt := range canFrames {
		f.Add(tt.text)
	}
	f.Add("123#11.22")
	f.Fuzz(func(t *testing.T, text string) {
		frame, err := sock.ParseCANFrame(text)
		if err != nil {
			return
		}
		if again, err := sock.ParseCANFrame(frame.String()); err != nil || !sameFrame(again, frame) {
			t.Errorf("%q: %+v, then %s is %+v, %v", text, frame, frame, again, err)
		}
		if _, err := frame.Append(nil); err != nil {
			t.Errorf("%q cannot be sent: %v", text, err)
		}
	})
}

func TestCANFrameAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, sock.CANXL_MTU)
	for _, tt := range canFrames {
		n := testing.AllocsPerRun(100, func() {
			b, err := tt.frame.Append(buf)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := sock.DecodeCANFrame(b); err != nil || f.ID != tt.frame.ID {
				t.Fatal(f, err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations, want none", tt.name, n)
		}
	}
}

func TestCANError(t *testing.T) {
	for _, tt := range []struct {
		text string
		want sock.CANError
		says string
	}{
		{"20000001#0000000000000000", sock.CANError{Class: sock.CAN_ERR_TX_TIMEOUT}, "transmission timeout"},
		{"20000002#0500000000000000", sock.CANError{Class: sock.CAN_ERR_LOSTARB, LostArbitration: 5}, "lost arbitration in bit 5"},
		{"20000002#0000000000000000", sock.CANError{Class: sock.CAN_ERR_LOSTARB}, "lost arbitration"},
		{"20000004#0005000000000000", sock.CANError{Class: sock.CAN_ERR_CRTL, Controller: 5}, "controller problem (receive overflow, many receive errors)"},
		{"20000008#0000841900000000", sock.CANError{Class: sock.CAN_ERR_PROT, Protocol: sock.CAN_ERR_PROT_TX | sock.CAN_ERR_PROT_STUFF, Location: 0x19},
			"protocol violation (wrong stuffing, while sending) at acknowledge slot"},
		{"20000010#0000000080000000", sock.CANError{Class: sock.CAN_ERR_TRX, Transceiver: 0x80}, "transceiver problem (CANL short to CANH)"},
		{"20000060#0000000000000000", sock.CANError{Class: sock.CAN_ERR_ACK | sock.CAN_ERR_BUSOFF}, "no acknowledgement, bus off"},
		{"20000380#0000000000006080", sock.CANError{Class: sock.CAN_ERR_BUSERROR | sock.CAN_ERR_RESTARTED | sock.CAN_ERR_CNT, TxErrors: 96, RxErrors: 128},
			"bus error, controller restarted, 96 errors in sending and 128 in receiving"},
		{"20000C00#0000000000000000", sock.CANError{Class: 0xc00}, "class 0xc00"},
	} {
		f, err := sock.ParseCANFrame(tt.text)
		e, ok := f.ErrorFrame()
		if err != nil || !ok || e != tt.want || e.String() != tt.says {
			t.Errorf("%s: %+v %q, %v, %v; want %+v %q", tt.text, e, e, ok, err, tt.want, tt.says)
		}
		if back := e.Frame(); !sameFrame(back, f) {
			t.Errorf("%s: back %s", tt.text, back)
		}
	}
	if e, ok := (sock.CANFrame{ID: 0x123, Data: ascending(8)}).ErrorFrame(); ok || e != (sock.CANError{}) {
		t.Errorf("%+v, %v of a frame that is no error frame", e, ok)
	}
	if e, ok := (sock.CANFrame{ID: errFlag | 2, Data: []byte{7}}).ErrorFrame(); !ok || e.LostArbitration != 7 {
		t.Errorf("%+v, %v of a short error frame", e, ok)
	}
}

// item 203: CAN_RAW_FILTER is packed pairs of u32.
func TestCANFilters(t *testing.T) {
	filters := []sock.CANFilter{{ID: 0x123, Mask: 0x7ff}, {ID: eff | 0x12345678, Mask: 0xdfffffff, Invert: true}, {}}
	want := socktest.Uint32s(0x123, 0x7ff, 0xb2345678, 0xdfffffff, 0, 0)
	b := sock.AppendCANFilters(nil, filters...)
	if !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
	if got := sock.DecodeCANFilters(append(b, 1, 2, 3)); !reflect.DeepEqual(got, filters) {
		t.Errorf("decoded: %+v, want %+v", got, filters)
	}
	for text, f := range map[string]sock.CANFilter{"123:7FF": filters[0], "12345678~DFFFFFFF": filters[1], "000:0": filters[2]} {
		if got, err := sock.ParseCANFilter(text); err != nil || got != f || f.String() != text {
			t.Errorf("%s: %+v, %v, and back %s", text, got, err, f)
		}
	}
	for _, text := range []string{"", ":", "123", "123:", ":7FF", "123:xyz", "123:7FF:1", "123456789:1", "+12:7FF", "1_2:7FF"} {
		_, err := sock.ParseCANFilter(text)
		socktest.WantArgError(t, err, "id:mask")
	}
	for _, tt := range []struct {
		filter string
		id     uint32
		want   bool
	}{
		{"123:7FF", 0x123, true}, {"123:7FF", 0x124, false}, {"123~7FF", 0x123, false}, {"123~7FF", 0x124, true}, {"000:0", 0xffff, true},
		{"123:7FF", eff | 0x123, true}, {"123:C00007FF", eff | 0x123, false}, {"123:C00007FF", rtr | 0x123, false},
	} {
		f, err := sock.ParseCANFilter(tt.filter)
		if err != nil || f.Match(tt.id) != tt.want {
			t.Errorf("%s, %x: %v, %v; want %v", tt.filter, tt.id, f.Match(tt.id), err, tt.want)
		}
	}
}

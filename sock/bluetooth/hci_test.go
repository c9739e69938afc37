package bluetooth_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bluetooth"
	"github.com/polluxio/pollux/sock/socktest"
)

// The bytes are those of the Bluetooth Core Specification, volume 4, part E, section 5.4.
func TestHCIPackets(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet any
		bytes  string
	}{
		{"reset", bluetooth.HCICommand{Opcode: bluetooth.HCIOpcode(3, 3), Params: []byte{}}, "01 030c 00"},
		{"disconnect", bluetooth.HCICommand{Opcode: bluetooth.HCIOpcode(1, 6), Params: []byte{1, 0, 0x13}}, "01 0604 03 010013"},
		{"command complete", bluetooth.HCIEvent{Code: bluetooth.EVT_CMD_COMPLETE, Params: []byte{1, 3, 0x0c, 0}}, "04 0e 04 01030c00"},
		{"data", bluetooth.HCIData{Kind: bluetooth.HCI_ACLDATA_PKT, Handle: 0x12a, Flags: 2, Data: []byte("ab")}, "02 2a21 0200 6162"},
		{"voice", bluetooth.HCIData{Kind: bluetooth.HCI_SCODATA_PKT, Handle: 1, Flags: 3, Data: []byte("abc")}, "03 0130 03 616263"},
		{"isochronous", bluetooth.HCIData{Kind: bluetooth.HCI_ISODATA_PKT, Handle: 0xfff, Flags: 15, Data: []byte("a")}, "05 ffff 0100 61"},
		{"control", bluetooth.HCIMessage{Opcode: bluetooth.MGMT_OP_SET_POWERED, Index: 2, Params: []byte{1}}, "0500 0200 0100 01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []byte
			var back any
			var err, err2 error
			want := socktest.Hex(t, tt.bytes)
			switch p := tt.packet.(type) {
			case bluetooth.HCICommand:
				got, err = bluetooth.AppendHCICommand(nil, p)
				back, err2 = bluetooth.DecodeHCICommand(want)
			case bluetooth.HCIEvent:
				got, err = bluetooth.AppendHCIEvent(nil, p)
				back, err2 = bluetooth.DecodeHCIEvent(want)
			case bluetooth.HCIData:
				got, err = bluetooth.AppendHCIData(nil, p)
				back, err2 = bluetooth.DecodeHCIData(want)
			case bluetooth.HCIMessage:
				got, err = bluetooth.AppendHCIMessage(nil, p)
				back, err2 = bluetooth.DecodeHCIMessage(want)
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("made %x, %v; want %x", got, err, want)
			}
			if err2 != nil || !reflect.DeepEqual(back, tt.packet) {
				t.Errorf("read %+v, %v", back, err2)
			}
			// A packet with one byte less or more is an error.
			for _, wrong := range [][]byte{want[:len(want)-1], append(bytes.Clone(want), 0), nil} {
				var short *bluetooth.PacketError
				if err := parseHCI(tt.packet, wrong); !errors.As(err, &short) {
					t.Errorf("%x: %v, want a *PacketError", wrong, err)
				}
			}
		})
	}
}

// parseHCI decodes p as a packet of the type of like.
func parseHCI(like any, p []byte) error {
	var err error
	switch like.(type) {
	case bluetooth.HCICommand:
		_, err = bluetooth.DecodeHCICommand(p)
	case bluetooth.HCIEvent:
		_, err = bluetooth.DecodeHCIEvent(p)
	case bluetooth.HCIData:
		_, err = bluetooth.DecodeHCIData(p)
	case bluetooth.HCIMessage:
		_, err = bluetooth.DecodeHCIMessage(p)
	}
	return err
}

func TestHCIPacketsTooLong(t *testing.T) {
	long := make([]byte, 1<<16)
	for name, err := range map[string]error{
		"command":        errOf(bluetooth.AppendHCICommand(nil, bluetooth.HCICommand{Params: long[:256]})),
		"event":          errOf(bluetooth.AppendHCIEvent(nil, bluetooth.HCIEvent{Params: long[:256]})),
		"voice":          errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_SCODATA_PKT, Data: long[:256]})),
		"isochronous":    errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_ISODATA_PKT, Data: long[:1<<14]})),
		"data":           errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_ACLDATA_PKT, Data: long})),
		"handle":         errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_ACLDATA_PKT, Handle: 1 << 12})),
		"flags":          errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_ACLDATA_PKT, Flags: 16})),
		"kind":           errOf(bluetooth.AppendHCIData(nil, bluetooth.HCIData{Kind: bluetooth.HCI_EVENT_PKT})),
		"message":        errOf(bluetooth.AppendHCIMessage(nil, bluetooth.HCIMessage{Params: long})),
		"other kind":     parseHCI(bluetooth.HCICommand{}, []byte{4, 0, 0, 0}),
		"no data packet": parseHCI(bluetooth.HCIData{}, []byte{4, 0, 0, 0}),
	} {
		var bad *sock.ArgError
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v, want an *ArgError", name, err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestHCIAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		event  bluetooth.HCIEvent
		opcode uint16
		result []byte
		ok     bool
	}{
		{"complete", bluetooth.HCIEvent{Code: 0x0e, Params: []byte{1, 0x09, 0x10, 0, 7}}, 0x1009, []byte{0, 7}, true},
		{"complete with nothing", bluetooth.HCIEvent{Code: 0x0e, Params: []byte{1, 0, 0}}, 0, []byte{}, true},
		{"status", bluetooth.HCIEvent{Code: 0x0f, Params: []byte{4, 1, 0x05, 0x04}}, 0x0405, []byte{4}, true},
		{"too short", bluetooth.HCIEvent{Code: 0x0f, Params: []byte{4, 1, 0x05}}, 0, nil, false},
		{"another event", bluetooth.HCIEvent{Code: 0x03, Params: []byte{4, 1, 0x05, 0x04}}, 0, nil, false},
	} {
		opcode, result, ok := tt.event.Answers()
		if opcode != tt.opcode || !bytes.Equal(result, tt.result) || ok != tt.ok {
			t.Errorf("%s: %#x, %x, %v", tt.name, opcode, result, ok)
		}
	}
	m := bluetooth.HCIMessage{Opcode: bluetooth.MGMT_EV_CMD_COMPLETE, Params: []byte{1, 0, 0, 1, 22, 0}}
	if op, status, result, ok := m.Answers(); op != bluetooth.MGMT_OP_READ_VERSION || status != 0 || len(result) != 3 || !ok {
		t.Errorf("%#x, %d, %x, %v", op, status, result, ok)
	}
	m.Opcode = 0x0004
	if _, _, _, ok := m.Answers(); ok {
		t.Error("any event is an answer")
	}
}

// The decoders return false for controls of another kind or length.
func TestBluetoothControls(t *testing.T) {
	socktest.LittleEndian(t)
	const solHCI, solBluetooth = 0, 274
	if in, ok := bluetooth.HCIDir(sock.IntsControl(solHCI, bluetooth.HCI_CMSG_DIR, 1)); !in || !ok {
		t.Error("direction", in, ok)
	}
	if in, ok := bluetooth.HCIDir(sock.IntsControl(solHCI, bluetooth.HCI_CMSG_DIR, 0)); in || !ok {
		t.Error("direction", in, ok)
	}
	long := sock.Control{Level: solHCI, Type: bluetooth.HCI_CMSG_TSTAMP, Data: socktest.Hex(t, "0100000000000000 4042000000000000")}
	if at, ok := bluetooth.HCITime(long); !at.Equal(time.Unix(1, 0x4240*1000)) || !ok {
		t.Error("time", at, ok)
	}
	short := sock.Control{Level: solHCI, Type: bluetooth.HCI_CMSG_TSTAMP, Data: socktest.Hex(t, "01000000 40420000")} // of 32-bit systems
	if at, ok := bluetooth.HCITime(short); !at.Equal(time.Unix(1, 0x4240*1000)) || !ok {
		t.Error("time", at, ok)
	}
	if status, ok := bluetooth.PktStatus((sock.Control{Level: solBluetooth, Type: bluetooth.BT_SCM_PKT_STATUS, Data: []byte{3}})); status != 3 || !ok {
		t.Error("status", status, ok)
	}
	for _, c := range []sock.Control{{}, {Level: solHCI, Type: bluetooth.HCI_CMSG_DIR}, {Level: solHCI, Type: bluetooth.HCI_CMSG_TSTAMP, Data: make([]byte, 12)},
		{Level: solBluetooth, Type: bluetooth.BT_SCM_PKT_STATUS}} {
		_, dir := bluetooth.HCIDir(c)
		_, at := bluetooth.HCITime(c)
		_, status := bluetooth.PktStatus(c)
		if dir || at || status {
			t.Errorf("%+v was taken for something", c)
		}
	}
}

func FuzzHCI(f *testing.F) {
	for _, s := range []string{"01 030c 00", "04 0e 04 01030c00", "02 2a21 0200 6162", "03 0130 03 616263", "0500 0200 0100 01", ""} {
		f.Add(socktest.Hex(f, s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		check := func(kind string, got []byte, err error) {
			if err != nil || !bytes.Equal(got, p) {
				t.Errorf("%s: %x became %x, %v", kind, p, got, err)
			}
		}
		if c, err := bluetooth.DecodeHCICommand(p); err == nil {
			got, err := bluetooth.AppendHCICommand(nil, c)
			check("command", got, err)
		}
		if e, err := bluetooth.DecodeHCIEvent(p); err == nil {
			got, err := bluetooth.AppendHCIEvent(nil, e)
			check("event", got, err)
			e.Answers()
		}
		if m, err := bluetooth.DecodeHCIMessage(p); err == nil {
			got, err := bluetooth.AppendHCIMessage(nil, m)
			check("message", got, err)
			m.Answers()
		}
		if d, err := bluetooth.DecodeHCIData(p); err == nil {
			got, err := bluetooth.AppendHCIData(nil, d)
			if d.Kind == bluetooth.HCI_ISODATA_PKT && len(got) == len(p) {
				got[4] |= p[4] & 0xc0 // reserved
			}
			check("data", got, err)
		}
	})
}

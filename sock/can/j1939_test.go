package can_test

import (
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestParseJ1939Info(t *testing.T) {
	const level = can.SOL_CAN_J1939
	other := sock.Control{Level: 1, Type: 1, Data: []byte{9, 9, 9, 9}}
	for _, tt := range []struct {
		name  string
		items []sock.Control
		want  can.J1939Info
		ok    bool
	}{
		{"nothing", nil, can.J1939Info{DestAddr: 0xff}, false},
		{"of others", []sock.Control{other}, can.J1939Info{DestAddr: 0xff}, false},
		{"to all", []sock.Control{{Level: level, Type: 3, Data: []byte{6}}}, can.J1939Info{DestAddr: 0xff, Priority: 6}, true},
		{"all", []sock.Control{{Level: level, Type: 1, Data: []byte{0x30}}, other, {Level: level, Type: 2, Data: socktest.Uint64s(0x1122334455667788)}, {Level: level, Type: 3, Data: []byte{7}}},
			can.J1939Info{DestAddr: 0x30, DestName: 0x1122334455667788, Priority: 7}, true},
		{"cut", []sock.Control{{Level: level, Type: 1}, {Level: level, Type: 2, Data: make([]byte, 7)}, {Level: level, Type: 3}}, can.J1939Info{DestAddr: 0xff}, false},
	} {
		if got, ok := can.ParseJ1939Info(tt.items); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// solSocket is the SOL_SOCKET of Linux: on most processors 1.
func solSocket() int {
	if s := sock.SOL_SOCKET; runtime.GOOS == "linux" {
		return s
	}
	return 1
}

func nla(typ uint16, data []byte) []byte {
	b := slices.Concat(socktest.Uint16s(uint16(4+len(data)), typ), data)
	return append(b, make([]byte, -len(b)&3)...)
}

func TestParseJ1939Event(t *testing.T) {
	ee := slices.Concat(socktest.Uint32s(uint32(syscall.ENOENT)), []byte{1, 0, 0, 0}, socktest.Uint32s(1, 42))
	const errqueue = 4
	items := []sock.Control{
		{Level: solSocket(), Type: 37, Data: slices.Concat(socktest.Uint64s(1700000000, 5), make([]byte, 32))},
		{Level: solSocket(), Type: 54, Data: slices.Concat(nla(1, socktest.Uint32s(14)), nla(2, socktest.Uint32s(200)), nla(3, socktest.Uint32s(0x12300)), nla(0, nil), nla(4, socktest.Uint64s(7)),
			nla(5, socktest.Uint64s(8)), nla(6, []byte{0x20}), nla(7, []byte{0x30}), nla(99, socktest.Uint32s(1)))},
		{Level: can.SOL_CAN_J1939, Type: errqueue, Data: ee},
	}
	want := can.J1939Event{Errno: syscall.ENOENT, Origin: 1, Info: 1, Key: 42, Time: time.Unix(1700000000, 5), BytesAcked: 14, TotalSize: 200,
		PGN: 0x12300, SrcName: 7, DestName: 8, SrcAddr: 0x20, DestAddr: 0x30}
	if runtime.GOOS != "linux" {
		want.Time = time.Time{}
	}
	if got, ok := can.ParseJ1939Event(items); !ok || got != want {
		t.Errorf("%+v, %v; want %+v", got, ok, want)
	}
	items[0].Data = slices.Concat(socktest.Uint32s(1700000000, 5), make([]byte, 16)) // of 32 bits
	if got, _ := can.ParseJ1939Event(items); got != want {
		t.Errorf("32 bits: %+v, want %+v", got, want)
	}
	if got, ok := can.ParseJ1939Event(items[:2]); ok || got.BytesAcked != 14 {
		t.Errorf("%+v, %v without the event itself", got, ok)
	}
	items[2].Data = ee[:15]
	if _, ok := can.ParseJ1939Event(items); ok {
		t.Error("a part of an event is taken")
	}
}

func FuzzParseJ1939Event(f *testing.F) {
	f.Add(nla(1, socktest.Uint32s(14)), make([]byte, 16), make([]byte, 48))
	f.Fuzz(func(_ *testing.T, stats, ee, stamp []byte) {
		can.ParseJ1939Event([]sock.Control{{Level: solSocket(), Type: 54, Data: stats}, {Level: solSocket(), Type: 37, Data: stamp},
			{Level: can.SOL_CAN_J1939, Type: 4, Data: ee}})
	})
}

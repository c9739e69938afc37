package sock_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// readers has all methods that read an item, by name.
var readers = map[string]func(sock.Control) (any, bool){
	"AlgOp":         func(c sock.Control) (any, bool) { v, ok := c.AlgOp(); return v, ok },
	"AlgIV":         func(c sock.Control) (any, bool) { v, ok := c.AlgIV(); return v, ok },
	"AlgAssoclen":   func(c sock.Control) (any, bool) { v, ok := c.AlgAssoclen(); return v, ok },
	"HopLimit":      func(c sock.Control) (any, bool) { v, ok := c.HopLimit(); return v, ok },
	"OrigDstAddr":   func(c sock.Control) (any, bool) { v, ok := c.OrigDstAddr(); return v, ok },
	"PidFD":         func(c sock.Control) (any, bool) { v, ok := c.PidFD(); return v, ok },
	"PktInfo":       func(c sock.Control) (any, bool) { v, ok := c.PktInfo(); return v, ok },
	"PktInfo6":      func(c sock.Control) (any, bool) { v, ok := c.PktInfo6(); return v, ok },
	"QueuedError":   func(c sock.Control) (any, bool) { v, ok := c.QueuedError(); return v, ok },
	"Rights":        func(c sock.Control) (any, bool) { v, ok := c.Rights(); return v, ok },
	"RxqOvfl":       func(c sock.Control) (any, bool) { v, ok := c.RxqOvfl(); return v, ok },
	"SockCred":      func(c sock.Control) (any, bool) { v, ok := c.SockCred(); return v, ok },
	"TOS":           func(c sock.Control) (any, bool) { v, ok := c.TOS(); return v, ok },
	"TTL":           func(c sock.Control) (any, bool) { v, ok := c.TTL(); return v, ok },
	"TLSRecordType": func(c sock.Control) (any, bool) { v, ok := c.TLSRecordType(); return v, ok },
	"Timestamp":     func(c sock.Control) (any, bool) { v, ok := c.Timestamp(); return v, ok },
	"Timestamping":  func(c sock.Control) (any, bool) { v, ok := c.Timestamping(); return v, ok },
	"TrafficClass":  func(c sock.Control) (any, bool) { v, ok := c.TrafficClass(); return v, ok },
	"TxTime":        func(c sock.Control) (any, bool) { v, ok := c.TxTime(); return v, ok },
	"UDPGRO":        func(c sock.Control) (any, bool) { v, ok := c.UDPGRO(); return v, ok },
	"UDPSegment":    func(c sock.Control) (any, bool) { v, ok := c.UDPSegment(); return v, ok },
	"Ucred":         func(c sock.Control) (any, bool) { v, ok := c.Ucred(); return v, ok },
}

// An item that can be sent is read back unchanged by its own reader, and by no other reader.
func TestControlThereAndBack(t *testing.T) {
	for _, tt := range []struct {
		reader string
		item   sock.Control
		want   any
		linux  bool // on Linux only
	}{
		{"AlgOp", sock.AlgOp(1).Control(), sock.AlgOp(1), false},
		{"AlgIV", sock.AlgIV("vector").Control(), sock.AlgIV("vector"), false},
		{"AlgAssoclen", sock.AlgAssoclen(9).Control(), sock.AlgAssoclen(9), false},
		{"Rights", sock.Rights{3, 4, -1}.Control(), sock.Rights{3, 4, -1}, false},
		{"Ucred", sock.Ucred{PID: 7, UID: 1 << 30, GID: 5}.Control(), sock.Ucred{PID: 7, UID: 1 << 30, GID: 5}, true},
		{"PktInfo", sock.PktInfo{Interface: 2, Local: netip.MustParseAddr("10.0.0.1")}.Control(),
			sock.PktInfo{Interface: 2, Local: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("0.0.0.0")}, true},
		{"PktInfo6", sock.PktInfo6{Interface: 2, Addr: netip.MustParseAddr("fe80::1")}.Control(),
			sock.PktInfo6{Interface: 2, Addr: netip.MustParseAddr("fe80::1")}, false},
		{"PktInfo6", sock.PktInfo6{Interface: 2}.Control(), sock.PktInfo6{Interface: 2, Addr: netip.IPv6Unspecified()}, false},
		{"TTL", sock.TTL(9).Control(), sock.TTL(9), false},
		{"TOS", sock.TOS(0x2e).Control(), sock.TOS(0x2e), false},
		{"HopLimit", sock.HopLimit(-1).Control(), sock.HopLimit(-1), true},
		{"TrafficClass", sock.TrafficClass(9).Control(), sock.TrafficClass(9), true},
		{"TxTime", sock.TxTime(1 << 40).Control(), sock.TxTime(1 << 40), true},
		{"UDPSegment", sock.UDPSegment(1200).Control(), sock.UDPSegment(1200), false},
		{"TLSRecordType", sock.TLSRecordType(21).Control(), sock.TLSRecordType(21), false},
	} {
		if tt.linux && runtime.GOOS != "linux" {
			continue
		}
		for name, read := range readers {
			got, ok := read(tt.item)
			if ok != (name == tt.reader) {
				t.Errorf("%s of %v: %v, %v", name, tt.item, got, ok)
			} else if ok && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: %+v, want %+v", name, got, tt.want)
			}
			// The data must have exactly the right length. Rights is an exception: it ignores an
			// incomplete int at the end.
			if name != "Rights" && name != "AlgIV" && len(tt.item.Data) > 0 {
				for _, data := range [][]byte{nil, tt.item.Data[:len(tt.item.Data)-1], append(tt.item.Data[:len(tt.item.Data):len(tt.item.Data)], 0, 0, 0)} {
					if got, ok := read(sock.Control{Level: tt.item.Level, Type: tt.item.Type, Data: data}); ok {
						t.Errorf("%s of %d bytes, not %d: %v", name, len(data), len(tt.item.Data), got)
					}
				}
			}
		}
	}
	// An address of the wrong family makes an item that every system refuses. It does not panic.
	for _, c := range []sock.Control{
		sock.PktInfo{Local: netip.MustParseAddr("::1")}.Control(),
		sock.PktInfo6{Addr: netip.MustParseAddr("127.0.0.1")}.Control(),
	} {
		if len(c.Data) != 0 {
			t.Errorf("%v", c)
		}
	}
}

// The bytes that Linux gives and takes, according to its headers, on a little-endian machine.
func TestControlBytesOfLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the types are those of Linux: run this on Linux")
	}
	socktest.LittleEndian(t)
	at := time.Unix(0x65000000, 0)
	for _, tt := range []struct {
		reader      string
		level, typ  int
		data        string
		want        any
		description string
	}{
		{"Ucred", sock.SOL_SOCKET, 2, "01000000" + "e8030000" + "feffff7f", sock.Ucred{PID: 1, UID: 1000, GID: 0x7ffffffe}, "struct ucred"},
		{"PidFD", sock.SOL_SOCKET, 4, "05000000", 5, "int"},
		{"RxqOvfl", sock.SOL_SOCKET, 40, "ffffffff", sock.RxqOvfl(0xffffffff), "__u32"},
		{"Timestamp", sock.SOL_SOCKET, 29, "0000006500000000" + "0700000000000000", at.Add(7 * time.Microsecond), "struct timeval of 64 bits"},
		{"Timestamp", sock.SOL_SOCKET, 29, "00000065" + "07000000", at.Add(7 * time.Microsecond), "struct timeval of 32 bits"},
		{"Timestamp", sock.SOL_SOCKET, 63, "0000006500000000" + "0700000000000000", at.Add(7 * time.Microsecond), "struct __kernel_sock_timeval"},
		{"Timestamp", sock.SOL_SOCKET, 35, "0000006500000000" + "0700000000000000", at.Add(7), "struct timespec of 64 bits"},
		{"Timestamp", sock.SOL_SOCKET, 35, "00000065" + "07000000", at.Add(7), "struct timespec of 32 bits"},
		{"Timestamp", sock.SOL_SOCKET, 64, "0000006500000000" + "0700000000000000", at.Add(7), "struct __kernel_timespec"},
		{"Timestamping", sock.SOL_SOCKET, 37, "0000006500000000" + "0700000000000000" + "00000000000000000000000000000000" +
			"0100006500000000" + "0800000000000000", sock.Timestamping{Software: at.Add(7), Hardware: at.Add(time.Second + 8)}, "three timespecs"},
		{"Timestamping", sock.SOL_SOCKET, 37, "00000065" + "07000000" + "0000000000000000" + "0000000000000000",
			sock.Timestamping{Software: at.Add(7)}, "three timespecs of 32 bits"},
		{"Timestamping", sock.SOL_SOCKET, 65, "0000006500000000" + "0700000000000000" + "00000000000000000000000000000000" +
			"00000000000000000000000000000000", sock.Timestamping{Software: at.Add(7)}, "three new timespecs"},
		{"PktInfo", 0, 8, "02000000" + "7f000001" + "e0000001",
			sock.PktInfo{Interface: 2, Local: netip.MustParseAddr("127.0.0.1"), Dst: netip.MustParseAddr("224.0.0.1")}, "struct in_pktinfo"},
		{"PktInfo6", 41, 50, "fe800000000000000000000000000001" + "03000000",
			sock.PktInfo6{Interface: 3, Addr: netip.MustParseAddr("fe80::1")}, "struct in6_pktinfo"},
		{"TTL", 0, 2, "40000000", sock.TTL(64), "int"},
		{"TOS", 0, 1, "b8", sock.TOS(184), "unsigned char"},
		{"HopLimit", 41, 52, "ff000000", sock.HopLimit(255), "int"},
		{"TrafficClass", 41, 67, "b8000000", sock.TrafficClass(184), "int"},
		{"OrigDstAddr", 0, 20, "0200" + "0050" + "0a000001" + "0000000000000000", sock.Inet("10.0.0.1", 80), "struct sockaddr_in"},
		{"OrigDstAddr", 41, 74, "0a00" + "0050" + "00000000" + "00000000000000000000000000000001" + "00000000", sock.Inet6("::1", 80),
			"struct sockaddr_in6"},
		{"UDPGRO", 17, 104, "b0040000", sock.UDPGRO(1200), "int"},
		{"TLSRecordType", 282, 2, "16", sock.TLSRecordType(22), "unsigned char"},
		{"UDPSegment", 17, 103, "b004", sock.UDPSegment(1200), "__u16"},
		{"TxTime", sock.SOL_SOCKET, 61, "0100000000000080", sock.TxTime(1<<63 + 1), "__u64"},
		{"QueuedError", 0, 11, "71000000" + "02" + "0b" + "00" + "00" + "00000000" + "00000000" + "0200" + "0000" + "0a000001" + "0000000000000000",
			sock.QueuedError{Errno: 0x71, Origin: 2, Type: 11, Offender: sock.Inet("10.0.0.1", 0)}, "struct sock_extended_err, sockaddr_in"},
		{"QueuedError", 41, 25, "5a000000" + "03" + "02" + "00" + "00" + "00050000" + "00000000" + "0a00" + "0000" + "00000000" +
			"fe800000000000000000000000000001" + "00000000",
			sock.QueuedError{Errno: 0x5a, Origin: 3, Type: 2, Info: 1280, Offender: sock.Inet6("fe80::1", 0)}, "…, sockaddr_in6"},
		{"QueuedError", 0, 11, "00000000" + "05" + "00" + "01" + "00" + "03000000" + "07000000" + "0000000000000000" + "0000000000000000",
			sock.QueuedError{Origin: 5, Code: 1, Info: 3, Data: 7}, "…, no offender"},
		{"QueuedError", 263, 16, "2a000000" + "04" + "00" + "00" + "00" + "01000000" + "07000000", sock.QueuedError{Errno: 42, Origin: 4, Info: 1, Data: 7},
			"… of AF_PACKET"},
	} {
		data, err := hex.DecodeString(tt.data)
		if err != nil {
			t.Fatal(err)
		}
		c := sock.Control{Level: tt.level, Type: tt.typ, Data: data}
		if got, ok := readers[tt.reader](c); !ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s of %s: %+v, %v; want %+v", tt.reader, tt.description, got, ok, tt.want)
		}
		for name, read := range readers {
			if got, ok := read(c); ok && name != tt.reader {
				t.Errorf("%s of an item for %s: %v", name, tt.reader, got)
			}
		}
	}
	// A fraction outside the range of a second is refused.
	for _, data := range []string{"0000006500000000" + "40420f0000000000", "0000006500000000" + "ffffffffffffffff"} {
		b, _ := hex.DecodeString(data)
		if got, ok := (sock.Control{Level: sock.SOL_SOCKET, Type: 29, Data: b}).Timestamp(); ok {
			t.Errorf("%s: %v", data, got)
		}
	}
}

// A reader neither panics nor loops forever, for any bytes.
func FuzzControlReaders(f *testing.F) {
	for _, seed := range []sock.Control{
		sock.Rights{1}.Control(), sock.AlgIV("x").Control(), sock.PktInfo{}.Control(), sock.PktInfo6{}.Control(),
		{Level: 0, Type: 11, Data: make([]byte, 44)}, {Level: sock.SOL_SOCKET, Type: 37, Data: make([]byte, 48)},
		{Level: 0, Type: 20, Data: []byte{2, 0, 0, 80}}, sock.TTL(1).Control(), sock.UDPSegment(1).Control(), sock.TLSRecordType(1).Control(),
	} {
		f.Add(seed.Level, seed.Type, seed.Data)
	}
	f.Fuzz(func(t *testing.T, level, typ int, data []byte) {
		c := sock.Control{Level: level, Type: typ, Data: data}
		read := 0
		for name, reader := range readers {
			v, ok := reader(c)
			if ok {
				read++
			} else if name != "OrigDstAddr" && !reflect.ValueOf(v).IsZero() {
				t.Errorf("%s: %v and no", name, v)
			}
			if e, is := v.(sock.QueuedError); is && ok && e.Error() == "" {
				t.Error("an error without a text")
			}
		}
		if read > 1 {
			t.Errorf("%v has %d readers", c, read)
		}
	})
}

// The items come one by one, in the order of the bytes. An incomplete item comes last, with an
// error: items 109, 110.
func TestControlMessages(t *testing.T) {
	whole, err := sock.AppendControl(nil, sock.TTL(5).Control(), sock.TOS(6).Control(), sock.Rights{7}.Control())
	if err != nil {
		t.Fatal(err)
	}
	items, _ := sock.ParseControl(whole)
	for cut := range len(whole) + 1 {
		want, bad := sock.ParseControl(whole[:cut])
		var got []sock.Control
		var failed error
		for c, err := range sock.ControlMessages(whole[:cut]) {
			if err == nil || len(c.Data) > 0 {
				got = append(got, c)
			}
			failed = err
		}
		for i, c := range want {
			if len(c.Data) == 0 && bad != nil && i == len(want)-1 {
				want = want[:i] // no byte of it
			}
		}
		if len(got) != len(want) || !reflect.DeepEqual(failed, bad) || (bad == nil) != (failed == nil) {
			t.Errorf("%d bytes: %v, %v; want %v, %v", cut, got, failed, want, bad)
		}
	}
	n := 0
	for range sock.ControlMessages(whole) {
		n++
		break // a loop may end early
	}
	if n != 1 || len(items) != 3 {
		t.Error(n, items)
	}
}

// Reading allocates nothing.
func TestControlReadersAllocateNothing(t *testing.T) {
	b, err := sock.AppendControl(nil, sock.TTL(5).Control(), sock.TOS(6).Control(), sock.PktInfo6{Interface: 1}.Control(),
		sock.Control{Level: 0, Type: 11, Data: append(make([]byte, 16), 2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)},
		sock.Control{Level: sock.SOL_SOCKET, Type: 29, Data: binary.NativeEndian.AppendUint64(make([]byte, 8), 5)}, sock.Rights{1, 2}.Control())
	if err != nil {
		t.Fatal(err)
	}
	fds := make([]int, 0, 4)
	found := 0
	if n := testing.AllocsPerRun(100, func() {
		found = 0
		for c, err := range sock.ControlMessages(b) {
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := c.TTL(); ok {
				found++
			}
			if _, ok := c.TOS(); ok {
				found++
			}
			if _, ok := c.PktInfo6(); ok {
				found++
			}
			if _, ok := c.QueuedError(); ok {
				found++
			}
			if _, ok := c.Timestamp(); ok {
				found++
			}
			fds = c.AppendRights(fds[:0])
			found += len(fds)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if runtime.GOOS == "linux" && found != 7 {
		t.Errorf("%d found, want 7", found)
	}
}

// Ancillary data that is too long for the system is refused before it is copied: item 100.
func TestControlTooLarge(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("no slice is that long here: run this on a system of 64 bits")
	}
	bare.Memory(t, 4<<30)
	socktest.SkipOnWine(t, "there an allocation takes its memory at once")
	huge := make([]byte, math.MaxInt32) // the test does not touch it, so it takes no memory
	for _, tt := range []struct {
		name string
		to   []byte
		item sock.Control
		want string
	}{
		{"an item", nil, sock.Control{Data: huge}, "ancillary data item too large"},
		{"a small item too much", huge[:math.MaxInt32-8], sock.TTL(1).Control(), "too much ancillary data"},
	} {
		b, err := sock.AppendControl(tt.to, tt.item)
		var arg *sock.ArgError
		if !errors.As(err, &arg) || arg.Rule != tt.want || len(b) != len(tt.to) {
			t.Errorf("%s: %d bytes, %v; want %q", tt.name, len(b), err, tt.want)
		}
	}
}

package netlink_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
)

// The bytes that a C program wrote with the macros of <linux/netlink.h> and <linux/rtnetlink.h> on
// a little-endian machine.
const (
	linkBytes = "60000000100002000700000063000000000001000500000043000000ffffffff0a000300766574683000000008000400dc050000" +
		"0a00010002000000000100000800050006000000050010000600000010001280090001007665746800000000"
	addrBytes = "580000001400000008000000630000000218800005000000080001000a000002080002000a000001080004000a0000ff" +
		"0a00030076657468300000000800080080020000140006000a000000140000000100000002000000"
	errorBytes = "3c000000020000030900000000000000eaffffff640000001000000000000000000000000d000100626164206c696e6b00000000" +
		"0800020024000000"
)

func recorded(t testing.TB, text string) []byte {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the bytes are those of a little-endian machine: record them on a big-endian one")
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func oneMessage(t testing.TB, b []byte) netlink.Message {
	t.Helper()
	var all []netlink.Message
	for m, err := range netlink.Messages(b) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if len(all) != 1 {
		t.Fatalf("%d messages, want 1", len(all))
	}
	return all[0]
}

func TestLinkMessage(t *testing.T) {
	m := oneMessage(t, recorded(t, linkBytes))
	if m.Type != netlink.RTM_NEWLINK || m.Flags != netlink.NLM_F_MULTI || m.Seq != 7 || m.Pid != 99 {
		t.Errorf("the header is %+v", m)
	}
	got, err := netlink.ParseLink(m)
	want := netlink.Link{
		Index: 5, Name: "veth0", Type: 1, Flags: netlink.IFF_UP | netlink.IFF_RUNNING | netlink.IFF_BROADCAST, Change: 0xffffffff,
		Address: net.HardwareAddr{2, 0, 0, 0, 0, 1}, MTU: 1500, Lower: 6, OperState: 6, Kind: "veth",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if !got.Up() || !got.Running() {
		t.Error("it is up and running")
	}
	m.Type = netlink.RTM_NEWADDR
	var arg *sock.ArgError
	if _, err := netlink.ParseLink(m); !errors.As(err, &arg) {
		t.Errorf("of another type: %v", err)
	}
}

func TestLinkAddressMessage(t *testing.T) {
	got, err := netlink.ParseLinkAddress(oneMessage(t, recorded(t, addrBytes)))
	want := netlink.LinkAddress{
		Index: 5, Prefix: netip.MustParsePrefix("10.0.0.1/24"), Peer: netip.MustParseAddr("10.0.0.2"),
		Broadcast: netip.MustParseAddr("10.0.0.255"), Label: "veth0", Flags: 0x280, Valid: 20, Preferred: 10,
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestError(t *testing.T) {
	b := recorded(t, errorBytes)
	err := oneMessage(t, b).Err()
	var failed *netlink.Error
	if !errors.As(err, &failed) || *failed != (netlink.Error{Errno: syscall.EINVAL, Text: "bad link", Offset: 36}) {
		t.Fatalf("%#v", err)
	}
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v is not EINVAL", err)
	}
	if want := syscall.EINVAL.Error() + ": bad link (at byte 36 of the request)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	binary.NativeEndian.PutUint32(b[16:], 0)
	if err := oneMessage(t, b).Err(); err != nil {
		t.Errorf("an acknowledgement: %v", err)
	}
	for _, test := range []struct {
		name string
		m    netlink.Message
		want any
	}{
		{"done without a result", netlink.Message{Type: netlink.NLMSG_DONE}, nil},
		{"done", netlink.Message{Type: netlink.NLMSG_DONE, Data: make([]byte, 4)}, nil},
		{"another type", netlink.Message{Type: netlink.RTM_NEWLINK, Data: []byte{255, 255, 255, 255}}, nil},
		{"cut", netlink.Message{Type: netlink.NLMSG_ERROR, Data: []byte{1}}, new(*netlink.FormatError)},
		{"done with an errno", netlink.Message{Type: netlink.NLMSG_DONE, Data: []byte{255, 255, 255, 255}}, new(*netlink.Error)},
	} {
		err := test.m.Err()
		if test.want == nil && err != nil || test.want != nil && !errors.As(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	message := func(n uint32, more int) []byte {
		return append(binary.NativeEndian.AppendUint32(nil, n), make([]byte, more)...)
	}
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"a part of a header", make([]byte, 15), "malformed or cut netlink message: 15 bytes of 16"},
		{"length 0", make([]byte, 16), "malformed or cut netlink message: 0 bytes of 16"},
		{"shorter than its header", message(15, 20), "malformed or cut netlink message: 15 bytes of 16"},
		{"longer than there is", message(33, 28), "malformed or cut netlink message: 32 bytes of 33"},
		{"longer than an int32", message(1<<32-1, 28), "malformed or cut netlink message: 32 bytes of 2147483647"},
	} {
		var got error
		for _, err := range netlink.Messages(test.b) {
			got = err
		}
		if got == nil || got.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
	for _, test := range []struct {
		name string
		b    []byte
		good int
	}{
		{"a part of a header", []byte{1, 2, 3}, 0},
		{"shorter than its header", binary.NativeEndian.AppendUint32(nil, 3), 0},
		{"one, and more than there is", append(new8(), new8()[:4]...), 1},
	} {
		good, bad := 0, error(nil)
		for _, err := range netlink.Attrs(test.b) {
			if bad = err; err == nil {
				good++
			}
		}
		var format *netlink.FormatError
		if good != test.good || !errors.As(bad, &format) {
			t.Errorf("%s: %d, then %v", test.name, good, bad)
		}
	}
}

// new8 returns an attribute of 8 bytes.
func new8() []byte {
	b, _ := new(netlink.Builder).Uint32(1, 2).Data()
	return b
}

func TestBuilder(t *testing.T) {
	got, err := new(netlink.Builder).Bytes([]byte{1}).Text(1, "abc").Uint8(2, 8).Uint16(3, 16).Uint32(4, 32).Uint64(5, 64).
		Attr(6|netlink.NLA_F_NET_BYTEORDER, []byte{0, 0, 1, 0}).
		Nest(7, func(b *netlink.Builder) { b.Uint32(1, 1).Text(2, "") }).Data()
	if err != nil || len(got)%4 != 0 {
		t.Fatal(len(got), err)
	}
	var attrs []netlink.Attr
	for a, err := range netlink.Attrs(got[4:]) {
		if err != nil {
			t.Fatal(err)
		}
		attrs = append(attrs, a)
	}
	if len(attrs) != 7 {
		t.Fatalf("%d attributes, want 7", len(attrs))
	}
	a8, _ := attrs[1].Uint8()
	a16, _ := attrs[2].Uint16()
	a32, _ := attrs[3].Uint32()
	a64, _ := attrs[4].Uint64()
	net32, _ := attrs[5].Uint32()
	if attrs[0].Text() != "abc" || a8 != 8 || a16 != 16 || a32 != 32 || a64 != 64 || net32 != 256 || !attrs[5].NetOrder || !attrs[6].Nested {
		t.Errorf("%+v", attrs)
	}
	if _, ok := attrs[0].Uint64(); ok {
		t.Error("text of 4 bytes is a number of 8")
	}
	inner := 0
	for _, err := range attrs[6].Attrs() {
		if err != nil {
			t.Error(err)
		}
		inner++
	}
	if inner != 2 {
		t.Errorf("%d attributes in the nest, want 2", inner)
	}
	var arg *sock.ArgError
	if _, err := new(netlink.Builder).Attr(1, make([]byte, 65532)).Data(); !errors.As(err, &arg) {
		t.Errorf("an attribute that is too long: %v", err)
	}
	if b, err := new(netlink.Builder).Attr(1, make([]byte, 65531)).Data(); err != nil || len(b) != 65536 {
		t.Errorf("the longest attribute: %d, %v", len(b), err)
	}
}

// Decoding returns what Append wrote.
func TestAppend(t *testing.T) {
	want := []netlink.Message{{Type: 1, Data: []byte{}}, {Type: 16, Flags: 5, Seq: 7, Pid: 9, Data: []byte("hello")}, {Data: []byte{1}}}
	var b []byte
	for _, m := range want {
		var err error
		if b, err = m.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	var got []netlink.Message
	for m, err := range netlink.Messages(b) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if !slices.EqualFunc(got, want, func(a, b netlink.Message) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	b := recorded(t, linkBytes)
	if n := testing.AllocsPerRun(100, func() {
		for m := range netlink.Messages(b) {
			for a := range netlink.Attrs(m.Data[16:]) {
				a.Uint32()
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMessages(f *testing.F) {
	for _, text := range []string{linkBytes, addrBytes, errorBytes} {
		b, _ := hex.DecodeString(text)
		f.Add(b)
		f.Add(b[:len(b)-3])
		f.Add(append(bytes.Clone(b), b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		for m, err := range netlink.Messages(b) {
			if err != nil {
				var format *netlink.FormatError
				if !errors.As(err, &format) {
					t.Errorf("%v", err)
				}
				break
			}
			total += 16 + len(m.Data)
			m.Err()
			netlink.ParseLink(m)
			netlink.ParseLinkAddress(m)
			for a := range netlink.Attrs(m.Data) {
				for range a.Attrs() {
				}
				a.Text()
			}
			again, err := m.Append(nil)
			if err != nil || oneMessage(t, again).Type != m.Type {
				t.Errorf("%+v does not survive: %v", m, err)
			}
		}
		if total > len(b) {
			t.Errorf("%d bytes of messages in %d", total, len(b))
		}
	})
}

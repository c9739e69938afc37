package sock_test

import (
	"bytes"
	"encoding/binary"
	"go/constant"
	"go/types"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// Package families has its own numbers and layouts, for all systems at once. These tests compare
// them with those of x/sys and with the constants of this package.

var layoutOf = map[string]*families.System{
	"linux": families.Linux, "darwin": families.Darwin, "freebsd": families.FreeBSD, "netbsd": families.NetBSD,
	"openbsd": families.OpenBSD, "dragonfly": families.DragonFly, "windows": families.Windows,
}

// Names of the constants for the family and the protocol of each format. A system that has both
// constants has the format.
var formatConstants = []struct{ family, protocol, format string }{
	{"AF_UNIX", "", "unix"},
	{"AF_INET", "", "inet"},
	{"AF_INET6", "", "inet6"},
	{"AF_RDS", "", "rds"},
	{"AF_DIVERT", "", "divert"},
	{"AF_NETLINK", "", "netlink"},
	{"AF_PACKET", "", "packet"},
	{"AF_VSOCK", "", "vsock"},
	{"AF_TIPC", "", "tipc"},
	{"AF_ALG", "", "alg"},
	{"AF_QIPCRTR", "", "qipcrtr"},
	{"AF_LINK", "", "link"},
	{"AF_CAN", "CAN_RAW", "can"},
	{"AF_CAN", "CAN_BCM", "can"},
	{"AF_CAN", "CAN_ISOTP", "isotp"},
	{"AF_CAN", "CAN_J1939", "j1939"},
	{"AF_BLUETOOTH", "BTPROTO_L2CAP", "l2cap"},
	{"AF_BLUETOOTH", "BTPROTO_RFCOMM", "rfcomm"},
	{"AF_BLUETOOTH", "BTPROTO_HCI", "hci"},
	{"AF_BLUETOOTH", "BTPROTO_SCO", "sco"},
	{"AF_HYPERV", "HV_PROTOCOL_RAW", "hyperv"},
	{"AF_SYSTEM", "SYSPROTO_CONTROL", "system"},
}

func TestFamilyNumbers(t *testing.T) {
	loader := catalog.LoaderFor(t)
	for _, sys := range catalog.Systems {
		t.Run(sys.GOOS, func(t *testing.T) {
			target := loader.Target(sys.GOOS, sys.GOARCHs[0])
			own, err := target.CheckFiles("const*.go", "zconst*.go")
			if err != nil {
				t.Fatal(err)
			}
			xsys, err := target.Import(sys.XSys)
			if err != nil {
				t.Fatal(err)
			}
			number := func(name string) (int, bool) {
				for _, pkg := range []*types.Package{own, xsys} {
					if c := catalog.Lookup(pkg, name); c != nil {
						n, _ := constant.Int64Val(c.Val())
						return int(n), true
					}
				}
				return 0, name == ""
			}
			layout := layoutOf[sys.GOOS]
			found := make(map[string]bool)
			for _, c := range formatConstants {
				family, ok1 := number(c.family)
				protocol, ok2 := number(c.protocol)
				if !ok1 || !ok2 || c.format == "link" && sys.GOOS == "windows" { // AF_LINK of Windows has no struct sockaddr_dl
					continue
				}
				found[c.format] = true
				if f, ok := layout.Lookup(family, protocol); !ok || f.Name() != c.format {
					t.Errorf("families has %v for %s, %d, and %s, %d; want %s", f, c.family, family, c.protocol, protocol, c.format)
				}
			}
			for family := range 256 {
				for protocol := range 256 {
					if f, ok := layout.Lookup(family, protocol); ok && !found[f.Name()] {
						t.Errorf("families has %s for family %d, protocol %d, of which there is no constant", f.Name(), family, protocol)
						found[f.Name()] = true
					}
				}
			}
		})
	}
}

func hostOrder(v any) string {
	b, err := binary.Append(nil, binary.NativeEndian, v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A layoutTest is an address, and the bytes of the fields of its struct.
type layoutTest struct {
	goos   string // all systems that have it, with spaces between them
	typ    string // in x/sys
	addr   families.Addr
	fields map[string]string
}

const bluetoothDevice, bluetoothBytes = "01:02:03:04:05:06", "\x06\x05\x04\x03\x02\x01"

var layoutTests = []layoutTest{
	{"linux", "RawSockaddrNetlink", families.Netlink(1, 2), map[string]string{
		"Pid": hostOrder(uint32(1)), "Groups": hostOrder(uint32(2)),
	}},
	{"linux", "RawSockaddrLinklayer", families.PacketLL("", 0x0102, 3, 4, []byte("hwaddr")).WithScope(5), map[string]string{
		"Protocol": "\x01\x02", "Ifindex": hostOrder(int32(5)), "Hatype": hostOrder(uint16(4)), "Pkttype": "\x03", "Halen": "\x06",
		"Addr": "hwaddr\x00\x00",
	}},
	{"linux darwin", "RawSockaddrVM", families.Vsock(1, 2), map[string]string{
		"Cid": hostOrder(uint32(1)), "Port": hostOrder(uint32(2)),
	}},
	{"linux", "RawSockaddrTIPC", families.TIPCNameseq(1, 2, 3), map[string]string{
		"Addrtype": "\x01", "Scope": "\x02", "Addr": hostOrder([]uint32{1, 2, 3}),
	}},
	{"linux", "RawSockaddrALG", families.ALG("hash", "sha1", 1, 2), map[string]string{
		"Type": "hash" + strings.Repeat("\x00", 10), "Feat": hostOrder(uint32(1)), "Mask": hostOrder(uint32(2)),
		"Name": "sha1" + strings.Repeat("\x00", 60),
	}},
	{"linux", "RawSockaddrCAN", families.ISOTP("", 1, 2).WithScope(3), map[string]string{
		"Ifindex": hostOrder(int32(3)), "Addr": hostOrder([]uint32{1, 2, 0, 0}),
	}},
	{"linux", "RawSockaddrCAN", families.J1939("", 1, 2, 4).WithScope(3), map[string]string{
		"Ifindex": hostOrder(int32(3)), "Addr": hostOrder(uint64(1)) + hostOrder(uint32(2)) + "\x04\x00\x00\x00",
	}},
	{"linux", "RawSockaddrL2", families.L2CAP(bluetoothDevice, 1, 2, 3), map[string]string{
		"Psm": "\x01\x00", "Bdaddr": bluetoothBytes, "Cid": "\x02\x00", "Bdaddr_type": "\x03",
	}},
	{"linux", "RawSockaddrRFCOMM", families.RFCOMM(bluetoothDevice, 7), map[string]string{
		"Bdaddr": bluetoothBytes, "Channel": "\x07",
	}},
	{"linux", "RawSockaddrHCI", families.HCI(1, 2), map[string]string{
		"Dev": hostOrder(uint16(1)), "Channel": hostOrder(uint16(2)),
	}},
	{"darwin freebsd netbsd openbsd dragonfly", "RawSockaddrDatalink", families.Link("em0", 1, 2, []byte("hwaddr")), map[string]string{
		"Index": hostOrder(uint16(1)), "Type": "\x02", "Nlen": "\x03", "Alen": "\x06", "Slen": "\x00", "Data": "em0hwaddr\x00",
	}},
	{"darwin", "RawSockaddrCtl", families.SystemID(1, 3), map[string]string{
		"Ss_sysaddr": hostOrder(uint16(2)), "Sc_id": hostOrder(uint32(1)), "Sc_unit": hostOrder(uint32(3)),
	}},
	{"windows", "RawSockaddrBth", families.RFCOMM(bluetoothDevice, 0x01020304), map[string]string{
		"BtAddr": bluetoothBytes + "\x00\x00", "ServiceClassId": strings.Repeat("\x00", 16), "Port": "\x04\x03\x02\x01",
	}},
}

// On every processor the fields have the offsets of x/sys, and the sockaddr has the same length.
func TestFamilyLayouts(t *testing.T) {
	loader := catalog.LoaderFor(t)
	for _, sys := range catalog.Systems {
		for _, goarch := range sys.GOARCHs {
			t.Run(sys.GOOS+"/"+goarch, func(t *testing.T) {
				xsys, err := loader.Target(sys.GOOS, goarch).Import(sys.XSys)
				if err != nil {
					t.Fatal(err)
				}
				sizes := types.SizesFor("gc", goarch)
				for _, test := range layoutTests {
					if !strings.Contains(" "+test.goos+" ", " "+sys.GOOS+" ") {
						continue
					}
					checkLayout(t, layoutOf[sys.GOOS], test, xsys.Scope().Lookup(test.typ), sizes)
				}
			})
		}
	}
}

func checkLayout(t *testing.T, layout *families.System, test layoutTest, obj types.Object, sizes types.Sizes) {
	t.Helper()
	if obj == nil {
		t.Errorf("x/sys has no %s", test.typ)
		return
	}
	buf := bytes.Repeat([]byte{0xee}, families.MaxSockaddr)
	n, err := layout.Encode(buf, test.addr)
	if err != nil {
		t.Error(err)
		return
	}
	structure := obj.Type().Underlying().(*types.Struct)
	if size := sizes.Sizeof(structure); int64(n) != size {
		t.Errorf("%s: %d bytes, want %d", test.typ, n, size)
	}
	var fields []*types.Var
	for f := range structure.Fields() {
		fields = append(fields, f)
	}
	offsets := sizes.Offsetsof(fields)
	checked := 0
	for i, f := range fields {
		want, ok := test.fields[f.Name()]
		if !ok {
			continue
		}
		checked++
		if size := sizes.Sizeof(f.Type()); int64(len(want)) > size {
			t.Errorf("%s.%s has %d bytes, want %d", test.typ, f.Name(), size, len(want))
		}
		if got := buf[offsets[i]:][:len(want)]; string(got) != want {
			t.Errorf("%s.%s at %d: %x, want %x", test.typ, f.Name(), offsets[i], got, want)
		}
	}
	if checked != len(test.fields) {
		t.Errorf("%s has %d of the fields %v", test.typ, checked, test.fields)
	}
}

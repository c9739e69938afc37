package sock

import (
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

// These look at structures that only the kernel sees otherwise, byte by byte as a little-endian machine has them.

func needLittleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the known bytes are those of a little-endian machine: run this on one")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// <bluetooth/hci.h>, struct hci_filter: and 2 bytes of padding, which the kernel wants too.
func TestHCIFilterLayout(t *testing.T) {
	needLittleEndian(t)
	for _, tt := range []struct {
		name   string
		filter HCIFilter
		want   string
	}{
		{"nothing", HCIFilter{}, "00000000 00000000 00000000 0000 0000"},
		{"events", HCIFilter{}.Type(HCI_EVENT_PKT).AllEvents(), "10000000 ffffffff ffffffff 0000 0000"},
		{"some", HCIFilter{Opcode: 0x1009}.Type(HCI_EVENT_PKT, HCI_ACLDATA_PKT).Event(0x0e, 0x3e), "14000000 00400000 00000040 0910 0000"},
		{"vendor is bit 0", HCIFilter{}.Type(HCI_VENDOR_PKT), "01000000 00000000 00000000 0000 0000"},
		{"event 64 is 0", HCIFilter{}.Event(64), "00000000 01000000 00000000 0000 0000"},
	} {
		b := tt.filter.bytes()
		if got, want := hex.EncodeToString(b[:]), strings.ReplaceAll(tt.want, " ", ""); got != want {
			t.Errorf("%s: %s, want %s", tt.name, got, want)
		}
		if back := hciFilterOf(b); back != tt.filter {
			t.Errorf("%s: read back as %+v", tt.name, back)
		}
	}
}

// <bluetooth/l2cap.h>, struct l2cap_options.
func TestL2CAPOptionsLayout(t *testing.T) {
	needLittleEndian(t)
	o := L2CAPOptions{OMTU: 0x0102, IMTU: 0x0304, FlushTo: 0x0506, Mode: 7, FCS: 8, MaxTx: 9, TxWin: 0x0a0b}
	b := o.bytes()
	if got, want := hex.EncodeToString(b[:]), "020104030605070809000b0a"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if back := l2capOptionsOf(b); back != o {
		t.Errorf("read back as %+v", back)
	}
}

// <bluetooth/l2cap.h>, struct l2cap_conninfo.
func TestBTConnInfoLayout(t *testing.T) {
	needLittleEndian(t)
	got := btConnInfoOf([btConnInfoLen]byte(unhex(t, "2a01 0c025a 00")))
	if want := (BTConnInfo{0x12a, [3]byte{0x0c, 0x02, 0x5a}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// <bluetooth/hci.h>, struct hci_dev_list_req and struct hci_dev_info.
func TestHCIDeviceLayout(t *testing.T) {
	needLittleEndian(t)
	var list [hciDevListLen]byte
	copy(list[:], unhex(t, "0200 0000 0100 0000 05000000 0700 0000 00000000"))
	if got := hciDeviceIDs(&list); !reflect.DeepEqual(got, []int{1, 7}) {
		t.Errorf("devices %v", got)
	}
	copy(list[:], []byte{0xff, 0xff}) // more than there is room for
	if got := hciDeviceIDs(&list); len(got) != hciMaxDevices {
		t.Errorf("%d devices", len(got))
	}

	var info [hciDevInfoLen]byte
	copy(info[:], unhex(t, "0300 6863693300000000 0600c5b1a200 0d000000 01 0102030405060708 000000"+
		"18cc0000 05000000 00800000 fd03 0800 4000 0a00"))
	want := HCIDevice{ID: 3, Name: "hci3", Addr: "00:A2:B1:C5:00:06", Flags: 0x0d, Features: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
		ACLMTU: 1021, ACLPackets: 8, SCOMTU: 64, SCOPackets: 10}
	if got := hciDeviceOf(&info); got != want || !got.Up() {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// <linux/rds.h>, struct rds_info_connection and struct rds_info_counter: both are packed.
func TestRDSLayout(t *testing.T) {
	needLittleEndian(t)
	b := unhex(t, "0100000000000000 0200000000000000 0a090101 0a090102 746370"+strings.Repeat("00", 13)+"04 05")
	if len(b) != rdsConnectionLen {
		t.Fatalf("%d bytes, want %d", len(b), rdsConnectionLen)
	}
	c := rdsConnectionOf(b)
	if c.NextTx != 1 || c.NextRx != 2 || c.Local.String() != "10.9.1.1" || c.Foreign.String() != "10.9.1.2" || c.Transport != "tcp" ||
		c.Flags != 4 || c.TOS != 5 {
		t.Errorf("%+v", c)
	}
	counter := rdsCounterOf(append([]byte("a name of thirty-two letters ...")[:32], unhex(t, "0700000000000000")...))
	if counter.Name != "a name of thirty-two letters ..." || counter.Value != 7 {
		t.Errorf("%+v", counter)
	}
}

// <linux/if_alg.h>: what sendmsg gets, as Python makes it. Item 119.
func TestAlgItemsLayout(t *testing.T) {
	needLittleEndian(t)
	if controlAlign != 8 {
		t.Skip("the known bytes are those of 64-bit Linux: run this there")
	}
	op, iv, assoc := "1400000000000000 17010000 03000000 ", "2000000000000000 17010000 02000000 ", "1400000000000000 17010000 04000000 "
	for _, tt := range []struct {
		name         string
		op, assoclen int
		iv           []byte
		want         string
	}{
		{"op alone", 1, 0, nil, op + "01000000 00000000"},
		{"an empty iv", 0, 0, []byte{}, op + "00000000 00000000" + "1800000000000000 17010000 02000000 00000000 00000000"},
		// 16 of header, 4 of length, 5 of the iv and 7 of padding are 32, where CMSG_LEN would say 25.
		{"all, in this order", 1, 258, []byte("five!"), op + "01000000 00000000" + iv + "05000000 66697665 21000000 00000000" + assoc + "02010000 00000000"},
	} {
		b := appendAlgControl(nil, tt.op, tt.iv, tt.assoclen)
		if got, want := hex.EncodeToString(b), strings.ReplaceAll(tt.want, " ", ""); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

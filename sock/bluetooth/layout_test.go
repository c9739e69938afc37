package bluetooth

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

// These tests check structures that otherwise only the kernel sees, byte by byte, as on a
// little-endian machine.

// <bluetooth/hci.h>, struct hci_filter, and the 2 bytes of padding that the kernel requires.
func TestHCIFilterLayout(t *testing.T) {
	socktest.LittleEndian(t)
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
	socktest.LittleEndian(t)
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
func TestConnInfoLayout(t *testing.T) {
	socktest.LittleEndian(t)
	got := connInfoOf([connInfoLen]byte(socktest.Hex(t, "2a01 0c025a 00")))
	if want := (ConnInfo{0x12a, [3]byte{0x0c, 0x02, 0x5a}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// <bluetooth/hci.h>, struct hci_dev_list_req and struct hci_dev_info.
func TestHCIDeviceLayout(t *testing.T) {
	socktest.LittleEndian(t)
	var list [hciDevListLen]byte
	copy(list[:], socktest.Hex(t, "0200 0000 0100 0000 05000000 0700 0000 00000000"))
	if got := hciDeviceIDs(&list); !reflect.DeepEqual(got, []int{1, 7}) {
		t.Errorf("devices %v", got)
	}
	copy(list[:], []byte{0xff, 0xff}) // more devices than there is room for
	if got := hciDeviceIDs(&list); len(got) != hciMaxDevices {
		t.Errorf("%d devices", len(got))
	}

	var info [hciDevInfoLen]byte
	copy(info[:], socktest.Hex(t, "0300 6863693300000000 0600c5b1a200 0d000000 01 0102030405060708 000000"+
		"18cc0000 05000000 00800000 fd03 0800 4000 0a00"))
	want := HCIDevice{ID: 3, Name: "hci3", Addr: "00:A2:B1:C5:00:06", Flags: 0x0d, Features: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
		ACLMTU: 1021, ACLPackets: 8, SCOMTU: 64, SCOPackets: 10}
	if got := hciDeviceOf(&info); got != want || !got.Up() {
		t.Errorf("%+v, want %+v", got, want)
	}
}

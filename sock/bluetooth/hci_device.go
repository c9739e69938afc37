package bluetooth

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// An HCIDevice is a Bluetooth controller of this host.
type HCIDevice struct {
	ID       int    // its number; 0 for hci0
	Name     string // "hci0"
	Addr     string // its address, as text; all zeros before it was up for the first time
	Flags    uint32 // bits such as 1<<HCI_UP
	Features [8]byte

	// The longest packets of data in bytes, and the number that the controller takes before it
	// acknowledges one.
	ACLMTU, ACLPackets int
	SCOMTU, SCOPackets int
}

// The bits of HCIDevice.Flags: <bluetooth/hci.h>.
const (
	HCI_UP      = 0
	HCI_INIT    = 1
	HCI_RUNNING = 2
	HCI_PSCAN   = 3 // other devices can connect to it
	HCI_ISCAN   = 4 // other devices can find it
	HCI_RAW     = 8
)

// Up reports whether the kernel uses the controller.
func (d HCIDevice) Up() bool { return d.Flags&(1<<HCI_UP) != 0 }

// What HCIGETDEVINFO gives: struct hci_dev_info of <bluetooth/hci.h>.
//
//	 0: uint16_t dev_id;     2: char name[8];      10: bdaddr_t bdaddr;   16: uint32_t flags;
//	20: uint8_t type;       21: uint8_t features[8];
//	32: uint32_t pkt_type;  36: uint32_t link_policy;                     40: uint32_t link_mode;
//	44: uint16_t acl_mtu;   46: uint16_t acl_pkts; 48: uint16_t sco_mtu;  50: uint16_t sco_pkts;
//	52: struct hci_dev_stats stat, 10 × uint32_t;
const hciDevInfoLen = 92

func hciDeviceOf(b *[hciDevInfoLen]byte) HCIDevice {
	name, _, _ := bytes.Cut(b[2:10], []byte{0})
	u16 := func(at int) int { return int(binary.NativeEndian.Uint16(b[at:])) }
	return HCIDevice{
		ID: u16(0), Name: string(name), Addr: bdaddrText([6]byte(b[10:])), Flags: binary.NativeEndian.Uint32(b[16:]),
		Features: [8]byte(b[21:]), ACLMTU: u16(44), ACLPackets: u16(46), SCOMTU: u16(48), SCOPackets: u16(50),
	}
}

// bdaddrText is a bdaddr_t, whose last byte is written first, as Python writes it.
func bdaddrText(b [6]byte) string {
	return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X", b[5], b[4], b[3], b[2], b[1], b[0])
}

// What HCIGETDEVLIST fills: struct hci_dev_list_req of <bluetooth/hci.h>, with hciMaxDevices
// entries asked for.
//
//	0: uint16_t dev_num; then at 4, 12, …: struct hci_dev_req { 0: uint16_t dev_id; 4: uint32_t dev_opt; }
const (
	hciMaxDevices = 64
	hciDevListLen = 4 + 8*hciMaxDevices
)

func hciDeviceIDs(b *[hciDevListLen]byte) []int {
	n := min(int(binary.NativeEndian.Uint16(b[:])), hciMaxDevices)
	ids := make([]int, n)
	for i := range ids {
		ids[i] = int(binary.NativeEndian.Uint16(b[4+8*i:]))
	}
	return ids
}

package sock

import (
	"encoding/binary"
	"time"
)

// Ancillary data of Bluetooth sockets. The level of the first two is SOL_HCI, of the last SOL_BLUETOOTH.
const (
	HCI_CMSG_DIR      = 1 // <bluetooth/hci.h>: with HCI_DATA_DIR; an int, 1 for a packet that came in
	HCI_CMSG_TSTAMP   = 2 // <bluetooth/hci.h>: with HCI_TIME_STAMP; a struct timeval
	BT_SCM_PKT_STATUS = 3 // <bluetooth/bluetooth.h>: with BT_PKT_STATUS; a uint8_t
)

// HCIDir reads an HCI_CMSG_DIR: whether the packet came from the controller, and not from a host program. ok is false for any other
// item.
func (c Control) HCIDir() (incoming, ok bool) {
	if c.Level != solHCI || c.Type != HCI_CMSG_DIR || len(c.Data) < 4 {
		return false, false
	}
	return binary.NativeEndian.Uint32(c.Data) != 0, true
}

// HCITime reads an HCI_CMSG_TSTAMP: when the kernel got the packet. ok is false for any other item.
//
//	struct timeval { long tv_sec; long tv_usec; };
func (c Control) HCITime() (at time.Time, ok bool) {
	if c.Level != solHCI || c.Type != HCI_CMSG_TSTAMP {
		return time.Time{}, false
	}
	return decodeTime(c.Data, time.Microsecond)
}

// PktStatus reads a BT_SCM_PKT_STATUS: 0 for a SCO packet that was received without fault, 1 if that is not sure, 2 if none was received, 3 if
// a part is lost (the specification, volume 4, part E, section 5.4.3). ok is false for any other item.
func (c Control) PktStatus() (status uint8, ok bool) {
	if c.Level != solBluetooth || c.Type != BT_SCM_PKT_STATUS || len(c.Data) < 1 {
		return 0, false
	}
	return c.Data[0], true
}

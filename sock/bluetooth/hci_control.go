package bluetooth

import (
	"encoding/binary"
	"time"

	"github.com/polluxio/pollux/sock"
)

// Ancillary data of Bluetooth sockets. The level of the first two is SOL_HCI, of the last
// SOL_BLUETOOTH.
const (
	// <bluetooth/hci.h>: with HCI_DATA_DIR; an int, 1 for a packet that came in.
	HCI_CMSG_DIR      = 1
	HCI_CMSG_TSTAMP   = 2 // <bluetooth/hci.h>: with HCI_TIME_STAMP; a struct timeval
	BT_SCM_PKT_STATUS = 3 // <bluetooth/bluetooth.h>: with BT_PKT_STATUS; a uint8_t
)

// HCIDir reads an HCI_CMSG_DIR: whether the packet came from the controller, and not from a program
// of this host. ok is false for any other item.
func HCIDir(c sock.Control) (incoming, ok bool) {
	if c.Level != solHCI || c.Type != HCI_CMSG_DIR || len(c.Data) < 4 {
		return false, false
	}
	return binary.NativeEndian.Uint32(c.Data) != 0, true
}

// HCITime reads an HCI_CMSG_TSTAMP: the time at which the kernel got the packet. ok is false for
// any other item.
//
//	struct timeval { long tv_sec; long tv_usec; };
func HCITime(c sock.Control) (at time.Time, ok bool) {
	if c.Level != solHCI || c.Type != HCI_CMSG_TSTAMP {
		return time.Time{}, false
	}
	var sec, usec int64
	e := binary.NativeEndian
	switch len(c.Data) {
	case 8: // of a program of 32 bits
		sec, usec = int64(int32(e.Uint32(c.Data))), int64(int32(e.Uint32(c.Data[4:])))
	case 16:
		sec, usec = int64(e.Uint64(c.Data)), int64(e.Uint64(c.Data[8:]))
	default:
		return time.Time{}, false
	}
	if usec < 0 || usec >= 1e6 {
		return time.Time{}, false
	}
	return time.Unix(sec, usec*1000), true
}

// PktStatus reads a BT_SCM_PKT_STATUS, the state of a SCO packet: 0 received correctly, 1 possibly
// wrong, 2 not received, 3 partly lost (the specification, volume 4, part E, section 5.4.3). ok is
// false for any other item.
func PktStatus(c sock.Control) (status uint8, ok bool) {
	if c.Level != solBluetooth || c.Type != BT_SCM_PKT_STATUS || len(c.Data) < 1 {
		return 0, false
	}
	return c.Data[0], true
}

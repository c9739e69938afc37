package bluetooth

import (
	"encoding/binary"
	"syscall"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
	"golang.org/x/sys/unix"
)

// <bluetooth/hci.h>: _IOR('H', 210, int) and _IOR('H', 211, int). The result of _IOR depends on the
// processor. x/sys has TUNGETIFF, which is _IOR('T', 210, unsigned int) and differs in the letter
// alone.
const (
	hciGetDevList = unix.TUNGETIFF - ('T'-'H')<<8
	hciGetDevInfo = hciGetDevList + 1
)

// HCIDevices returns the Bluetooth controllers of this host, in no order. Without a controller the
// list is empty.
//
// Errors: EAFNOSUPPORT; EPERM within a network namespace without Bluetooth; errors.ErrUnsupported
// on a system other than Linux.
func HCIDevices() ([]HCIDevice, error) {
	s, err := sock.New(sock.AF_BLUETOOTH, sock.SOCK_RAW, sock.BTPROTO_HCI)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var devices []HCIDevice
	err = linux.Call(s, "ioctl", "HCIGETDEVLIST", func(sysfd int) error {
		var list [hciDevListLen]byte
		binary.NativeEndian.PutUint16(list[:], hciMaxDevices)
		if err := linux.Ioctl(sysfd, hciGetDevList, list[:]); err != nil {
			return err
		}
		for _, id := range hciDeviceIDs(&list) {
			var info [hciDevInfoLen]byte
			binary.NativeEndian.PutUint16(info[:], uint16(id))
			switch err := linux.Ioctl(sysfd, hciGetDevInfo, info[:]); err {
			case nil:
				devices = append(devices, hciDeviceOf(&info))
			case syscall.ENODEV: // the controller was removed in between
			default:
				return err
			}
		}
		return nil
	})
	return devices, err
}

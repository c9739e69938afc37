package sock

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	solHCI       = SOL_HCI
	solBluetooth = SOL_BLUETOOTH
)

// SetHCIFilter sets what a raw socket of BTPROTO_HCI receives (HCI_FILTER). What comes that does not pass is dropped.
//
// Errors: EBADFD on another channel than HCI_CHANNEL_RAW, ENOPROTOOPT for a socket that is not of BTPROTO_HCI. Linux only.
func (s *Socket) SetHCIFilter(f HCIFilter) error {
	b := f.bytes()
	return s.SetsockoptBytes(SOL_HCI, HCI_FILTER, b[:])
}

// HCIFilter is what SetHCIFilter has set. Of a program without CAP_NET_RAW the kernel narrows it.
func (s *Socket) HCIFilter() (HCIFilter, error) {
	var b [hciFilterLen]byte
	_, err := s.getOption("HCI_FILTER", SOL_HCI, HCI_FILTER, b[:], 0)
	return hciFilterOf(b), err
}

// SetHCIDataDir sets whether recvmsg says which way a packet went (HCI_DATA_DIR): see Control.HCIDir. A raw socket gets the commands of
// other programs too.
func (s *Socket) SetHCIDataDir(on bool) error {
	return s.Setsockopt(SOL_HCI, HCI_DATA_DIR, int(boolInt(on)))
}

// HCIDataDir is what SetHCIDataDir has set.
func (s *Socket) HCIDataDir() (bool, error) {
	v, err := s.Getsockopt(SOL_HCI, HCI_DATA_DIR)
	return v != 0, err
}

// SetHCITimeStamp sets whether recvmsg says when a packet came (HCI_TIME_STAMP): see Control.HCITime.
func (s *Socket) SetHCITimeStamp(on bool) error {
	return s.Setsockopt(SOL_HCI, HCI_TIME_STAMP, int(boolInt(on)))
}

// HCITimeStamp is what SetHCITimeStamp has set.
func (s *Socket) HCITimeStamp() (bool, error) {
	v, err := s.Getsockopt(SOL_HCI, HCI_TIME_STAMP)
	return v != 0, err
}

// <bluetooth/hci.h>: _IOR('H', 210, int) and _IOR('H', 211, int). What _IOR makes depends on the processor, and x/sys has one with all
// the same but the letter: TUNGETIFF is _IOR('T', 210, unsigned int).
const (
	hciGetDevList = unix.TUNGETIFF - ('T'-'H')<<8
	hciGetDevInfo = hciGetDevList + 1
)

// HCIDevices are the Bluetooth controllers of this host, in no order; none without an error if it has none.
//
// Errors: EAFNOSUPPORT, EPERM within a network namespace that has none. Linux only.
func HCIDevices() ([]HCIDevice, error) {
	s, err := New(AF_BLUETOOTH, SOCK_RAW, BTPROTO_HCI)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var devices []HCIDevice
	err = s.do("ioctl", func(sysfd int) error {
		var list [hciDevListLen]byte
		binary.NativeEndian.PutUint16(list[:], hciMaxDevices)
		if err := hciIoctl(sysfd, hciGetDevList, unsafe.Pointer(&list)); err != nil {
			return err
		}
		for _, id := range hciDeviceIDs(&list) {
			var info [hciDevInfoLen]byte
			binary.NativeEndian.PutUint16(info[:], uint16(id))
			switch err := hciIoctl(sysfd, hciGetDevInfo, unsafe.Pointer(&info)); err {
			case nil:
				devices = append(devices, hciDeviceOf(&info))
			case syscall.ENODEV: // it has gone meanwhile
			default:
				return err
			}
		}
		return nil
	})
	return devices, err
}

func hciIoctl(fd int, request uint, arg unsafe.Pointer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
	return sysError(errno)
}

//go:build !linux

package sock

// The levels of ancillary data as Linux has them: no other system sends any.
const (
	solHCI       = 0
	solBluetooth = 274
)

// SetHCIFilter exists on Linux only: the error wraps errors.ErrUnsupported.
func (s *Socket) SetHCIFilter(HCIFilter) error { return s.noBluetooth("HCI_FILTER") }

// HCIFilter exists on Linux only.
func (s *Socket) HCIFilter() (HCIFilter, error) { return HCIFilter{}, s.noBluetooth("HCI_FILTER") }

// SetHCIDataDir exists on Linux only.
func (s *Socket) SetHCIDataDir(bool) error { return s.noBluetooth("HCI_DATA_DIR") }

// HCIDataDir exists on Linux only.
func (s *Socket) HCIDataDir() (bool, error) { return false, s.noBluetooth("HCI_DATA_DIR") }

// SetHCITimeStamp exists on Linux only.
func (s *Socket) SetHCITimeStamp(bool) error { return s.noBluetooth("HCI_TIME_STAMP") }

// HCITimeStamp exists on Linux only.
func (s *Socket) HCITimeStamp() (bool, error) { return false, s.noBluetooth("HCI_TIME_STAMP") }

// HCIDevices exists on Linux only.
func HCIDevices() ([]HCIDevice, error) {
	return nil, failed("ioctl", AF_UNSPEC, lacks("HCIGETDEVLIST"))
}

func (s *Socket) noBluetooth(what string) error { return s.fail("sockopt", Addr{}, lacks(what)) }

//go:build !linux

package sock

// BTSecurity exists on Linux only: the error wraps errors.ErrUnsupported.
func (s *Socket) BTSecurity() (BTSecurity, error) {
	return BTSecurity{}, s.noBluetooth("BT_SECURITY")
}

// SetBTSecurity exists on Linux only.
func (s *Socket) SetBTSecurity(BTSecurity) error { return s.noBluetooth("BT_SECURITY") }

// BTPower exists on Linux only.
func (s *Socket) BTPower() (forceActive bool, err error) { return false, s.noBluetooth("BT_POWER") }

// SetBTPower exists on Linux only.
func (s *Socket) SetBTPower(bool) error { return s.noBluetooth("BT_POWER") }

// BTVoice exists on Linux only.
func (s *Socket) BTVoice() (setting uint16, err error) { return 0, s.noBluetooth("BT_VOICE") }

// SetBTVoice exists on Linux only.
func (s *Socket) SetBTVoice(uint16) error { return s.noBluetooth("BT_VOICE") }

// BTSndMTU exists on Linux only.
func (s *Socket) BTSndMTU() (int, error) { return 0, s.noBluetooth("BT_SNDMTU") }

// BTRcvMTU exists on Linux only.
func (s *Socket) BTRcvMTU() (int, error) { return 0, s.noBluetooth("BT_RCVMTU") }

// SetBTRcvMTU exists on Linux only.
func (s *Socket) SetBTRcvMTU(uint16) error { return s.noBluetooth("BT_RCVMTU") }

// BTMode exists on Linux only.
func (s *Socket) BTMode() (uint8, error) { return 0, s.noBluetooth("BT_MODE") }

// SetBTMode exists on Linux only.
func (s *Socket) SetBTMode(uint8) error { return s.noBluetooth("BT_MODE") }

// BTConnInfo exists on Linux only.
func (s *Socket) BTConnInfo() (BTConnInfo, error) { return BTConnInfo{}, s.noBluetooth("CONNINFO") }

// L2CAPOptions exists on Linux only.
func (s *Socket) L2CAPOptions() (L2CAPOptions, error) {
	return L2CAPOptions{}, s.noBluetooth("L2CAP_OPTIONS")
}

// SetL2CAPOptions exists on Linux only.
func (s *Socket) SetL2CAPOptions(L2CAPOptions) error { return s.noBluetooth("L2CAP_OPTIONS") }

// SCOMTU exists on Linux only.
func (s *Socket) SCOMTU() (int, error) { return 0, s.noBluetooth("SCO_OPTIONS") }

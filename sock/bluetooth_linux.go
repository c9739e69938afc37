package sock

import (
	"encoding/binary"
)

// BTSecurity wraps getsockopt(2) with BT_SECURITY.
//
// Error: EINVAL for a kind of socket that has none. Linux only.
func (s *Socket) BTSecurity() (BTSecurity, error) {
	var b [2]byte
	_, err := s.getOption("BT_SECURITY", SOL_BLUETOOTH, BT_SECURITY, b[:], 0)
	return BTSecurity{b[0], b[1]}, err
}

// SetBTSecurity wraps setsockopt(2) with BT_SECURITY. On a connected L2CAP socket it makes the link safer, and sending waits meanwhile.
//
// Error: EINVAL for a level that the protocol lacks.
func (s *Socket) SetBTSecurity(v BTSecurity) error {
	return s.SetsockoptBytes(SOL_BLUETOOTH, BT_SECURITY, []byte{v.Level, v.KeySize})
}

// BTPower wraps getsockopt(2) with BT_POWER, of L2CAP: whether the link leaves its saving mode to send.
func (s *Socket) BTPower() (forceActive bool, err error) {
	var b [1]byte
	_, err = s.getOption("BT_POWER", SOL_BLUETOOTH, BT_POWER, b[:], 0)
	return b[0] != BT_POWER_FORCE_ACTIVE_OFF, err
}

// SetBTPower wraps setsockopt(2) with BT_POWER, of L2CAP.
func (s *Socket) SetBTPower(forceActive bool) error {
	return s.SetsockoptBytes(SOL_BLUETOOTH, BT_POWER, []byte{byte(boolInt(forceActive))})
}

// BTVoice wraps getsockopt(2) with BT_VOICE, of SCO: BT_VOICE_CVSD_16BIT, ….
func (s *Socket) BTVoice() (setting uint16, err error) { return s.btUint16("BT_VOICE", BT_VOICE) }

// SetBTVoice wraps setsockopt(2) with BT_VOICE, before the socket connects.
//
// Error: EINVAL once it is connected, or for a setting that is unknown.
func (s *Socket) SetBTVoice(setting uint16) error {
	return s.SetsockoptBytes(SOL_BLUETOOTH, BT_VOICE, binary.NativeEndian.AppendUint16(nil, setting))
}

// BTSndMTU wraps getsockopt(2) with BT_SNDMTU: the longest message that can be sent, of L2CAP over LE and of SCO.
//
// Errors: ENOTCONN, EINVAL for L2CAP over BR/EDR: see L2CAPOptions.
func (s *Socket) BTSndMTU() (int, error) { return s.btMTU("BT_SNDMTU", BT_SNDMTU) }

// BTRcvMTU wraps getsockopt(2) with BT_RCVMTU: the longest message that can be received. Otherwise as BTSndMTU.
func (s *Socket) BTRcvMTU() (int, error) { return s.btMTU("BT_RCVMTU", BT_RCVMTU) }

// SetBTRcvMTU wraps setsockopt(2) with BT_RCVMTU, of L2CAP over LE.
func (s *Socket) SetBTRcvMTU(mtu uint16) error {
	return s.SetsockoptBytes(SOL_BLUETOOTH, BT_RCVMTU, binary.NativeEndian.AppendUint16(nil, mtu))
}

// btMTU reads a uint16_t of L2CAP, or a uint32_t of SCO.
func (s *Socket) btMTU(what string, name int) (int, error) {
	if s.proto == BTPROTO_SCO {
		return s.Getsockopt(SOL_BLUETOOTH, name)
	}
	v, err := s.btUint16(what, name)
	return int(v), err
}

func (s *Socket) btUint16(what string, name int) (uint16, error) {
	var b [2]byte
	_, err := s.getOption(what, SOL_BLUETOOTH, name, b[:], 0)
	return binary.NativeEndian.Uint16(b[:]), err
}

// BTMode wraps getsockopt(2) with BT_MODE, of L2CAP: BT_MODE_BASIC, ….
//
// Error: ENOPROTOOPT unless the kernel's bluetooth module has its parameter enable_ecred set.
func (s *Socket) BTMode() (uint8, error) {
	var b [1]byte
	_, err := s.getOption("BT_MODE", SOL_BLUETOOTH, BT_MODE, b[:], 0)
	return b[0], err
}

// SetBTMode wraps setsockopt(2) with BT_MODE. See BTMode.
func (s *Socket) SetBTMode(mode uint8) error {
	return s.SetsockoptBytes(SOL_BLUETOOTH, BT_MODE, []byte{mode})
}

// BTConnInfo wraps getsockopt(2) with L2CAP_CONNINFO, RFCOMM_CONNINFO or SCO_CONNINFO, as the protocol is.
//
// Errors: ENOTCONN; an *ArgError for another protocol. Linux only.
func (s *Socket) BTConnInfo() (BTConnInfo, error) {
	var b [btConnInfoLen]byte
	var err error
	switch {
	case s.family == AF_BLUETOOTH && s.proto == BTPROTO_L2CAP:
		_, err = s.getOption("L2CAP_CONNINFO", SOL_L2CAP, L2CAP_CONNINFO, b[:], 0)
	case s.family == AF_BLUETOOTH && s.proto == BTPROTO_RFCOMM:
		_, err = s.getOption("RFCOMM_CONNINFO", SOL_RFCOMM, RFCOMM_CONNINFO, b[:], 0)
	case s.family == AF_BLUETOOTH && s.proto == BTPROTO_SCO:
		_, err = s.getOption("SCO_CONNINFO", SOL_SCO, SCO_CONNINFO, b[:], 0)
	default:
		err = s.fail("getsockopt", Addr{}, &ArgError{"proto", s.Proto(), "only L2CAP, RFCOMM and SCO have connections"})
	}
	return btConnInfoOf(b), err
}

// L2CAPOptions wraps getsockopt(2) with L2CAP_OPTIONS.
//
// Error: EINVAL for L2CAP over LE: see BTSndMTU. Linux only.
func (s *Socket) L2CAPOptions() (L2CAPOptions, error) {
	var b [l2capOptionsLen]byte
	_, err := s.getOption("L2CAP_OPTIONS", SOL_L2CAP, L2CAP_OPTIONS, b[:], 0)
	return l2capOptionsOf(b), err
}

// SetL2CAPOptions wraps setsockopt(2) with L2CAP_OPTIONS. Read them before, and change what must differ: all are set.
//
// Error: EINVAL once it is connected, or for a value out of range.
func (s *Socket) SetL2CAPOptions(o L2CAPOptions) error {
	b := o.bytes()
	return s.SetsockoptBytes(SOL_L2CAP, L2CAP_OPTIONS, b[:])
}

// SCOMTU wraps getsockopt(2) with SCO_OPTIONS: how long a packet of voice may be, in bytes.
//
//	struct sco_options { 0: uint16_t mtu; };
//
// Error: ENOTCONN. Linux only.
func (s *Socket) SCOMTU() (int, error) {
	var b [2]byte
	_, err := s.getOption("SCO_OPTIONS", SOL_SCO, SCO_OPTIONS, b[:], 0)
	return int(binary.NativeEndian.Uint16(b[:])), err
}

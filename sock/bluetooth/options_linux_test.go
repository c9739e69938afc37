package bluetooth

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"AF_BLUETOOTH":   {afBluetooth, int64(sock.AF_BLUETOOTH)},
		"BTPROTO_L2CAP":  {protoL2CAP, int64(sock.BTPROTO_L2CAP)},
		"BTPROTO_SCO":    {protoSCO, int64(sock.BTPROTO_SCO)},
		"BTPROTO_RFCOMM": {protoRFCOMM, int64(sock.BTPROTO_RFCOMM)},
		"SOL_HCI":        {solHCI, sock.SOL_HCI},
		"SOL_L2CAP":      {solL2CAP, sock.SOL_L2CAP},
		"SOL_SCO":        {solSCO, sock.SOL_SCO},
		"SOL_RFCOMM":     {solRFCOMM, sock.SOL_RFCOMM},
		"SOL_BLUETOOTH":  {solBluetooth, sock.SOL_BLUETOOTH},
		"BT_SECURITY":    {btSecurity, sock.BT_SECURITY},
		"BT_POWER":       {btPower, sock.BT_POWER},
		"BT_VOICE":       {btVoice, sock.BT_VOICE},
		"BT_SNDMTU":      {btSndMTU, sock.BT_SNDMTU},
		"BT_RCVMTU":      {btRcvMTU, sock.BT_RCVMTU},
		"BT_MODE":        {btMode, sock.BT_MODE},
		"HCI_DATA_DIR":   {hciDataDir, sock.HCI_DATA_DIR},
		"HCI_FILTER":     {hciFilter, sock.HCI_FILTER},
		"HCI_TIME_STAMP": {hciTimeStamp, sock.HCI_TIME_STAMP},
	})
}

// A socket of another family has no option of Bluetooth.
func TestOptionsElsewhere(t *testing.T) {
	socktest.Check(t)
	s := socktest.UDP.New(t)
	var bad *sock.ArgError
	if _, err := GetConnInfo(s); !errors.As(err, &bad) {
		t.Errorf("GetConnInfo: %v, want a *sock.ArgError", err)
	}
	if _, err := GetSecurity(s); err == nil {
		t.Error("UDP has a BT_SECURITY")
	}
	if _, err := GetL2CAPOptions(s); err == nil {
		t.Error("UDP has L2CAP_OPTIONS")
	}
}

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"GetMode":         got(GetMode),
		"GetPower":        got(GetPower),
		"GetRcvMTU":       got(GetRcvMTU),
		"GetSecurity":     got(GetSecurity),
		"GetSndMTU":       got(GetSndMTU),
		"GetVoice":        got(GetVoice),
		"GetHCIDataDir":   got(GetHCIDataDir),
		"GetHCIFilter":    got(GetHCIFilter),
		"GetHCITimeStamp": got(GetHCITimeStamp),
		"GetL2CAPOptions": got(GetL2CAPOptions),
		"GetSCOMTU":       got(GetSCOMTU),
		"HCIRequest":      func(s *sock.Socket) error { _, err := HCIRequest(s, 0); return err },
		"SetMode":         func(s *sock.Socket) error { return SetMode(s, 0) },
		"SetPower":        func(s *sock.Socket) error { return SetPower(s, true) },
		"SetRcvMTU":       func(s *sock.Socket) error { return SetRcvMTU(s, 100) },
		"SetSecurity":     func(s *sock.Socket) error { return SetSecurity(s, Security{}) },
		"SetVoice":        func(s *sock.Socket) error { return SetVoice(s, 0) },
		"SetHCIDataDir":   func(s *sock.Socket) error { return SetHCIDataDir(s, true) },
		"SetHCIFilter":    func(s *sock.Socket) error { return SetHCIFilter(s, HCIFilter{}) },
		"SetHCITimeStamp": func(s *sock.Socket) error { return SetHCITimeStamp(s, true) },
		"SetL2CAPOptions": func(s *sock.Socket) error { return SetL2CAPOptions(s, L2CAPOptions{}) },
	})
}

func got[T any](get func(*sock.Socket) (T, error)) func(*sock.Socket) error {
	return func(s *sock.Socket) error { _, err := get(s); return err }
}

package sock_test

import (
	"maps"
	"net"
	"strings"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// What a closed socket says of Bluetooth, AF_ALG and AF_RDS. The last two find out first that the socket is of another family.
func init() {
	maps.Copy(closedRules, map[string]closedRule{
		"BTMode":          closedGet((*sock.Socket).BTMode),
		"BTPower":         closedGet((*sock.Socket).BTPower),
		"BTRcvMTU":        closedGet((*sock.Socket).BTRcvMTU),
		"BTSecurity":      closedGet((*sock.Socket).BTSecurity),
		"BTSndMTU":        closedGet((*sock.Socket).BTSndMTU),
		"BTVoice":         closedGet((*sock.Socket).BTVoice),
		"HCIDataDir":      closedGet((*sock.Socket).HCIDataDir),
		"HCIFilter":       closedGet((*sock.Socket).HCIFilter),
		"HCITimeStamp":    closedGet((*sock.Socket).HCITimeStamp),
		"L2CAPOptions":    closedGet((*sock.Socket).L2CAPOptions),
		"RDSConnections":  closedGet((*sock.Socket).RDSConnections),
		"RDSCounters":     closedGet((*sock.Socket).RDSCounters),
		"SCOMTU":          closedGet((*sock.Socket).SCOMTU),
		"RDSInfo":         closedGet(func(s *sock.Socket) ([][]byte, error) { return s.RDSInfo(sock.RDS_INFO_COUNTERS) }),
		"HCIRequest":      closedGet(func(s *sock.Socket) ([]byte, error) { return s.HCIRequest(0) }),
		"SetBTMode":       closedSet(func(s *sock.Socket) error { return s.SetBTMode(0) }),
		"SetBTPower":      closedSet(func(s *sock.Socket) error { return s.SetBTPower(true) }),
		"SetBTRcvMTU":     closedSet(func(s *sock.Socket) error { return s.SetBTRcvMTU(100) }),
		"SetBTSecurity":   closedSet(func(s *sock.Socket) error { return s.SetBTSecurity(sock.BTSecurity{}) }),
		"SetBTVoice":      closedSet(func(s *sock.Socket) error { return s.SetBTVoice(0) }),
		"SetHCIDataDir":   closedSet(func(s *sock.Socket) error { return s.SetHCIDataDir(true) }),
		"SetHCIFilter":    closedSet(func(s *sock.Socket) error { return s.SetHCIFilter(sock.HCIFilter{}) }),
		"SetHCITimeStamp": closedSet(func(s *sock.Socket) error { return s.SetHCITimeStamp(true) }),
		"SetL2CAPOptions": closedSet(func(s *sock.Socket) error { return s.SetL2CAPOptions(sock.L2CAPOptions{}) }),
		"BTConnInfo": {func(s *sock.Socket, _ socktest.Operations) error {
			_, err := s.BTConnInfo()
			return check(err != nil && strings.Contains(err.Error(), "only L2CAP, RFCOMM and SCO"), "it has a connection")
		}, nil},
		"SendmsgAfalg": {func(s *sock.Socket, _ socktest.Operations) error {
			_, err := s.SendmsgAfalg(nil, 0, nil, 0, 0)
			return check(err != nil && strings.Contains(err.Error(), "algset is only supported for AF_ALG"), "it encrypts")
		}, nil},
	})
}

func closedGet[T any](get func(*sock.Socket) (T, error)) closedRule {
	return closedRule{func(s *sock.Socket, _ socktest.Operations) error { _, err := get(s); return err }, net.ErrClosed}
}

func closedSet(set func(*sock.Socket) error) closedRule {
	return closedRule{func(s *sock.Socket, _ socktest.Operations) error { return set(s) }, net.ErrClosed}
}

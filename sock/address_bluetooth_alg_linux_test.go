package sock_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// pretending returns a socket that claims to belong to another family. So the tests of addresses
// also run on a kernel without that family.
func pretending(t *testing.T, family sock.Family, typ sock.Type, proto sock.Protocol) *sock.Socket {
	t.Helper()
	s, err := sock.Adopt(detached(t, socktest.UDP), family, typ, proto)
	socktest.Must(t, err)
	return socktest.Closing(t, s)
}

// Bluetooth and AF_ALG sockets refuse these addresses with Python's error texts.
func TestBluetoothAndAlgAddresses(t *testing.T) {
	socktest.Check(t)
	const device = "00:11:22:33:44:55"
	for _, tt := range []struct {
		name   string
		family sock.Family
		proto  sock.Protocol
		addr   sock.Addr
		rule   error
		text   string
	}{
		{"item 205, five numbers", sock.AF_BLUETOOTH, sock.BTPROTO_L2CAP, families.L2CAP("00:11:22:33:44", 1, 0, 0), families.ErrBluetoothAddr, "bad bluetooth address"},
		{"item 205, a number too great", sock.AF_BLUETOOTH, sock.BTPROTO_RFCOMM, families.RFCOMM("00:11:22:33:44:100", 1), families.ErrBluetoothAddr, "bad bluetooth address"},
		{"item 205, more behind", sock.AF_BLUETOOTH, sock.BTPROTO_SCO, families.SCO(device + " "), families.ErrBluetoothAddr, "bad bluetooth address"},
		{"item 206, a NUL", sock.AF_BLUETOOTH, sock.BTPROTO_L2CAP, families.L2CAP(device+"\x00", 1, 0, 0), families.ErrBluetoothFormat, "wrong format"},
		{"item 206, RFCOMM's", sock.AF_BLUETOOTH, sock.BTPROTO_L2CAP, families.RFCOMM(device, 1), families.ErrFamilyMismatch, ""},
		{"item 207, SCO's", sock.AF_BLUETOOTH, sock.BTPROTO_L2CAP, families.SCO(device), families.ErrFamilyMismatch, ""},
		{"item 208, L2CAP's", sock.AF_BLUETOOTH, sock.BTPROTO_RFCOMM, families.L2CAP(device, 1, 0, 0), families.ErrFamilyMismatch, ""},
		{"item 209, RFCOMM's", sock.AF_BLUETOOTH, sock.BTPROTO_HCI, families.RFCOMM(device, 1), families.ErrFamilyMismatch, ""},
		{"item 210, a node of FreeBSD", sock.AF_BLUETOOTH, sock.BTPROTO_HCI, families.HCINode("ubt0hci"), families.ErrBluetoothFormat, "wrong format"},
		{"item 211, HCI's", sock.AF_BLUETOOTH, sock.BTPROTO_SCO, families.HCI(0, 0), families.ErrFamilyMismatch, ""},
		{"item 212, another protocol", sock.AF_BLUETOOTH, 9, families.L2CAP(device, 1, 0, 0), families.ErrBluetoothProtocol, "unknown Bluetooth protocol"},
		{"item 213, type", sock.AF_ALG, 0, families.ALG(strings.Repeat("t", 14), "sha256", 0, 0), families.ErrALGType, "AF_ALG type too long."},
		{"item 213, name", sock.AF_ALG, 0, families.ALG("hash", strings.Repeat("n", 64), 0, 0), families.ErrALGName, "AF_ALG name too long."},
		{"item 214, another family's", sock.AF_ALG, 0, sock.Inet("127.0.0.1", 1), families.ErrFamilyMismatch, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := pretending(t, tt.family, sock.SOCK_SEQPACKET, tt.proto)
			_, sendto := s.Sendto(nil, 0, tt.addr)
			_, sendmsg := s.Sendmsg(nil, nil, 0, tt.addr)
			for op, err := range map[string]error{"bind": s.Bind(tt.addr), "connect": s.Connect(tt.addr), "sendto": sendto, "sendmsg": sendmsg} {
				if !errors.Is(err, tt.rule) || !strings.Contains(err.Error(), tt.text) || !strings.HasPrefix(err.Error(), op+" ") {
					t.Errorf("%s: %v, want %v", op, err, tt.rule)
				}
			}
		})
	}
}

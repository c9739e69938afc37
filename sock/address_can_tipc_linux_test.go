package sock_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Addresses are checked before the system call, so the errors come on a kernel without the families
// too: items 197, 199, 200, 201, 202. Each error names the call and the address.
func TestAddressesOfCANAndTIPC(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		name   string
		family sock.Family
		proto  sock.Protocol
		addr   sock.Addr
		want   error
		text   string // the text before the error
	}{
		{"item 199, unknown interface", sock.AF_CAN, sock.CAN_RAW, sock.CAN("nosuchcan0"), syscall.ENODEV, " can dgram nosuchcan0: "},
		{"item 199, long name", sock.AF_CAN, sock.CAN_RAW, sock.CAN("sixteen-letters!"), families.ErrCANInterface, " can dgram sixteen-letters!: AF_CAN interface name too long"},
		{"item 199, BCM", sock.AF_CAN, sock.CAN_BCM, sock.CAN("nosuchcan0"), syscall.ENODEV, " can dgram nosuchcan0: "},
		{"item 199, another family's", sock.AF_CAN, sock.CAN_RAW, sock.Inet("127.0.0.1", 1), families.ErrFamilyMismatch, " can dgram 127.0.0.1:1: "},
		{"item 200, unknown interface", sock.AF_CAN, sock.CAN_ISOTP, sock.ISOTP("nosuchcan0", 0x123, 0x321), syscall.ENODEV, " isotp dgram nosuchcan0,0x123,0x321: "},
		{"item 200, that of RAW", sock.AF_CAN, sock.CAN_ISOTP, sock.CAN("lo"), families.ErrFamilyMismatch, " isotp dgram lo: "},
		{"item 201, unknown interface", sock.AF_CAN, sock.CAN_J1939, sock.J1939("nosuchcan0", 1, 2, 3), syscall.ENODEV, " j1939 dgram nosuchcan0,0x1,0x2,0x3: "},
		{"item 201, that of ISO-TP", sock.AF_CAN, sock.CAN_J1939, sock.ISOTP("lo", 1, 2), families.ErrFamilyMismatch, " j1939 dgram lo,0x1,0x2: "},
		{"item 202", sock.AF_CAN, 5, sock.CAN("lo"), families.ErrCANProtocol, " can dgram lo: unsupported CAN protocol"},
		{"item 197", sock.AF_TIPC, 0, sock.TIPC(9, 1, 2, 3, sock.TIPC_NODE_SCOPE), families.ErrTIPCType, "Invalid address type"},
		{"item 197, another family's", sock.AF_TIPC, 0, sock.CAN("lo"), families.ErrFamilyMismatch, " tipc dgram lo: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, err := syscall.Socket(int(sock.AF_INET), int(sock.SOCK_DGRAM|sock.SOCK_CLOEXEC), 0) // an inet socket that is adopted as one of the family under test
			socktest.Must(t, err)
			s, err := sock.Adopt(fd, tt.family, sock.SOCK_DGRAM, tt.proto)
			socktest.Must(t, err)
			defer s.Close()
			for op, err := range map[string]error{
				"bind":    s.Bind(tt.addr),
				"connect": s.Connect(tt.addr),
				"sendto":  second(s.Sendto([]byte("x"), 0, tt.addr)),
				"sendmsg": second(s.Sendmsg([][]byte{[]byte("x")}, nil, 0, tt.addr)),
			} {
				var operr *net.OpError
				if !errors.Is(err, tt.want) || !errors.As(err, &operr) || operr.Op != op || operr.Addr != tt.addr || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%s: %v; want %v of %s, with %q", op, err, tt.want, op, tt.text)
				}
			}
		})
	}
}

package sock_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The kernel accepts the addresses of each format, and reports an address of the same format. If
// the kernel chooses nothing itself, it is the address that was bound.
func TestFamilyNames(t *testing.T) { // items 192, 194, 195, 196, 198, 199, 206, 208, 209, 211
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	index := uint32(lo.Index)
	const any = sock.BDADDR_ANY
	for _, tt := range []struct {
		name   string
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
		bind   sock.Addr // the zero Addr: do not bind
		want   sock.Addr // the zero Addr: any address of the format
		format families.Kind
		fails  syscall.Errno // of getsockname
	}{
		{"netlink", sock.AF_NETLINK, sock.SOCK_RAW, 0, families.Netlink(0, 1), sock.Addr{}, families.KindNetlink, 0},
		{"packet", sock.AF_PACKET, sock.SOCK_DGRAM, 0, families.Packet("", 0x88b5).WithScope(index), families.PacketLL("", 0x88b5, 0, 772, make([]byte, 6)).WithScope(index), families.KindPacket, 0},
		{"packet, all interfaces", sock.AF_PACKET, sock.SOCK_DGRAM, 0, sock.Addr{}, families.Packet("", 0), families.KindPacket, 0},
		{"vsock", sock.AF_VSOCK, sock.SOCK_STREAM, 0, families.Vsock(sock.VMADDR_CID_ANY, 54321), families.Vsock(sock.VMADDR_CID_ANY, 54321), families.KindVsock, 0},
		{"vsock, unbound", sock.AF_VSOCK, sock.SOCK_STREAM, 0, sock.Addr{}, families.Vsock(sock.VMADDR_CID_ANY, 1<<32-1), families.KindVsock, 0},
		{"tipc", sock.AF_TIPC, sock.SOCK_RDM, 0, families.TIPCNameseq(18888, 1, 2), sock.Addr{}, families.KindTIPC, 0},
		{"qipcrtr", sock.AF_QIPCRTR, sock.SOCK_DGRAM, 0, sock.Addr{}, sock.Addr{}, families.KindQIPCRTR, 0},
		{"can", sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW, families.CAN(""), families.CAN(""), families.KindCAN, 0},
		{"can, BCM", sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_BCM, sock.Addr{}, sock.Addr{}, families.KindCAN, syscall.EOPNOTSUPP},
		{"isotp", sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_ISOTP, sock.Addr{}, families.ISOTP("", 0, 0), families.KindISOTP, 0},
		{"l2cap", sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP, families.L2CAP(any, 0x1001, 0, 0), families.L2CAP(any, 0x1001, 0, 0), families.KindL2CAP, 0},
		{"l2cap, a fixed channel", sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP, families.L2CAP(any, 0, 4, sock.BDADDR_LE_PUBLIC), families.L2CAP(any, 0, 4, sock.BDADDR_LE_PUBLIC), families.KindL2CAP, 0},
		{"rfcomm", sock.AF_BLUETOOTH, sock.SOCK_STREAM, sock.BTPROTO_RFCOMM, families.RFCOMM(any, 7), families.RFCOMM(any, 7), families.KindRFCOMM, 0},
		// A socket of a controller has a name. A socket of its management has none.
		{"hci", sock.AF_BLUETOOTH, sock.SOCK_RAW, sock.BTPROTO_HCI, families.HCI(sock.HCI_DEV_NONE, sock.HCI_CHANNEL_CONTROL), sock.Addr{}, families.KindHCI, syscall.EBADFD},
		{"sco", sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_SCO, families.SCO(any), families.SCO(any), families.KindSCO, 0},
		{"alg", sock.AF_ALG, sock.SOCK_SEQPACKET, 0, families.ALG("hash", "sha256", 0, 0), sock.Addr{}, families.KindALG, syscall.EOPNOTSUPP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			s, err := sock.New(tt.family, tt.typ, tt.proto)
			if errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.ESOCKTNOSUPPORT) {
				t.Skipf("this kernel has no such sockets: run it where it has the module: %v", err)
			}
			if errors.Is(err, syscall.EPERM) {
				t.Skipf("such sockets are for root: %v", err)
			}
			socktest.Must(t, err)
			socktest.Closing(t, s)
			if !tt.bind.IsZero() {
				socktest.Must(t, s.Bind(tt.bind))
			}
			a, err := s.Getsockname()
			if tt.fails != 0 {
				if !errors.Is(err, tt.fails) {
					t.Errorf("getsockname: %v, %v; want %v", a, err, tt.fails)
				}
				return
			}
			socktest.Must(t, err)
			if a.Kind() != tt.format || !tt.want.IsZero() && a != tt.want {
				t.Errorf("bound to %v, its name is %s %v; want %v", tt.bind, a.Network(), a, tt.want)
			}
		})
	}
}

// A protocol without a format has no address that a caller could give.
func TestFamilyWithoutFormat(t *testing.T) { // item 202
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	if errors.Is(err, syscall.EAFNOSUPPORT) || errors.Is(err, syscall.EPROTONOSUPPORT) {
		t.Skipf("this kernel has no CAN: run it where it has the modules can and can-raw: %v", err)
	}
	socktest.Must(t, err)
	socktest.Closing(t, s)
	if err := s.Bind(families.ISOTP("", 1, 2)); !errors.Is(err, families.ErrFamilyMismatch) {
		t.Errorf("bind: %v, want ErrFamilyMismatch", err)
	}
}

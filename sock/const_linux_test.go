package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Python defines these values itself, for systems whose headers lack the names.
func TestConstantsThatHeadersLack(t *testing.T) { // items 226, 227
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"AF_INET", int(sock.AF_INET), 2}, {"SOCK_STREAM", int(sock.SOCK_STREAM), 1}, {"SOCK_DGRAM", int(sock.SOCK_DGRAM), 2},
		{"SOCK_RAW", int(sock.SOCK_RAW), 3}, {"SOCK_RDM", int(sock.SOCK_RDM), 4}, {"SOCK_SEQPACKET", int(sock.SOCK_SEQPACKET), 5},
		{"SO_REUSEADDR", sock.SO_REUSEADDR, 2},
		{"SOL_IP", sock.SOL_IP, 0}, {"SOL_TCP", sock.SOL_TCP, 6}, {"SOL_UDP", sock.SOL_UDP, 17},
		{"IPPROTO_IP", sock.IPPROTO_IP, 0}, {"IPPROTO_ICMP", sock.IPPROTO_ICMP, 1}, {"IPPROTO_TCP", sock.IPPROTO_TCP, 6},
		{"IPPROTO_UDP", sock.IPPROTO_UDP, 17}, {"IPPROTO_RAW", sock.IPPROTO_RAW, 255},
		{"IPPORT_RESERVED", sock.IPPORT_RESERVED, 1024}, {"IPPORT_USERRESERVED", sock.IPPORT_USERRESERVED, 5000},
		{"INADDR_ANY", sock.INADDR_ANY, 0}, {"INADDR_LOOPBACK", sock.INADDR_LOOPBACK, 0x7f000001},
		{"SHUT_RD", sock.SHUT_RD, 0}, {"SHUT_WR", sock.SHUT_WR, 1}, {"SHUT_RDWR", sock.SHUT_RDWR, 2},
		{"UDPLITE_SEND_CSCOV", sock.UDPLITE_SEND_CSCOV, 10}, {"UDPLITE_RECV_CSCOV", sock.UDPLITE_RECV_CSCOV, 11},
		// <bluetooth/rfcomm.h> of BlueZ, with which a CPython may be built.
		{"RFCOMM_LM_AUTH", sock.RFCOMM_LM_AUTH, 2}, {"RFCOMM_LM_ENCRYPT", sock.RFCOMM_LM_ENCRYPT, 4}, {"RFCOMM_LM_SECURE", sock.RFCOMM_LM_SECURE, 32},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %d, want %d", tt.name, tt.got, tt.want)
		}
	}
	// Linux has a larger value of its own. 5 is for systems that have none.
	if sock.SOMAXCONN < 5 {
		t.Errorf("SOMAXCONN is %d", sock.SOMAXCONN)
	}
}

// None of these is negative. As C ints they would be.
func TestConstantsUnsigned(t *testing.T) { // items 226, 230
	for _, tt := range []struct {
		name      string
		got, want int64
	}{
		{"VMADDR_CID_ANY", sock.VMADDR_CID_ANY, 0xffffffff},
		{"VMADDR_PORT_ANY", sock.VMADDR_PORT_ANY, 0xffffffff},
		{"VM_SOCKETS_INVALID_VERSION", sock.VM_SOCKETS_INVALID_VERSION, 0xffffffff},
		{"INADDR_BROADCAST", sock.INADDR_BROADCAST, 0xffffffff},
		{"INADDR_NONE", sock.INADDR_NONE, 0xffffffff},
		{"INADDR_UNSPEC_GROUP", sock.INADDR_UNSPEC_GROUP, 0xe0000000},
		{"CAN_EFF_FLAG", sock.CAN_EFF_FLAG, 0x80000000},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

// Python 3.13 lacks these names. The values are those of the kernel's headers.
func TestConstantsOfNewerPython(t *testing.T) { // item 233
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"VMADDR_CID_LOCAL", sock.VMADDR_CID_LOCAL, 1}, // <linux/vm_sockets.h>
		{"IP_RECVERR", sock.IP_RECVERR, 11},            // <linux/in.h>, as the next three
		{"IP_RECVTTL", sock.IP_RECVTTL, 12},
		{"IP_RECVORIGDSTADDR", sock.IP_RECVORIGDSTADDR, 20},
		{"IP_FREEBIND", sock.IP_FREEBIND, 15},
		{"IPV6_RECVERR", sock.IPV6_RECVERR, 25},       // <linux/in6.h>
		{"SO_ORIGINAL_DST", sock.SO_ORIGINAL_DST, 80}, // <linux/netfilter_ipv4.h>
		{"BDADDR_BREDR", sock.BDADDR_BREDR, 0},        // <bluetooth/bluetooth.h>
		{"HCI_CHANNEL_RAW", sock.HCI_CHANNEL_RAW, 0},  // <bluetooth/hci.h>
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}

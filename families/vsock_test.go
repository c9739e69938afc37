package families_test

import (
	"testing"

	"github.com/polluxio/pollux/families"
)

// vsockSockaddrs is <linux/vm_sockets.h>, and <sys/vsock.h> of macOS, which ends after the cid:
//
//	struct sockaddr_vm {
//		header; unsigned short svm_reserved1; unsigned int svm_port, svm_cid; __u8 svm_flags; unsigned char svm_zero[3];
//	};
var vsockSockaddrs = []sockaddrTest{
	{families.Linux, families.Vsock(2, 1024), "2800 0000 00040000 02000000 00 000000"},
	{families.Darwin, families.Vsock(2, 1024), "0c28 0000 00040000 02000000"},
	// Any machine, any port: VMADDR_CID_ANY, VMADDR_PORT_ANY.
	{families.Linux, families.Vsock(1<<32-1, 1<<32-1), "2800 0000 ffffffff ffffffff 00 000000"},
}

func TestVsockSockaddr(t *testing.T) { testSockaddrs(t, vsockSockaddrs) } // item 195

func TestVsockShort(t *testing.T) {
	testShort(t, "vsock", map[*families.System]int{families.Linux: 12, families.Darwin: 12})
}

// VMADDR_FLAG_TO_HOST, which the kernel sets on the peers of some sockets, makes no other address
// of them.
func TestVsockFlags(t *testing.T) {
	buf := make([]byte, families.MaxSockaddr)
	n, err := families.Linux.Encode(buf, families.Vsock(3, 1024))
	if err != nil {
		t.Fatal(err)
	}
	buf[12] = 1
	if a, err := families.Linux.Decode(40, 0, buf[:n]); err != nil || a != families.Vsock(3, 1024) {
		t.Errorf("Decode = %q, %v", a, err)
	}
}

func TestVsock(t *testing.T) { // item 195
	if cid, port := families.Vsock(4294967295, 1024).Vsock(); cid != 4294967295 || port != 1024 {
		t.Errorf("Vsock = %d, %d", cid, port)
	}
}

func TestVsockText(t *testing.T) {
	testTexts(t, []textTest{
		{"vsock:2:1024", families.Vsock(2, 1024), ""},
		{"vsock:any:1024", families.Vsock(1<<32-1, 1024), ""},
		{"vsock:4294967295:4294967295", families.Vsock(1<<32-1, 1<<32-1), "vsock:any:any"},
		{"vsock:0x2:0x400", families.Vsock(2, 1024), "vsock:2:1024"},
	})
	testTextErrors(t, []textErrorTest{
		{"vsock:2", families.ErrSyntax},
		{"vsock::1024", families.ErrSyntax},
		{"vsock:2:1024:3", families.ErrSyntax},
		{"vsock:all:1024", families.ErrSyntax},
		{"vsock:2:4294967296", families.ErrSyntax},
	})
}

package families_test

import (
	"testing"

	"github.com/polluxio/pollux/families"
)

// qipcrtrSockaddrs is <linux/qrtr.h>:
//
//	struct sockaddr_qrtr { header; 2 bytes of padding; __u32 sq_node, sq_port; };
var qipcrtrSockaddrs = []sockaddrTest{
	{families.Linux, families.QIPCRTR(1, 0x4000), "2a00 0000 01000000 00400000"},
	// The name service: QRTR_NODE_BCAST, QRTR_PORT_CTRL.
	{families.Linux, families.QIPCRTR(0xffffffff, 0xfffffffe), "2a00 0000 ffffffff feffffff"},
}

func TestQIPCRTRSockaddr(t *testing.T) { testSockaddrs(t, qipcrtrSockaddrs) } // item 196

func TestQIPCRTRShort(t *testing.T) {
	testShort(t, "qipcrtr", map[*families.System]int{families.Linux: 12})
}

func TestQIPCRTR(t *testing.T) { // item 196
	if node, port := families.QIPCRTR(1, 4294967294).QIPCRTR(); node != 1 || port != 4294967294 {
		t.Errorf("QIPCRTR = %d, %d", node, port)
	}
}

func TestQIPCRTRText(t *testing.T) {
	testTexts(t, []textTest{
		{"qipcrtr:1:16384", families.QIPCRTR(1, 16384), ""},
		{"qipcrtr:0xffffffff:0xfffffffe", families.QIPCRTR(1<<32-1, 1<<32-2), "qipcrtr:4294967295:4294967294"},
	})
	testTextErrors(t, []textErrorTest{
		{"qipcrtr:1", families.ErrSyntax},
		{"qipcrtr:1:", families.ErrSyntax},
		{"qipcrtr:1:2:3", families.ErrSyntax},
	})
}

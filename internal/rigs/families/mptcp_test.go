//go:build linux

package families_test

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMPTCP(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			everyWay(t, connectedTo(lo.family, sock.SOCK_STREAM, sock.IPPROTO_MPTCP, lo.addr), exchange{
				Ready: func(t *testing.T, s *sock.Socket) {
					lacks(t, "TCP_INQ", s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_INQ, 1))
				},
				Ancillary: hasNothingLeft,
			})
		})
	}
}

// Both ends say that they speak it: that it is not plain TCP in disguise.
func TestMPTCPDoesNotFallBack(t *testing.T) {
	socktest.Check(t)
	a, b := connectedTo(sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_MPTCP, sock.Inet("127.0.0.1", 0))(t)
	_, err := b.Sendall([]byte("x"), 0) // the first data makes sure of it
	must(t, err)
	_, err = a.Recv(1, 0)
	must(t, err)
	for name, s := range map[string]*sock.Socket{"accepted": a, "connected": b} {
		if s.Proto() != sock.IPPROTO_MPTCP {
			t.Errorf("%s: Proto() is %d, want IPPROTO_MPTCP", name, s.Proto())
		}
		wantMPTCP(t, s)
	}
}

// Where the sysctl says no, New says that it is the sysctl.
func TestMPTCPSwitchedOff(t *testing.T) {
	socktest.Check(t)
	need(t, sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_MPTCP).Close()
	newNamespace(t).do(t, func() {
		must(t, os.WriteFile("/proc/sys/net/mptcp/enabled", []byte("0"), 0))
		for _, lo := range loopbacks {
			_, err := sock.New(lo.family, sock.SOCK_STREAM, sock.IPPROTO_MPTCP)
			if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.ENOPROTOOPT) || !strings.Contains(err.Error(), "net.mptcp.enabled") {
				t.Errorf("%s: %v, want an UnsupportedError that names net.mptcp.enabled", lo.name, err)
			}
		}
	})
}

// wantMPTCP checks that a connection has not become one of plain TCP.
//
//	struct mptcp_info {                     // <linux/mptcp.h>
//	    __u8  mptcpi_subflows;              // 0
//	    __u8  mptcpi_add_addr_signal;       // 1
//	    __u8  mptcpi_add_addr_accepted;     // 2
//	    __u8  mptcpi_subflows_max;          // 3
//	    __u8  mptcpi_add_addr_signal_max;   // 4
//	    __u8  mptcpi_add_addr_accepted_max; // 5
//	    __u32 mptcpi_flags;                 // 8
//	    …
//	};
func wantMPTCP(t *testing.T, s *sock.Socket) {
	t.Helper()
	const (
		solMPTCP     = 284 // SOL_MPTCP of <linux/socket.h>
		mptcpInfo    = 1   // MPTCP_INFO
		flagFallback = 1   // MPTCP_INFO_FLAG_FALLBACK
	)
	info, err := s.GetsockoptBytes(solMPTCP, mptcpInfo, 128)
	must(t, err)
	if len(info) < 12 {
		t.Fatalf("MPTCP_INFO has %d bytes", len(info))
	}
	if flags := binary.NativeEndian.Uint32(info[8:]); flags&flagFallback != 0 {
		t.Errorf("%v fell back to TCP: flags %#x", s, flags)
	}
}

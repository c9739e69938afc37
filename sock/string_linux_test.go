package sock_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A socket of any family has a text, whether its addresses can be read or not.
func TestStringFormOfEveryFamily(t *testing.T) { // item 26
	socktest.Check(t)
	made := 0
	for _, test := range []struct {
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
	}{
		{sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_ICMP},
		{sock.AF_INET6, sock.SOCK_DGRAM, 0},
		{sock.AF_UNIX, sock.SOCK_SEQPACKET, 0},
		{sock.AF_NETLINK, sock.SOCK_RAW, 0},
		{sock.AF_PACKET, sock.SOCK_DGRAM, 0},
		{sock.AF_VSOCK, sock.SOCK_STREAM, 0},
		{sock.AF_ALG, sock.SOCK_SEQPACKET, 0},
		{sock.AF_TIPC, sock.SOCK_RDM, 0},
		{sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW},
		{sock.AF_QIPCRTR, sock.SOCK_DGRAM, 0},
		{sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP},
		{sock.AF_RDS, sock.SOCK_SEQPACKET, 0},
	} {
		name := test.family.String()
		s, err := sock.New(test.family, test.typ, test.proto)
		if err != nil {
			t.Logf("this kernel has no %s: %v", name, err)
			continue
		}
		made++
		text := s.String()
		want := fmt.Sprintf("<sock.Socket fd=%d, family=%s, type=%s, proto=%d", s.Fileno(), families.Host.Name(int(test.family)), test.typ, test.proto)
		if !strings.HasPrefix(text, want) || !strings.HasSuffix(text, ">") {
			t.Errorf("%s: %s, want the beginning %s", name, text, want)
		}
		s.Close()
		if text := s.String(); !strings.HasPrefix(text, "<sock.Socket [closed] fd=-1, family=") || strings.Contains(text, "addr=") {
			t.Errorf("%s: %s, closed", name, text)
		}
	}
	if made < 3 {
		t.Errorf("only %d families could be made", made)
	}
}

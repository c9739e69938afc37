package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// In Python the repr of a member is its name, and its text is the number. A number without a name
// is an int.
func TestNamesOfNumbers(t *testing.T) { // items 24, 228
	for _, tt := range []struct{ got, want string }{
		{sock.AF_INET.String(), "AF_INET"},
		{sock.AF_INET6.String(), "AF_INET6"},
		{sock.AF_UNIX.String(), "AF_UNIX"},
		{sock.AF_UNSPEC.String(), "AF_UNSPEC"},
		{sock.Family(9999).String(), "9999"},
		{sock.Family(-1).String(), "-1"},
		{sock.SOCK_STREAM.String(), "SOCK_STREAM"},
		{sock.SOCK_SEQPACKET.String(), "SOCK_SEQPACKET"},
		{sock.Type(999).String(), "999"},
		{sock.MsgFlagNames(0), "0"},
		{sock.MsgFlagNames(sock.MSG_PEEK), "MSG_PEEK"},
		{sock.MsgFlagNames(sock.MSG_PEEK | sock.MSG_OOB | 1<<27), "MSG_OOB|MSG_PEEK|0x8000000"},
		{sock.MsgFlagNames(1 << 27), "0x8000000"},
		{sock.AddrInfoFlagNames(sock.AI_PASSIVE | sock.AI_NUMERICHOST), "AI_PASSIVE|AI_NUMERICHOST"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

// A family where a type belongs, or a type where a family belongs, does not compile: family and
// type are different Go types, and their constants have them (TestConstantsOfEveryProcessor). A
// bare -1 fits both.
var (
	_ func(sock.Family, sock.Type, sock.Protocol) (*sock.Socket, error)               = sock.New
	_ func(sock.Family, sock.Type, sock.Protocol) (*sock.Socket, *sock.Socket, error) = sock.Pair
	_ func(int, sock.Family, sock.Type, sock.Protocol) (*sock.Socket, error)          = sock.Adopt
	_ func(int, sock.Family, sock.Type, sock.Protocol) (*sock.Socket, error)          = sock.Fromfd
)

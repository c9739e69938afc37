package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// In Python the repr of a member names it, and its text is the number; a number without a name is an int.
func TestNamesOfNumbers(t *testing.T) { // items 24, 228
	for _, tt := range []struct{ got, want string }{
		{sock.FamilyName(sock.AF_INET), "AF_INET"},
		{sock.FamilyName(sock.AF_INET6), "AF_INET6"},
		{sock.FamilyName(sock.AF_UNIX), "AF_UNIX"},
		{sock.FamilyName(sock.AF_UNSPEC), "AF_UNSPEC"},
		{sock.FamilyName(9999), "9999"},
		{sock.FamilyName(-1), "-1"},
		{sock.TypeName(sock.SOCK_STREAM), "SOCK_STREAM"},
		{sock.TypeName(sock.SOCK_SEQPACKET), "SOCK_SEQPACKET"},
		{sock.TypeName(999), "999"},
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

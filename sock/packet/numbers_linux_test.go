package packet

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"SIOCGIFINDEX": {siocGIFINDEX, unix.SIOCGIFINDEX},
		"AF_PACKET":    {linuxFamilyPacket, int64(sock.AF_PACKET)},
	})
}

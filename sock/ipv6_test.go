package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestHasIPv6(t *testing.T) { // item 175; HasDualstackIPv6 is tested with CreateServer
	if !sock.HasIPv6 {
		t.Error("IPv6 is not built in")
	}
}

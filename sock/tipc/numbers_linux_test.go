package tipc

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"SOL_TIPC":   {solTIPC, sock.SOL_TIPC},
		"TIPC_SUB_*": {subFilters, sock.TIPC_SUB_PORTS | sock.TIPC_SUB_SERVICE | sock.TIPC_SUB_CANCEL},
	})
}

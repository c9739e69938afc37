package rds

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"SOL_RDS": {solRDS, sock.SOL_RDS},
	})
}

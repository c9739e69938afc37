package rds_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/rds"
)

// A congestion message has a bit for each group of ports that may have room again.
func ExampleCongestionBit() {
	monitored := rds.CongestionBit(4001) | rds.CongestionBit(4002)
	fmt.Printf("%#x\n", monitored)
	fmt.Println(monitored&rds.CongestionBit(4002) != 0, monitored&rds.CongestionBit(4003) != 0)
	// Output:
	// 0x600000000
	// true false
}

package sock_test

import (
	"fmt"
	"net/netip"

	"github.com/polluxio/pollux/sock"
)

// ControlMessages reads the ancillary data in a buffer item by item, without an allocation. Usually
// recvmsg(2) fills the buffer. Here the program fills it.
func ExampleControlMessages() {
	control, err := sock.AppendControl(nil,
		sock.TTL(64).Control(),
		sock.PktInfo6{Interface: 2, Addr: netip.MustParseAddr("ff02::1")}.Control())
	if err != nil {
		fmt.Println(err)
	}
	for c, err := range sock.ControlMessages(control) {
		if err != nil {
			fmt.Println(err)
		}
		if ttl, ok := c.TTL(); ok {
			fmt.Println("time to live:", ttl)
		}
		if info, ok := c.PktInfo6(); ok {
			fmt.Println("to", info.Addr, "by interface", info.Interface)
		}
	}
	// Output:
	// time to live: 64
	// to ff02::1 by interface 2
}

package sock_test

import (
	"fmt"
	"net/netip"

	"github.com/polluxio/pollux/sock"
)

// What recvmsg(2) has left in a buffer is read item by item, without an allocation. Here the buffer
// is made and not received.
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

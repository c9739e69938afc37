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

// Each type of ancillary data has a reader. A reader of a type that the system lacks returns false,
// so the same program runs on every system.
func ExampleControl() {
	var s *sock.Socket // a datagram socket with the options that ask for these items
	_, items, _, _, err := s.Recvmsg(1500, 1000, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range items {
		if n, ok := c.RxqOvfl(); ok {
			fmt.Println("dropped before this datagram:", n)
		}
		if at, ok := c.Timestamping(); ok {
			fmt.Println("received at", at.Software, "by the clock of the host")
		}
		if cred, ok := c.SockCred(); ok {
			fmt.Println("sent by the user", cred.UID)
		}
	}
}

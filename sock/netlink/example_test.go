package netlink_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/netlink"
)

func ExampleBuilder() {
	// A request that gives a name to the link with the index 2.
	data, err := new(netlink.Builder).
		Bytes(netlink.LinkHeader(2, 0, 0)).
		Text(netlink.IFLA_IFNAME, "wan0").
		Data()
	if err != nil {
		fmt.Println(err)
		return
	}
	link, err := netlink.ParseLink(netlink.Message{Type: netlink.RTM_NEWLINK, Data: data})
	fmt.Println(link.Index, link.Name, err)
	// Output: 2 wan0 <nil>
}

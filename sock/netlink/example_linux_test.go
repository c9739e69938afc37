package netlink_test

import (
	"errors"
	"fmt"
	"log"
	"syscall"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
)

func route() *sock.Socket {
	s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, sock.NETLINK_ROUTE)
	if err != nil {
		log.Fatal(err)
	}
	return s
}

// The interfaces of this host, with their addresses.
func ExampleLinks() {
	s := route()
	defer s.Close()
	links, err := netlink.Links(s)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range links {
		if l.Flags&netlink.IFF_LOOPBACK != 0 {
			fmt.Println(l.Name, l.MTU > 0)
		}
	}
	addresses, err := netlink.LinkAddresses(s)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range addresses {
		if a.Prefix.Addr().IsLoopback() && a.Prefix.Addr().Is4() {
			fmt.Println(a.Prefix, a.Index == links[0].Index)
		}
	}
	// Output:
	// lo true
	// 127.0.0.1/8 true
}

// Do makes any request. Here it asks for one interface, and reads an attribute of the answer.
func ExampleRequest() {
	s := route()
	defer s.Close()
	body, err := new(netlink.Builder).Bytes(netlink.LinkHeader(0, 0, 0)).Text(netlink.IFLA_IFNAME, "lo").Data()
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Data: body}) {
		if err != nil {
			log.Fatal(err)
		}
		for a, err := range netlink.Attrs(m.Data[16:]) { // behind the struct ifinfomsg
			if err == nil && a.Type == netlink.IFLA_IFNAME {
				fmt.Println(a.Text())
			}
		}
	}
	// Output: lo
}

// The kernel's refusal is an Error, with its text if SetExtendedAck has asked for that.
func ExampleError() {
	s := route()
	defer s.Close()
	if err := netlink.SetExtendedAck(s, true); err != nil {
		log.Fatal(err)
	}
	for _, err := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Data: netlink.LinkHeader(1<<30, 0, 0)}) {
		var refused *netlink.Error
		fmt.Println(errors.As(err, &refused), errors.Is(err, syscall.ENODEV))
	}
	// Output: true true
}

// Bytes that are no message, or that were cut, are a FormatError.
func ExampleFormatError() {
	for _, err := range netlink.Messages([]byte{1, 2, 3}) {
		var cut *netlink.FormatError
		fmt.Println(errors.As(err, &cut), cut.Have)
	}
	// Output: true 3
}

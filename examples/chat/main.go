// Chat is a chat between its instances on this host, by UDP multicast on the loopback interface,
// without a server. It sends each line of standard input to the group, and prints everything that
// comes from the group, including its own lines.
//
//	$ go run ./examples/chat ann
//	ann is here
//	bob is here
//	bob: hello
//
// The second argument, if any, is another GROUP:PORT.
//
// Needs: any system; a loopback interface that takes multicast.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"

	"github.com/polluxio/pollux/sock"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: chat NAME [GROUP:PORT]")
	}
	name, at := os.Args[1], netip.MustParseAddrPort("239.77.1.1:7777")
	if len(os.Args) > 2 {
		var err error
		at, err = netip.ParseAddrPort(os.Args[2])
		check(err)
	}
	s, group := join(at)
	defer s.Close()
	say := func(text string) {
		_, err := s.Sendto([]byte(text), 0, group)
		check(err)
	}
	go func() {
		for {
			text, _, err := s.Recvfrom(1<<16, 0)
			if errors.Is(err, net.ErrClosed) {
				return // the end of main
			}
			check(err)
			fmt.Printf("%s\n", text)
		}
	}()
	say(name + " is here")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		say(name + ": " + in.Text())
	}
	check(in.Err())
}

// join returns a socket that sends to the group and receives from it, and the address of the group.
func join(at netip.AddrPort) (*sock.Socket, sock.Addr) {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	check(err)
	// All instances bind the same port.
	check(s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 1))
	check(s.Bind(sock.Inet("", int(at.Port()))))
	lo := loopback()
	check(s.JoinGroup(at.Addr(), lo))
	check(s.SetMulticastInterface(lo))
	return s, sock.Inet(at.Addr().String(), int(at.Port()))
}

// loopback returns the index of the loopback interface.
func loopback() int {
	list, err := net.Interfaces()
	check(err)
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Index
		}
	}
	log.Fatal("no loopback interface")
	return 0
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

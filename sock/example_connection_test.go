package sock_test

import (
	"fmt"
	"time"

	"github.com/polluxio/pollux/sock"
)

// A host has several addresses, and some of them may not answer. With HappyEyeballs such an address
// costs a quarter of a second, and not the whole timeout.
func ExampleCreateConnection() {
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	at, err := ln.Getsockname()
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sock.CreateConnection(at.Host(), at.Port(), &sock.ConnectionConfig{
		HappyEyeballs: true,
		Timeout:       sock.Within(5 * time.Second), // for each address
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	peer, err := s.Getpeername()
	fmt.Println(peer == at, err)
	// Output: true <nil>
}

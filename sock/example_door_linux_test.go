package sock_test

import (
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/sock"
)

// These examples print what only Linux answers: abstract names, and the keep-alive times of a
// system that reports all of them.

// Listen takes the text of an address, and the client connects to the listener's address.
func ExampleListen() {
	ln, err := sock.Listen("unixpacket:", nil) // Linux chooses an abstract name
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	at, err := ln.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	s, err := sock.DialAddr(at, &sock.ConnectionConfig{Type: sock.SOCK_SEQPACKET})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	fmt.Println(int(s.Family()) == at.Family(), s.Type())
	// Output: true SOCK_SEQPACKET
}

// Accepted sockets send small messages at once and detect a silent peer. The configuration can
// change both.
func ExampleServerConfig() {
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{
		NoDelay:   sock.Off,
		KeepAlive: &sock.KeepAlive{On: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 3},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	at, err := ln.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	client, err := sock.DialAddr(at, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	s, _, err := ln.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	k, err := s.KeepAlive()
	fmt.Println(k.Idle, k.Count, err)
	k, err = client.KeepAlive()
	fmt.Println(k.Idle, k.Count, err)
	// Output:
	// 1m0s 3 <nil>
	// 15s 9 <nil>
}

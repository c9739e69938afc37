package tipc_test

import (
	"fmt"
	"log"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tipc"
)

// The members of a group send to all others, with flow control.
func ExampleGroup() {
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_RDM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := tipc.JoinGroup(s, tipc.Group{Type: 4711, Instance: 1, Scope: sock.TIPC_CLUSTER_SCOPE}); err != nil {
		log.Fatal(err)
	}
	if _, err := s.Send([]byte("hello"), 0); err != nil {
		log.Fatal(err)
	}
	data, items, _, from, err := s.Recvmsg(1000, tipc.InfoSpace, 0)
	if err != nil {
		log.Fatal(err)
	}
	info, ok := tipc.ParseInfo(items) // why a message of this socket came back, or the name it was sent to
	fmt.Println(data, from, info.Err, ok)
}

// An answer of the topology server.
func ExampleEvent() {
	sub, err := tipc.Subscription{Type: 18888, Upper: 99, Timeout: -1, Filter: sock.TIPC_SUB_SERVICE}.Append(nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	received := append(make([]byte, 20), sub...) // as the server sends it: five numbers, then the subscription
	e, err := tipc.DecodeEvent(received)
	fmt.Println(e.Subscription.Type, e.Subscription.Upper, err)
	// Output: 18888 99 <nil>
}

package tipc_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/tipc"
)

func ExampleSubscription() {
	const ports = 1 // TIPC_SUB_PORTS
	p, err := tipc.Subscription{Type: 18888, Upper: 99, Timeout: -1, Filter: ports}.Append(nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := tipc.DecodeSubscription(p)
	fmt.Println(len(p), s.Type, s.Lower, s.Upper, err)
	// Output: 28 18888 0 99 <nil>
}

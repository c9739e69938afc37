package families_test

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/polluxio/pollux/families"
)

func Example() {
	a := families.Inet("localhost", 80)
	if a.NeedsHost() {
		fmt.Println("to be resolved:", a.Host())
		a = a.WithIP(netip.MustParseAddr("127.0.0.1"))
	}
	buf := make([]byte, families.MaxSockaddr)
	n, err := families.FreeBSD.Encode(buf, a)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %s: % x\n", a.Network(), a, buf[:n])
	// Output:
	// to be resolved: localhost
	// inet 127.0.0.1:80: 10 02 00 50 7f 00 00 01 00 00 00 00 00 00 00 00
}

func ExampleParse() {
	for _, s := range []string{"127.0.0.1:80", "[fe80::1%2]:80", "@app", "inet6:localhost:80", "localhost:70000"} {
		a, err := families.Parse(s)
		if errors.Is(err, families.ErrPort) {
			fmt.Println(err)
			continue
		}
		fmt.Println(a.Network(), a)
	}
	// Output:
	// inet 127.0.0.1:80
	// inet6 [fe80::1%2]:80
	// unix @app
	// inet6 inet6:localhost:80
	// port must be 0-65535 (got 70000)
}

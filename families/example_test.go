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

// An Addr is a comparable value and a net.Addr. Making one never fails: Encode reports the mistake.
func ExampleAddr() {
	seen := map[families.Addr]int{}
	for _, a := range []families.Addr{
		families.Inet("127.0.0.1", 80),
		families.Inet6("::1", 80),
		families.Inet("127.1", 80),
		families.Inet("127.0.0.1", 70000),
	} {
		seen[a]++
		var buf [families.MaxSockaddr]byte
		n, err := families.Linux.Encode(buf[:], a)
		fmt.Println(a.Network(), a, n, err)
	}
	fmt.Println("127.0.0.1:80 was seen", seen[families.Inet("127.0.0.1", 80)], "times")
	// Output:
	// inet 127.0.0.1:80 16 <nil>
	// inet6 [::1]:80 28 <nil>
	// inet 127.0.0.1:80 16 <nil>
	// inet 127.0.0.1:70000 0 port must be 0-65535 (got 70000)
	// 127.0.0.1:80 was seen 2 times
}

// The name of an interface must be turned into its index before the address is used. Package sock
// does this.
func ExampleCAN() {
	a := families.CAN("can0")
	if a.Zone() != "" {
		fmt.Println("to be resolved:", a.Zone())
		a = a.WithScope(3) // the result of if_nametoindex for a.Zone()
	}
	buf := make([]byte, families.MaxSockaddr)
	n, err := families.Linux.Encode(buf, a)
	if err != nil {
		fmt.Println(err)
		return
	}
	// A socket of the protocol CAN_RAW of AF_CAN.
	peer, err := families.Linux.Decode(29, 1, buf[:n])
	if err != nil {
		fmt.Println(err)
		return
	}
	_, index := peer.Interface()
	fmt.Println(peer.Network(), peer, index)
	// Output:
	// to be resolved: can0
	// can #3 3
}

func ExampleAddr_MarshalText() {
	for _, a := range []families.Addr{
		families.Inet("127.0.0.1", 80),
		families.Vsock(2, 1024),
		families.TIPCName(18888, 17, 0),
		families.L2CAP("0:1a:7d:da:71:13", 25, 0, 0),
		families.ALG("hash", "sha256", 0, 0),
		families.RFCOMM("somewhere", 3),
	} {
		text, err := a.MarshalText()
		fmt.Printf("%s %s: %s %v\n", a.Network(), a, text, err)
	}
	// Output:
	// inet 127.0.0.1:80: 127.0.0.1:80 <nil>
	// vsock 2:1024: vsock:2:1024 <nil>
	// tipc name:18888,17: tipc:name:18888,17 <nil>
	// l2cap 00:1A:7D:DA:71:13,25: l2cap:00:1A:7D:DA:71:13,25 <nil>
	// alg hash:sha256: alg:hash:sha256 <nil>
	// rfcomm somewhere,3:  bad bluetooth address (got "somewhere")
}

package families_test

import (
	"errors"
	"fmt"

	"github.com/polluxio/pollux/families"
)

// A System encodes and decodes the addresses of one operating system, on every system: a program
// can read what another machine has recorded. Host is the system that runs the program.
func ExampleSystem() {
	var buf [families.MaxSockaddr]byte
	n, err := families.Linux.Encode(buf[:], families.Vsock(3, 1024))
	if err != nil {
		fmt.Println(err)
	}
	const afVsock = 40 // of Linux
	a, err := families.Linux.Decode(afVsock, 0, buf[:n])
	fmt.Println(n, families.Linux.Name(afVsock), a, err)
	// Output: 16 vsock 3:1024 <nil>
}

// A Family is one format. It reports a mistake in an address when the address is used.
func ExampleFamily() {
	f, ok := families.Darwin.Lookup(families.Darwin.FamilyOf(families.Unix("/run/app")), 0)
	if !ok {
		fmt.Println("no format")
	}
	var buf [families.MaxSockaddr]byte
	n, err := f.Encode(buf[:], families.Unix("/run/app"))
	fmt.Println(f.Name(), f.Kind() == families.KindUnix, n, err)
	// Output: unix true 11 <nil>
}

// An AddrError names the rule that an address breaks. errors.Is tests for the rule.
func ExampleAddrError() {
	var buf [families.MaxSockaddr]byte
	_, err := families.Linux.Encode(buf[:], families.Inet("127.0.0.1", 70000))
	var bad *families.AddrError
	if errors.As(err, &bad) {
		fmt.Println(bad.Family, bad.Value, errors.Is(err, families.ErrPort))
	}
	// Output: inet 70000 true
}

// Some addresses hold a name. Unresolved returns the part that the system must turn into a number
// first. Package sock does that when it uses the address.
func ExampleAddr_Unresolved() {
	for _, a := range []families.Addr{families.Inet("localhost", 80), families.CAN("can0"), families.Inet("::1", 80)} {
		part, name := a.Unresolved()
		fmt.Println(part == families.PartHost, part == families.PartInterface, name)
	}
	// Output:
	// true false localhost
	// false true can0
	// false false
}

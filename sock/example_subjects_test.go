package sock_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/sock"
)

// A connection that only waits holds no memory for what may come. Buffers lends it when there is
// something.
func ExampleBuffers() {
	buffers := sock.NewBuffers(4096) // for any number of sockets
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	a.Send([]byte("hello"), 0)
	data, err := b.RecvBuffer(buffers, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", data)
	buffers.Put(data)
	// Output: "hello"
}

// A socket that resets its connection at Close: what is unsent is dropped, and no TIME_WAIT stays.
func ExampleLinger() {
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.SetLinger(sock.Linger{On: true, Time: 0}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Linger())
	// Output: {true 0s} <nil>
}

// Networks has every name that Dial, Listen and package netconn take.
func ExampleNetwork() {
	n, ok := sock.NetworkNamed("unixgram")
	fmt.Println(n.Name, n.Format, n.Type, ok)
	fmt.Println(len(sock.Networks()) > 10)
	// Output:
	// unixgram unix SOCK_DGRAM true
	// true
}

// A Resolver has its own limit of look-ups, and may ask another server. The zero Resolver is the
// system's.
func ExampleResolver() {
	r := sock.Resolver{Limit: 8}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	host, err := r.Gethostbyaddr(ctx, "127.0.0.1")
	var h sock.Hostent = host
	fmt.Println(h.Addrs, err) // and Name and Aliases, which the hosts file of this machine says
}

// The interfaces of this host, by number and name.
func ExampleInterface() {
	all, err := sock.IfNameindex()
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range all {
		name, err := sock.IfIndextoname(i.Index)
		if name != i.Name {
			fmt.Println(i, name, err)
		}
	}
	fmt.Println(len(all) > 0)
	// Output: true
}

// The results of a future with several parts are a structure.
func ExampleAsync_RecvfromInto() {
	s, err := sock.Listen("udp:127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	at, err := s.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 100)
	into := s.Async().RecvfromInto(buf, 0)
	message := s.Async().RecvmsgInto([][]byte{buf}, 0, 0) // waits behind the first
	s.Sendto([]byte("one"), 0, at)
	got, err := into.Wait(context.Background())
	fmt.Println(got.N, got.From == at, err)
	s.Sendto([]byte("three"), 0, at)
	m, err := message.Wait(context.Background())
	fmt.Println(m.N, m.From == at, m.Flags, err)
	// Output:
	// 3 true <nil>
	// 5 true 0 <nil>
}

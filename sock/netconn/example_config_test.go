package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"syscall"

	"github.com/polluxio/pollux/sock/netconn"
)

// A ListenConfig has what Listen does not ask for.
func ExampleListenConfig() {
	lc := netconn.ListenConfig{
		Backlog: 16,
		Control: func(network, address string, c syscall.RawConn) error {
			fmt.Println(network)
			return nil
		},
	}
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	// Output: tcp4
}

// Many datagrams by one system call. A Message has the fields of golang.org/x/net/ipv4.Message.
func ExamplePacketConn_ReadBatch() {
	p, err := netconn.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	send := []netconn.Message{
		{Buffers: [][]byte{[]byte("one")}, Addr: p.LocalAddr()},
		{Buffers: [][]byte{[]byte("two")}, Addr: p.LocalAddr()},
	}
	if _, err := p.WriteBatch(send, 0); err != nil {
		log.Fatal(err)
	}
	got := []netconn.Message{{Buffers: [][]byte{make([]byte, 100)}}, {Buffers: [][]byte{make([]byte, 100)}}}
	n, err := p.ReadBatch(got, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range got[:n] {
		fmt.Printf("%s\n", m.Buffers[0][:m.N])
	}
	// Output:
	// one
	// two
}

// An address that no network has is an ArgError.
func ExampleArgError() {
	_, err := netconn.New(nil)
	var bad *netconn.ArgError
	fmt.Println(errors.As(err, &bad))
	// Output: true
}

// Tipc is a server and its client over TIPC. The server has a name instead of an address:
//
//	tipc server    answers each message in capital letters, as service 18888, instance 17
//	tipc client    waits until the service exists anywhere in the cluster, and sends it a message
//
// The client learns about the service from the topology server, which each node has. Without a
// network both run on one node.
//
// Needs: Linux with tipc.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tipc"
)

const service, instance = 18888, 17

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "server":
		serve()
	case len(os.Args) == 2 && os.Args[1] == "client":
		await()
		ask()
	default:
		log.Fatal("usage: tipc server | tipc client")
	}
}

// serve runs the server.
func serve() {
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_RDM, 0)
	check(err)
	defer s.Close()
	check(s.Bind(sock.TIPCNameseq(service, instance, instance)))
	fmt.Printf("Serving %d:%d\n", service, instance)
	for buf := make([]byte, tipc.TIPC_MAX_USER_MSG_SIZE); ; {
		n, from, err := s.RecvfromInto(buf, 0)
		check(err)
		fmt.Printf("Asked %q by %v\n", buf[:n], from)
		_, err = s.Sendto(bytes.ToUpper(buf[:n]), 0, from)
		check(err)
	}
}

// await waits until the service exists.
func await() {
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_SEQPACKET, 0)
	check(err)
	defer s.Close()
	check(s.Connect(sock.TIPCName(sock.TIPC_TOP_SRV, sock.TIPC_TOP_SRV, 0)))
	p, err := tipc.Subscription{Type: service, Lower: instance, Upper: instance, Timeout: -1, Filter: sock.TIPC_SUB_SERVICE}.Append(nil, nil)
	check(err)
	_, err = s.Send(p, 0)
	check(err)
	p, err = s.Recv(100, 0)
	check(err)
	event, err := tipc.DecodeEvent(p)
	check(err)
	fmt.Println("Found:", event)
}

// ask sends a message to the service, by its name.
func ask() {
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_RDM, 0)
	check(err)
	defer s.Close()
	_, err = s.Sendto([]byte("Hello, world"), 0, sock.TIPCName(service, instance, 0))
	check(err)
	answer, from, err := s.Recvfrom(tipc.TIPC_MAX_USER_MSG_SIZE, 0)
	check(err)
	fmt.Printf("Received %q from %v\n", answer, from)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

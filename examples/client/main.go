// Client is the first echo client of the documentation of Python's socket module: IPv4, one message
// there and back.
//
//	HOST = 'daring.cwi.nl'    # The remote host
//	PORT = 50007              # The same port as used by the server
//	with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
//	    s.connect((HOST, PORT))
//	    s.sendall(b'Hello, world')
//	    data = s.recv(1024)
//	print('Received', repr(data))
//
// The remote host is localhost here. Another HOST:PORT can be given as argument. For the server see
// examples/server.
//
// Needs: any system; the example server, running.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

func main() {
	at := "localhost:50007" // the remote host, and the port of the server
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	addr, err := families.Parse(at)
	check(err)
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	check(err)
	defer s.Close()
	check(s.Connect(addr))
	_, err = s.Sendall([]byte("Hello, world"), 0)
	check(err)
	data, err := s.Recv(1024, 0)
	check(err)
	fmt.Printf("Received %q\n", data)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

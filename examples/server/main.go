// Server is the first echo server of the documentation of Python's socket module: IPv4, one
// connection, echo until its end.
//
//	HOST = ''                 # Symbolic name meaning all available interfaces
//	PORT = 50007              # Arbitrary non-privileged port
//	with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
//	    s.bind((HOST, PORT))
//	    s.listen(1)
//	    conn, addr = s.accept()
//	    with conn:
//	        print('Connected by', addr)
//	        while True:
//	            data = conn.recv(1024)
//	            if not data: break
//	            conn.sendall(data)
//
// Another HOST:PORT can be given as argument; port 0 is a free one. For the client see
// examples/client.
//
// Needs: any system.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

func main() {
	at := ":50007" // all available interfaces, and an arbitrary port
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	addr, err := families.Parse(at)
	check(err)
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	check(err)
	defer s.Close()
	check(s.Bind(addr))
	check(s.Listen(1))
	addr, err = s.Getsockname()
	check(err)
	fmt.Println("Listening on", addr)

	conn, addr, err := s.Accept()
	check(err)
	defer conn.Close()
	fmt.Println("Connected by", addr)
	for {
		data, err := conn.Recv(1024, 0)
		check(err)
		if len(data) == 0 {
			break
		}
		_, err = conn.Sendall(data, 0)
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

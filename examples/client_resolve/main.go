// Client_resolve is the second echo client of the documentation of Python's socket module: IPv4 or
// IPv6, whichever address of the host can be connected to first.
//
//	HOST = 'daring.cwi.nl'    # The remote host
//	PORT = 50007              # The same port as used by the server
//	s = None
//	for res in socket.getaddrinfo(HOST, PORT, socket.AF_UNSPEC, socket.SOCK_STREAM):
//	    af, socktype, proto, canonname, sa = res
//	    try:
//	        s = socket.socket(af, socktype, proto)
//	    except OSError as msg:
//	        s = None
//	        continue
//	    try:
//	        s.connect(sa)
//	    except OSError as msg:
//	        s.close()
//	        s = None
//	        continue
//	    break
//	if s is None:
//	    print('could not open socket')
//	    sys.exit(1)
//	with s:
//	    s.sendall(b'Hello, world')
//	    data = s.recv(1024)
//	print('Received', repr(data))
//
// The remote host is localhost here. Another HOST:PORT can be given as argument. For the server see
// examples/server_resolve. What the loop does is sock.CreateConnection too, as it is
// socket.create_connection in Python.
//
// Needs: any system; the example server_resolve, running.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"

	"github.com/polluxio/pollux/sock"
)

func main() {
	at := "localhost:50007" // the remote host, and the port of the server
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	host, port, err := net.SplitHostPort(at)
	check(err)
	infos, err := sock.Getaddrinfo(context.Background(), host, port, &sock.Hints{Type: sock.SOCK_STREAM})
	check(err)
	var s *sock.Socket
	for _, info := range infos {
		if s, err = sock.New(info.Family, info.Type, info.Proto); err != nil {
			continue
		}
		if err = s.Connect(info.Addr); err == nil {
			break
		}
		s.Close()
	}
	check(err)
	defer s.Close()
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

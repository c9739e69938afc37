// Server_resolve is the second echo server of the documentation of Python's socket module: IPv4 or
// IPv6, whichever address of the host can be listened on first.
//
//	HOST = None               # Symbolic name meaning all available interfaces
//	PORT = 50007              # Arbitrary non-privileged port
//	s = None
//	for res in socket.getaddrinfo(HOST, PORT, socket.AF_UNSPEC,
//	                              socket.SOCK_STREAM, 0, socket.AI_PASSIVE):
//	    af, socktype, proto, canonname, sa = res
//	    try:
//	        s = socket.socket(af, socktype, proto)
//	    except OSError as msg:
//	        s = None
//	        continue
//	    try:
//	        s.bind(sa)
//	        s.listen(1)
//	    except OSError as msg:
//	        s.close()
//	        s = None
//	        continue
//	    break
//	if s is None:
//	    print('could not open socket')
//	    sys.exit(1)
//	conn, addr = s.accept()
//	with conn:
//	    print('Connected by', addr)
//	    while True:
//	        data = conn.recv(1024)
//	        if not data: break
//	        conn.send(data)
//
// Another HOST:PORT can be given as argument; port 0 is a free one. For the client see
// examples/client_resolve.
//
// Needs: any system.
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
	at := ":50007" // all available interfaces, and an arbitrary port
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	host, port, err := net.SplitHostPort(at)
	check(err)
	infos, err := sock.Getaddrinfo(context.Background(), host, port, &sock.Hints{Type: sock.SOCK_STREAM, Flags: sock.AI_PASSIVE})
	check(err)
	var s *sock.Socket
	for _, info := range infos {
		if s, err = sock.New(info.Family, info.Type, info.Proto); err != nil {
			continue
		}
		if err = s.Bind(info.Addr); err == nil {
			err = s.Listen(1)
		}
		if err == nil {
			break
		}
		s.Close()
	}
	check(err)
	defer s.Close()
	addr, err := s.Getsockname()
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
		_, err = conn.Sendall(data, 0) // not Send, which may send only a part
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

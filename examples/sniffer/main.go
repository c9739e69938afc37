// Sniffer is the network sniffer from the documentation of Python's socket module: a raw socket
// that receives everything that its interface receives. It runs only on Windows, as an
// administrator.
//
//	HOST = socket.gethostbyname(socket.gethostname())
//	with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IP) as s:
//	    s.bind((HOST, 0))
//	    s.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
//	    s.ioctl(socket.SIO_RCVALL, socket.RCVALL_ON)
//	    print(s.recvfrom(65565))
//	    s.ioctl(socket.SIO_RCVALL, socket.RCVALL_OFF)
//
// Needs: Windows, and an administrator.
package main

import (
	"log"
	"os"
)

func main() {
	if err := sniff(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

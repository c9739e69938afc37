// Dns answers DNS questions over UDP for the hosts in its arguments, such as gate.test=10.0.0.1.
// One goroutine for each processor receives and answers; a waiting call needs no thread.
//
// Needs: any system; a port below 1024 needs privilege on Unix.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"net/netip"
	"runtime"
	"strings"

	"github.com/polluxio/pollux/sock"
)

var listen = flag.String("listen", "127.0.0.1:5300", "HOST:PORT")

// answer turns the question p into an answer of at most 512 bytes; nil if p is no question.
func answer(p []byte, hosts map[string]netip.Addr) []byte {
	const header = 12                                                             // bytes of a message
	if len(p) < header || p[2]&0xf8 != 0 || binary.BigEndian.Uint16(p[4:]) != 1 { // not one query
		return nil
	}
	labels, at := []string(nil), header
	for at < len(p) && p[at] != 0 { // a label: its length, its bytes
		end := at + 1 + int(p[at])
		if p[at] > 63 || end >= len(p) {
			return nil
		}
		labels, at = append(labels, string(p[at+1:end])), end
	}
	if at+5 > len(p) { // the root, the type and the class
		return nil
	}
	ip, known := hosts[strings.ToLower(strings.Join(labels, "."))]
	out := append([]byte(nil), p[:at+5]...)
	clear(out[6:header])            // no records
	out[2], out[3] = out[2]|0x84, 0 // a response, from the authority
	if !known {
		out[3] = 3 // the name does not exist
	} else if binary.BigEndian.Uint32(p[at+1:]) == 1<<16|1 { // type A, class IN
		out[7] = 1
		out = append(out, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4) // the name above; for 60 seconds
		out = append(out, ip.AsSlice()...)
	}
	return out
}

func serve(s *sock.Socket, hosts map[string]netip.Addr) {
	for p := make([]byte, 512); ; {
		n, from, err := s.RecvfromInto(p, 0)
		if err != nil {
			log.Fatal(err)
		}
		if out := answer(p[:n], hosts); out != nil {
			s.Sendto(out, 0, from) // if it fails, the client asks again
		}
	}
}

func main() {
	flag.Parse()
	hosts := map[string]netip.Addr{}
	for _, arg := range flag.Args() {
		name, ip, _ := strings.Cut(arg, "=")
		hosts[strings.ToLower(name)] = netip.MustParseAddr(ip)
	}
	s, err := sock.Listen("udp:"+*listen, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s)
	for range runtime.GOMAXPROCS(0) {
		go serve(s, hosts)
	}
	select {}
}

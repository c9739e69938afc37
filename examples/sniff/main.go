// Sniff prints the UDP packets to a port as they arrive at an interface. A filter in the kernel
// drops all other packets. It is the Linux twin of the sniffer in the documentation of Python's
// socket module, which runs on Windows.
//
//	go run ./examples/sniff -i eth0 -port 53 -n 10
//
// Needs: Linux, and CAP_NET_RAW.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net/netip"
	"os"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bpf"
	"github.com/polluxio/pollux/sock/packet"
)

const afPacket = 17 // AF_PACKET, which package sock has on Linux only

func main() {
	link := flag.String("i", "lo", "the interface; none is all of them")
	port := flag.Uint("port", 53, "the port that packets are for")
	count := flag.Int("n", 0, "end after so many packets")
	promiscuous := flag.Bool("p", false, "take also what is for other hosts")
	flag.Parse()
	s, err := open(*link, uint32(*port))
	if err == nil && *promiscuous {
		err = packet.Join(s, *link, packet.PACKET_MR_PROMISC, nil)
	}
	if err == nil {
		fmt.Println("Listening on", *link)
		err = sniff(s, os.Stdout, *count)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// open returns a socket that receives UDP packets to the port only. It binds the socket after it
// has attached the filter.
func open(link string, port uint32) (*sock.Socket, error) {
	filter, err := new(bpf.Assembler).
		Load(1, 9). // the protocol; packets begin with the header of IP
		If(bpf.BPF_JEQ, sock.IPPROTO_UDP, "", "drop").
		Load(2, 6). // where in the datagram the fragment belongs
		If(bpf.BPF_JSET, 0x1fff, "drop", "").
		Add(bpf.Stmt(bpf.BPF_LDX|bpf.BPF_B|bpf.BPF_MSH, 0), // the length of that header
			bpf.Stmt(bpf.BPF_LD|bpf.BPF_H|bpf.BPF_IND, 2)). // behind it, the port
		If(bpf.BPF_JEQ, port, "take", "drop").
		Label("take").Ret(math.MaxUint32).
		Label("drop").Ret(0).
		Program()
	if err != nil {
		return nil, err
	}
	s, err := sock.New(afPacket, sock.SOCK_DGRAM, 0)
	if err != nil {
		return nil, err
	}
	if err = bpf.Attach(s, filter); err == nil {
		err = s.Bind(sock.Packet(link, packet.ETH_P_IP))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// sniff writes a line for each packet, and returns after count packets.
func sniff(s *sock.Socket, w io.Writer, count int) error {
	buf := make([]byte, 1<<16)
	for i := 0; i < count || count == 0; i++ {
		n, from, err := s.RecvfromInto(buf, 0)
		if err != nil {
			return err
		}
		ip, ok := header(buf[:n])
		if !ok {
			continue
		}
		_, _, _, hardware := from.Packet()
		fmt.Fprintf(w, "%s %x: %v -> %v %q\n", s.InterfaceOf(from), hardware, ip.from, ip.to, ip.payload)
	}
	return nil
}

type datagram struct {
	from, to netip.AddrPort
	payload  []byte
}

// header reads the headers of IPv4 and UDP.
func header(b []byte) (d datagram, ok bool) {
	if len(b) < 20 || len(b) < int(b[0]&15)*4+8 {
		return d, false
	}
	udp := b[int(b[0]&15)*4:]
	source, _ := netip.AddrFromSlice(b[12:16])
	destination, _ := netip.AddrFromSlice(b[16:20])
	return datagram{
		from:    netip.AddrPortFrom(source, binary.BigEndian.Uint16(udp)),
		to:      netip.AddrPortFrom(destination, binary.BigEndian.Uint16(udp[2:])),
		payload: udp[8:],
	}, true
}

package packet_test

import (
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/packet"
)

// A ring is memory that the kernel fills with packets. The program reads a block of them at a time,
// without a copy. It needs CAP_NET_RAW.
func ExampleRing() {
	s, err := sock.New(sock.AF_PACKET, sock.SOCK_RAW, 0) // protocol 0: nothing arrives before Bind
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	ring, err := packet.NewRing(s, &packet.RingConfig{Blocks: 64, Timeout: 10 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer ring.Close()
	if err := s.Bind(sock.Packet("eth0", packet.ETH_P_IP)); err != nil {
		log.Fatal(err)
	}
	for range 10 {
		block, err := ring.Next()
		if err != nil {
			log.Fatal(err)
		}
		show(block)
	}
	st, err := packet.Statistics(s)
	fmt.Println(st.Packets, st.Drops, err)
}

func show(b packet.Block) {
	defer b.Release()
	for p := range b.Packets() {
		describe(&p)
	}
}

func describe(p *packet.RingPacket) { fmt.Println(p.Time(), p.From(), len(p.Data), "of", p.Len) }

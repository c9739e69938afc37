package packet_test

import (
	"encoding/binary"
	"fmt"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/packet"
)

// After SetAuxdata, Recvmsg returns an Auxdata with each packet. This one was built by hand.
func ExampleParseAuxdata() {
	b := make([]byte, 20) // struct tpacket_auxdata, <linux/if_packet.h>
	binary.NativeEndian.PutUint32(b[0:], packet.TP_STATUS_USER)
	binary.NativeEndian.PutUint32(b[4:], 1514)
	binary.NativeEndian.PutUint32(b[8:], 96)
	aux, ok := packet.ParseAuxdata(sock.Control{Level: packet.SOL_PACKET, Type: packet.PACKET_AUXDATA, Data: b})
	fmt.Println(aux.Len, aux.Snaplen, aux.HasVLAN(), ok)
	// Output: 1514 96 false true
}

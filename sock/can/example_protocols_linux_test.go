package can_test

import (
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
)

// A CAN_BCM socket makes the kernel send a frame every 100 ms, with no work of the program's.
func ExampleBCMMessage() {
	s, err := sock.New(sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_BCM)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.Connect(sock.CAN("can0")); err != nil {
		log.Fatal(err)
	}
	p, err := can.BCMMessage{Opcode: sock.CAN_BCM_TX_SETUP, Flags: sock.CAN_BCM_SETTIMER | sock.CAN_BCM_STARTTIMER,
		Ival2: 100 * time.Millisecond, ID: 0x42, Frames: []can.Frame{{ID: 0x42, Data: []byte{1, 2}}}}.Append(nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := s.Send(p, 0); err != nil {
		log.Fatal(err)
	}
}

// An FD frame has up to 64 bytes. The code of its length is the next one that there is.
func ExampleKind() {
	f := can.Frame{ID: 0x123, Kind: can.FD, Data: make([]byte, 10)}
	fmt.Println(f.Kind, f.DLC(), can.FDLen(f.DLC()))
	// Output: FD 9 12
}

// A CAN_ISOTP socket carries messages of many frames. Its options are set before it is bound.
func ExampleISOTPOptions() {
	s, err := sock.New(sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_ISOTP)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := can.SetISOTPOptions(s, can.ISOTPOptions{Flags: can.CAN_ISOTP_TX_PADDING, TxPad: 0xaa}); err != nil {
		log.Fatal(err)
	}
	stmin, err := can.ISOTPSTmin(300 * time.Microsecond)
	if err != nil {
		log.Fatal(err)
	}
	if err := can.SetISOTPFlowControl(s, can.ISOTPFlowControl{BlockSize: 8, STmin: stmin}); err != nil {
		log.Fatal(err)
	}
	if err := can.SetISOTPLinkLayer(s, can.ISOTPLinkLayer{MTU: can.CANFD_MTU, TxDL: 64}); err != nil {
		log.Fatal(err)
	}
	if err := s.Bind(sock.ISOTP("can0", 0x7e8, 0x7e0)); err != nil {
		log.Fatal(err)
	}
	if _, err := s.Send(make([]byte, 2000), 0); err != nil {
		log.Fatal(err)
	}
}

// The separation time of a peer, as the protocol encodes it.
func ExampleISOTPFlowControl() {
	stmin, err := can.ISOTPSTmin(250 * time.Microsecond) // rounded up
	fmt.Printf("%#x %v %v\n", stmin, can.ISOTPFlowControl{STmin: stmin}.Separation(), err)
	// Output: 0xf3 300µs <nil>
}

// A CAN_J1939 socket that receives one group of messages, with the address and the priority of
// each, and what became of the messages that it has sent.
func ExampleJ1939Filter() {
	s, err := sock.New(sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_J1939)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	const group = 0xfeca // active diagnostic trouble codes
	if err := can.SetJ1939Filters(s, can.J1939Filter{PGN: group, PGNMask: 0x3ffff}); err != nil {
		log.Fatal(err)
	}
	if err := s.Bind(sock.J1939("can0", sock.J1939_NO_NAME, sock.J1939_NO_PGN, 0x20)); err != nil {
		log.Fatal(err)
	}
	data, items, _, from, err := s.Recvmsg(1785, can.J1939InfoSpace, 0)
	if err != nil {
		log.Fatal(err)
	}
	info, ok := can.ParseJ1939Info(items)
	fmt.Println(data, from, info.DestAddr, info.Priority, ok)

	_, items, _, _, err = s.Recvmsg(0, 200, sock.MSG_ERRQUEUE)
	if err != nil {
		log.Fatal(err)
	}
	if e, ok := can.ParseJ1939Event(items); ok {
		fmt.Println("message", e.Key, e.Errno)
	}
}

// A socket of CAN XL that takes part in the virtual network 5 alone.
func ExampleNetwork() {
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	five := can.Network{Flags: can.CAN_RAW_XL_VCID_TX_SET | can.CAN_RAW_XL_VCID_RX_FILTER, Tx: 5, Rx: 5, RxMask: 0xff}
	if err := can.SetNetwork(s, five); err != nil {
		log.Fatal(err)
	}
}

// Can is the CAN example from the documentation of Python's socket module. It receives the frames
// of a bus. It sends each frame back, and then a frame of its own.
//
//	s = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
//	s.bind(('vcan0',))
//
//	while True:
//	    cf, addr = s.recvfrom(can_frame_size)
//	    print('Received: can_id=%x, can_dlc=%x, data=%s' % dissect_can_frame(cf))
//	    try:
//	        s.send(cf)
//	    except OSError:
//	        print('Error sending CAN frame')
//	    try:
//	        s.send(build_can_frame(0x01, b'\x01\x02\x03'))
//	    except OSError:
//	        print('Error sending CAN frame')
//
// The argument is the interface; the default is vcan0. To make one:
//
//	ip link add dev vcan0 type vcan
//	ip link set up vcan0
//
// Needs: Linux with can-raw, an interface such as vcan0, no privilege.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
)

func main() {
	bus := "vcan0"
	if len(os.Args) > 1 {
		bus = os.Args[1]
	}
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	check(err)
	defer s.Close()
	check(s.Bind(sock.CAN(bus)))
	own, err := can.Frame{ID: 0x01, Data: []byte{1, 2, 3}}.Append(nil)
	check(err)
	for {
		cf, _, err := s.Recvfrom(can.CAN_MTU, 0)
		check(err)
		f, err := can.DecodeFrame(cf)
		check(err)
		fmt.Printf("Received: can_id=%x, can_dlc=%x, data=%q\n", f.ID, f.DLC(), f.Data)
		if _, err := s.Send(cf, 0); err != nil {
			fmt.Println("Error sending CAN frame:", err)
		}
		if _, err := s.Send(own, 0); err != nil {
			fmt.Println("Error sending CAN frame:", err)
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

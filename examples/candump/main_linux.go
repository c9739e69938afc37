// Candump prints the frames of CAN buses, like the program candump of can-utils with -L:
//
//	candump [INTERFACE [ID:MASK]...]
//
// Without an interface, or with "any", it prints the frames of all buses. ID~MASK selects all
// frames except those. It prints error frames in words.
//
// Needs: Linux with can-raw and an interface such as vcan0.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
)

func main() {
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	check(err)
	defer s.Close()
	bus := ""
	if len(os.Args) > 1 && os.Args[1] != "any" {
		bus = os.Args[1]
	}
	if len(os.Args) > 2 {
		var filters []can.Filter
		for _, text := range os.Args[2:] {
			f, err := can.ParseFilter(text)
			check(err)
			filters = append(filters, f)
		}
		check(can.SetFilters(s, filters...))
	}
	check(can.SetErrorFilter(s, sock.CAN_ERR_MASK))
	_ = s.Setsockopt(sock.SOL_CAN_RAW, sock.CAN_RAW_FD_FRAMES, 1) // a kernel without FD frames delivers none, so the error does not matter
	_ = s.Setsockopt(sock.SOL_CAN_RAW, can.CAN_RAW_XL_FRAMES, 1)
	check(s.Bind(sock.CAN(bus)))
	for buf := make([]byte, can.CANXL_MTU); ; {
		n, from, err := s.RecvfromInto(buf, 0)
		check(err)
		f, err := can.DecodeFrame(buf[:n])
		check(err)
		fmt.Printf("(%.6f) %s %s", float64(time.Now().UnixMicro())/1e6, s.InterfaceOf(from), f)
		if e, ok := f.ErrorFrame(); ok {
			fmt.Print(" ", e)
		}
		fmt.Println()
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

package can_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/can"
)

func ExampleFrame() {
	p, err := can.Frame{ID: 0x123, Data: []byte{0xde, 0xad, 0xbe, 0xef}}.Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := can.DecodeFrame(p) // as a CAN_RAW socket receives it
	fmt.Println(len(p), f, err)
	// Output: 16 123#DEADBEEF <nil>
}

func ExampleParseFilter() {
	f, err := can.ParseFilter("100:700")
	fmt.Println(f.Match(0x123), f.Match(0x223), err)
	// Output: true false <nil>
}

func ExampleErrorInfo() {
	f, err := can.ParseFrame("20000042#0500000000000000")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, ok := f.ErrorFrame()
	fmt.Println(e, ok)
	// Output: lost arbitration in bit 5, bus off true
}

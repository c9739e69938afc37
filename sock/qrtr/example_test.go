package qrtr_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/qrtr"
)

func ExampleControl() {
	p := qrtr.AppendControl(nil, qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_LOOKUP, Service: 42})
	fmt.Printf("%x\n", p)
	// Output: 0a0000002a000000000000000000000000000000
}

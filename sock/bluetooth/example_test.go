package bluetooth_test

import (
	"fmt"

	"github.com/polluxio/pollux/sock/bluetooth"
)

func ExampleHCIEvent_Answers() {
	e, err := bluetooth.DecodeHCIEvent([]byte{bluetooth.HCI_EVENT_PKT, bluetooth.EVT_CMD_COMPLETE, 4, 1, 0x03, 0x0c, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	opcode, result, ok := e.Answers()
	fmt.Println(opcode == bluetooth.HCIOpcode(3, 3), result, ok)
	// Output: true [0] true
}

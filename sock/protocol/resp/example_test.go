package resp_test

import (
	"errors"
	"fmt"

	"github.com/polluxio/pollux/sock/protocol/resp"
)

// The commands that have arrived, one after the other, in memory that each uses again.
func ExampleLimits() {
	arrived := resp.AppendCommand(nil, "SET", "a", "1")
	arrived = append(arrived, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPI"...)
	var args [][]byte
	for {
		command, used, err := resp.Limits{}.Parse(args[:0], arrived)
		if used == 0 {
			fmt.Printf("%q is the beginning of a command: %v\n", arrived, err)
			return
		}
		args, arrived = command, arrived[used:]
		fmt.Printf("%q\n", command)
	}
	// Output:
	// ["SET" "a" "1"]
	// ["GET" "a"]
	// "*1\r\n$4\r\nPI" is the beginning of a command: <nil>
}

func ExampleProtocolError() {
	_, _, err := resp.Limits{}.Parse(nil, []byte("*1\r\n$x"))
	var e *resp.ProtocolError
	fmt.Println(errors.As(err, &e), err)
	fmt.Printf("%q\n", resp.AppendError(nil, "ERR Protocol error: "+e.What))
	// Output:
	// true resp: byte 5: a line that begins with '$' must be a number and \r\n
	// "-ERR Protocol error: a line that begins with '$' must be a number and \\r\\n\r\n"
}

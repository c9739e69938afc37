package protocol_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// A shouter answers each line in capitals.
type shouter struct{ protocol.Base }

func (s shouter) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{}, s)
}

func (shouter) Frame(t *protocol.Transport, line []byte) {
	fmt.Fprintln(t, strings.ToUpper(string(line)))
}

// A server of lines.
func Example() {
	s, err := protocol.NewServer(&protocol.Config{
		New: func(*protocol.Transport) protocol.Protocol { return shouter{} },
	})
	if err != nil {
		panic(err)
	}
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		panic(err)
	}

	c, err := net.Dial("tcp", at.String())
	if err != nil {
		panic(err)
	}
	fmt.Fprint(c, "one\ntwo\n")
	in := bufio.NewScanner(c)
	for range 2 {
		in.Scan()
		fmt.Println(in.Text())
	}
	c.Close()
	report, err := s.Shutdown(context.Background())
	fmt.Println(report.Cut, err)
	// Output:
	// ONE
	// TWO
	// 0 <nil>
}

// The same in straight line: a task for each connection.
func ExampleServer_Go() {
	s, err := protocol.NewServer(nil)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	s.Go(func(_ *loop.Task, c *sock.Socket) {
		for {
			p, err := c.Recv(4096, 0) // the task waits, and the loop goes on
			if len(p) == 0 || err != nil {
				return
			}
			c.Sendall([]byte(strings.ToUpper(string(p))), 0)
		}
	})
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", at.String())
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "hello")
	text, err := bufio.NewReader(c).ReadString('\n')
	fmt.Print(text, err, "\n")
	// Output:
	// HELLO
	// <nil>
}

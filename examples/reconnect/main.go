// Reconnect is a client that comes back: it sends its input line by line, prints what it gets, and
// connects again when the connection is lost. Its input waits meanwhile.
//
//	$ go run ./examples/linechat 127.0.0.1:7000
//	$ go run ./examples/reconnect 127.0.0.1:7000
//
// Needs: any system; a server, running.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/netip"
	"os"
	"time"

	"github.com/polluxio/pollux/sock/protocol"
)

const firstWait, longest = 100 * time.Millisecond, 10 * time.Second

type link struct { // one connection
	protocol.Base
	out  io.Writer
	lost chan error
}

func (l *link) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{}, l)
}

func (l *link) Frame(_ *protocol.Transport, line []byte) { fmt.Fprintf(l.out, "%s\n", line) }
func (l *link) Lost(_ *protocol.Transport, err error)    { l.lost <- err }

// backOff returns the wait before attempt n+1. A random part spreads the clients of a server.
func backOff(n int) time.Duration {
	d := min(firstWait<<min(n-1, 20), longest)
	return d/2 + rand.N(d/2+1)
}

// run connects again and again, until lines is closed.
func run(addr netip.AddrPort, lines <-chan string, out io.Writer) error {
	client, err := protocol.NewClient(&protocol.Config{Loops: 1})
	if err != nil {
		return err
	}
	defer client.Close()
	for attempt := 1; ; attempt++ {
		l := &link{out: out, lost: make(chan error, 1)}
		t, err := client.Dial(context.Background(), addr.Addr().String(), int(addr.Port()), l).Wait(context.Background())
		if err == nil {
			fmt.Fprintln(out, "connected to", t.RemoteAddr())
			attempt = 1
			if err = talk(t, l, lines); err == nil {
				return nil
			}
		}
		wait := backOff(attempt)
		fmt.Fprintf(out, "%v; again in %v\n", err, wait)
		time.Sleep(wait)
	}
}

// talk sends lines until the connection is lost, or nil after the last line.
func talk(t *protocol.Transport, l *link, lines <-chan string) error {
	for {
		select {
		case err := <-l.lost:
			return fmt.Errorf("the connection is lost: %v", err)
		case line, ok := <-lines:
			if !ok {
				t.Close()
				return <-l.lost
			}
			t.WriteString(line + "\n")
		}
	}
}

func main() {
	addr, err := netip.ParseAddrPort(append(os.Args, "127.0.0.1:7000")[1])
	if err != nil {
		log.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	if err := run(addr, lines, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

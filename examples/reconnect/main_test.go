package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.Main(m) }

// The server ends in the middle and comes back: the client connects again, and the next line
// arrives.
func TestReconnects(t *testing.T) {
	socktest.Check(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	socktest.Must(t, err)
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	lines := make(chan string)
	out, printed := io.Pipe()
	end := socktest.Start(func() error { return run(at, lines, printed) })
	said := bufio.NewScanner(out)
	until := func(prefix string) {
		t.Helper()
		for said.Scan() {
			if strings.HasPrefix(said.Text(), prefix) {
				return
			}
		}
		t.Fatalf("it never said %q", prefix)
	}
	talk := func(text string) net.Conn {
		until("connected to 127.0.0.1")
		c, err := ln.Accept()
		socktest.Must(t, err)
		c.SetDeadline(time.Now().Add(socktest.Patience))
		lines <- text
		if got, err := bufio.NewReader(c).ReadString('\n'); got != text+"\n" {
			t.Fatalf("%q, %v", got, err)
		}
		io.WriteString(c, "answer\n")
		until("answer")
		return c
	}
	c := talk("first")
	ln.Close()
	c.Close()
	until("the connection is lost")
	until("") // an attempt that is refused
	ln, err = net.Listen("tcp", at.String())
	socktest.Must(t, err)
	defer ln.Close()
	c = talk("second")
	close(lines)
	io.Copy(io.Discard, c)
	c.Close()
	socktest.Must(t, end.Wait(t))
}

// The waits grow, never beyond the longest, and differ.
func TestBackOff(t *testing.T) {
	seen := map[time.Duration]bool{}
	for n := 1; n < 100; n++ {
		most := min(firstWait<<min(n-1, 20), longest)
		if d := backOff(n); d < most/2 || d > most {
			t.Errorf("wait %d is %v, want %v to %v", n, d, most/2, most)
		}
		seen[backOff(7)] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d different waits", len(seen))
	}
}

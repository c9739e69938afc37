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

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func TestChat(t *testing.T) {
	line := socktest.StartProgram(t, "127.0.0.1:0")
	at := strings.TrimPrefix(line(), "listening on ")
	enter := func(name string) (net.Conn, *bufio.Scanner) {
		c, err := net.Dial("tcp", at)
		socktest.Must(t, err)
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(socktest.Patience))
		io.WriteString(c, name+"\r\n")
		s := bufio.NewScanner(c)
		want(t, s, "your name?")
		return c, s
	}
	ann, annHears := enter("ann")
	io.WriteString(ann, "nobody hears this\n")
	bob, bobHears := enter("bob")
	want(t, annHears, "bob is here")
	io.WriteString(ann, "hello\n")
	want(t, bobHears, "ann: hello")
	io.WriteString(bob, "hello ann\nhow are you?\n")
	want(t, annHears, "bob: hello ann")
	want(t, annHears, "bob: how are you?")
	bob.Close()
	want(t, annHears, "bob has left")
	io.WriteString(ann, strings.Repeat("too long ", 100)+"\n")
	if annHears.Scan() {
		t.Errorf("after a line that is too long: %q", annHears.Text())
	}
}

func want(t *testing.T, s *bufio.Scanner, text string) {
	t.Helper()
	for s.Scan() {
		if s.Text() == text {
			return
		}
		if !strings.HasSuffix(s.Text(), "is here") && !strings.Contains(s.Text(), "nobody") {
			break
		}
	}
	t.Fatalf("%q, %v, want %q", s.Text(), s.Err(), text)
}

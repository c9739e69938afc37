package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// serving starts a server on a free port, and returns its address.
func serving(t *testing.T, name string, args ...string) string {
	t.Helper()
	addr, _ := startServer(t, name, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	return addr
}

// client returns a connection with a deadline.
func client(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(long))
	return c
}

// Each line goes to all other clients. A client that breaks a rule is disconnected, and the others
// stay.
func TestChatroom(t *testing.T) {
	addr := serving(t, "chatroom", "-idle", "20s")
	ann, bob := client(t, "tcp", addr), client(t, "tcp", addr)
	fromAnn, fromBob := bufio.NewReader(bob), bufio.NewReader(ann)
	// Until bob is in the room, ann's lines do not reach bob.
	heard := make(chan string, 1)
	go func() {
		line, _ := fromAnn.ReadString('\n')
		heard <- line
	}()
	for got := ""; got == ""; {
		fmt.Fprint(ann, "hello\n")
		select {
		case got = <-heard:
		case <-time.After(10 * time.Millisecond):
		}
		if got != "" && got != "hello\n" {
			t.Fatalf("bob heard %q", got)
		}
	}
	fmt.Fprint(bob, "good ")
	fmt.Fprint(bob, "morning\nann\n")
	for _, want := range []string{"good morning\n", "ann\n"} {
		if line, err := fromBob.ReadString('\n'); line != want || err != nil {
			t.Fatalf("ann heard %q, %v", line, err)
		}
	}
	long := client(t, "tcp", addr)
	long.Write(bytes.Repeat([]byte("x"), 10_000))
	if n, err := long.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a line of 10,000 bytes: %d, %v", n, err)
	}
	// A client that does not read is disconnected when too many bytes wait for it.
	deaf := client(t, "tcp", addr).(*net.TCPConn)
	deaf.SetReadBuffer(4096)
	fmt.Fprint(deaf, "I am here\n")
	if line, err := fromBob.ReadString('\n'); line != "I am here\n" || err != nil {
		t.Fatalf("ann heard %q, %v", line, err)
	}
	go io.Copy(io.Discard, fromAnn)
	line := append(bytes.Repeat([]byte("y"), 1000), '\n')
	for ended := false; !ended; {
		if _, err := ann.Write(bytes.Repeat(line, 1000)); err != nil {
			t.Fatal(err)
		}
		// A write to a connection that the server has closed fails after some time.
		deaf.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, err := deaf.Write([]byte("z\n"))
		ended = err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	}
}

func TestChatroomIdle(t *testing.T) {
	addr := serving(t, "chatroom", "-idle", "50ms")
	if n, err := client(t, "tcp", addr).Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("a silent client got %d bytes, %v", n, err)
	}
}

// The server answers the lines of several clients at once, and the pool that asks it.
func TestLinesAndPool(t *testing.T) {
	addr := serving(t, "lines")
	c := client(t, "tcp", addr)
	fmt.Fprint(c, "one two three\n\nfour\nfive six") // the last line has no newline
	c.(*net.TCPConn).CloseWrite()
	out, err := io.ReadAll(c)
	if want := "three two one\n\nfour\nsix five\n"; string(out) != want || err != nil {
		t.Errorf("%q, %v, want %q", out, err, want)
	}

	built(t, "pool")
	var questions, want []string
	for i := range 20 {
		questions = append(questions, fmt.Sprintf("a%d b%d", i, i))
		want = append(want, fmt.Sprintf("a%d b%d: b%d a%d <nil>", i, i, i, i))
	}
	out, err = program(t, "pool", append([]string{"-server", addr, "-conns", "3"}, questions...)...).CombinedOutput()
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLinesIdle(t *testing.T) {
	addr := serving(t, "lines", "-idle", "50ms")
	if n, err := client(t, "tcp", addr).Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("a silent client got %d bytes, %v", n, err)
	}
}

// Questions without an answer end with the context, and the program with status 1.
func TestPoolTimeout(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	built(t, "pool")
	cmd := program(t, "pool", "-server", ln.Addr().String(), "-timeout", "50ms", "-conns", "1", "a", "b")
	out, _ := cmd.CombinedOutput()
	if n := strings.Count(string(out), "context deadline exceeded"); cmd.ProcessState.ExitCode() != 1 || n != 2 {
		t.Errorf("%v\n%s", cmd.ProcessState, out)
	}
}

// Go's own resolver asks, and gets the answers that the arguments give.
func TestDNS(t *testing.T) {
	addr := serving(t, "dns", "gate.test=10.0.0.1", "Mail.test=10.0.0.2")
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", addr)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for name, want := range map[string]string{"gate.test.": "10.0.0.1", "MAIL.test.": "10.0.0.2"} {
		if ips, err := resolver.LookupIP(ctx, "ip4", name); err != nil || len(ips) != 1 || ips[0].String() != want {
			t.Errorf("%s: %v, %v", name, ips, err)
		}
	}
	var missing *net.DNSError
	if ips, err := resolver.LookupIP(ctx, "ip4", "nowhere.test."); !errors.As(err, &missing) || !missing.IsNotFound {
		t.Errorf("an unknown name: %v, %v", ips, err)
	}
	if ips, err := resolver.LookupIP(ctx, "ip6", "gate.test."); err == nil {
		t.Errorf("IPv6 addresses: %v", ips)
	}
	// A packet that is not a question gets no answer, and the server goes on.
	c := client(t, "udp", addr)
	for _, p := range []string{"", "x", strings.Repeat("\x00", 12), "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x3f", strings.Repeat("\xff", 600),
		"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a"} {
		c.Write([]byte(p))
	}
	if ips, err := resolver.LookupIP(ctx, "ip4", "gate.test."); err != nil || len(ips) != 1 {
		t.Errorf("after that: %v, %v", ips, err)
	}
}

package main

import (
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/protocol/resp"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func each(t *testing.T, fn func(t *testing.T, at string)) {
	for _, mode := range []string{"callback", "task"} {
		t.Run(mode, func(t *testing.T) {
			line := socktest.StartProgram(t, mode, "127.0.0.1:0")
			fn(t, strings.TrimPrefix(line(), "listening on "))
		})
	}
}

func TestCommands(t *testing.T) {
	const in = "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nset\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" +
		"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*0\r\nPING\r\n*-5\r\n"
	const want = "+PONG\r\n+OK\r\n$5\r\nhello\r\n:1\r\n:2\r\n-ERR value is not an integer or out of range\r\n:1\r\n$-1\r\n" +
		"+PONG\r\n-ERR Protocol error: resp: byte 1: a line that begins with '*' must be a number and \\r\\n\r\n"
	each(t, func(t *testing.T, at string) {
		for _, step := range []int{1, 7, 1000} {
			c, err := net.Dial("tcp", at)
			socktest.Must(t, err)
			defer c.Close()
			c.SetDeadline(time.Now().Add(socktest.Patience))
			for rest := strings.ReplaceAll(in, "$1\r\nn", "$1\r\n"+string(rune('a'+step%20))); rest != ""; {
				n := min(step, len(rest))
				io.WriteString(c, rest[:n])
				rest = rest[n:]
			}
			if got, err := io.ReadAll(c); err != nil || string(got) != want {
				t.Errorf("%d bytes at once: %q, %v", step, got, err)
			}
		}
	})
}

// A value that arrives in many parts is whole, and so is the command behind it.
func TestLongValue(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, err := net.Dial("tcp", at)
		socktest.Must(t, err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(socktest.Patience))
		value := strings.Repeat("0123456789abcde", 60_000)
		in := resp.AppendCommand(nil, "SET", "long", value)
		in = resp.AppendCommand(in, "GET", "long")
		go func() {
			c.Write(in)
			c.(*net.TCPConn).CloseWrite()
		}()
		want := resp.AppendBulk(resp.AppendSimple(nil, "OK"), value)
		if got, err := io.ReadAll(c); err != nil || string(got) != string(want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
	})
}

func TestRedisBenchmark(t *testing.T) {
	program, err := exec.LookPath("redis-benchmark")
	if err != nil {
		t.Skipf("%v: install Debian's redis-tools", err)
	}
	each(t, func(t *testing.T, at string) {
		host, port, err := net.SplitHostPort(at)
		socktest.Must(t, err)
		for _, depth := range []string{"1", "16"} {
			out, err := exec.Command(program, "-h", host, "-p", port, "-t", "ping,set,get,incr", "-n", "3000", "-c", "20", "-P", depth, "--csv").CombinedOutput()
			if err != nil || strings.Contains(string(out), "rror") && !strings.Contains(string(out), "CONFIG") || strings.Count(string(out), "\n\"") < 5 {
				t.Errorf("%v: %s", err, out)
			}
		}
	})
}

// A client that asks many times for a long value before it reads gets all answers.
func TestManyLongAnswers(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, err := net.Dial("tcp", at)
		socktest.Must(t, err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(socktest.Patience))
		const size, n = 100_000, 300
		in := resp.AppendCommand(nil, "SET", "k", strings.Repeat("x", size))
		for range n {
			in = resp.AppendCommand(in, "GET", "k")
		}
		in = resp.AppendCommand(in, "PING")
		_, err = c.Write(in)
		socktest.Must(t, err)
		want := int64(len("+OK\r\n") + n*len(resp.AppendBulk(nil, make([]byte, size))))
		if got, err := io.CopyN(io.Discard, c, want); err != nil {
			t.Fatalf("%d bytes, %v", got, err)
		}
		pong := make([]byte, 7)
		if _, err := io.ReadFull(c, pong); err != nil || string(pong) != "+PONG\r\n" {
			t.Errorf("%q, %v", pong, err)
		}
	})
}

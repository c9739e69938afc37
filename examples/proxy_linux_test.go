package examples_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/socktest"
)

// TestProxySplices counts, by strace, that no byte of a connection comes into the proxy's memory.
func TestProxySplices(t *testing.T) {
	if out, err := exec.Command("go", "build", "-o", programs, "./proxy").CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	proxy := program(t, "proxy", "-from", "tcp:127.0.0.1:0", "-to", "tcp:"+ln.Addr().String())
	proxy.Stderr = os.Stderr
	moved := socktest.Strace(t, proxy)
	stdout, err := proxy.StdoutPipe()
	if err == nil {
		err = proxy.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	end := sync.OnceFunc(func() {
		proxy.Process.Kill()
		io.Copy(io.Discard, out) // strace has it open too
		proxy.Wait()
	})
	defer end()
	line, _ := out.ReadString('\n')
	addr := strings.TrimPrefix(strings.TrimSpace(line), "Listening on ")

	data := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	echoed := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_, err = io.Copy(c, c)
			err = errors.Join(err, c.Close())
		}
		echoed <- err
	}()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(long))
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		sent <- errors.Join(err, c.(*net.TCPConn).CloseWrite())
	}()
	got, err := io.ReadAll(c)
	if err = errors.Join(err, <-sent, <-echoed); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes came back, %v", len(got), len(data), err)
	}
	line, _ = out.ReadString('\n')
	if want := fmt.Sprintf("%d bytes there, %d bytes back\n", len(data), len(data)); !strings.HasSuffix(line, want) {
		t.Errorf("it printed %q, want %q", line, want)
	}
	end()
	calls := moved()
	if want := int64(4 * len(data)); calls["splice"] != want {
		t.Errorf("splice moved %d bytes, want %d: into a pipe and out of it, there and back", calls["splice"], want)
	}
	if n := calls["recvfrom"] + calls["recvmsg"]; n != 0 {
		t.Errorf("%d bytes were received into memory", n)
	}
}

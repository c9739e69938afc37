package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/echo"
)

// long is the time after which a wait counts as hanging.
const long = 20 * time.Second

var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	p, err := pollux.New(nil)
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println("skipped, until there is a poller:", err)
		return 0
	}
	if err == nil {
		err = p.Close()
	}
	var dir string
	if err == nil {
		dir, err = os.MkdirTemp("", "echo")
		defer os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	binary = filepath.Join(dir, "echo.exe")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Printf("%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// A program is one run of the binary.
type program struct {
	*exec.Cmd
	t              *testing.T
	stdout, stderr *bufio.Reader
}

func start(t *testing.T, args ...string) *program {
	return startCommand(t, exec.Command(binary, args...))
}

// startLimited starts the program with a limit of descriptors, and with two processors, each of
// which takes some.
func startLimited(t *testing.T, descriptors string, args ...string) *program {
	return startCommand(t, exec.Command("sh", append([]string{"-c", `ulimit -n "$0" && GOMAXPROCS=2 exec "$@"`, descriptors, binary}, args...)...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *program {
	p := &program{Cmd: cmd, t: t}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdout, p.stderr = bufio.NewReader(stdout), bufio.NewReader(stderr)
	watchdog := time.AfterFunc(long, func() {
		t.Error("it hangs")
		p.Process.Kill()
	})
	t.Cleanup(func() {
		watchdog.Stop()
		p.Process.Kill() // of a test that failed; otherwise the process has ended
	})
	return p
}

// end waits for the end, and returns the unread output and the exit status.
func (p *program) end() (stdout, stderr string, status int) {
	p.t.Helper()
	out, err1 := io.ReadAll(p.stdout)
	told, err2 := io.ReadAll(p.stderr)
	p.Wait()
	if err := errors.Join(err1, err2); err != nil {
		p.t.Error(err)
	}
	return string(out), string(told), p.ProcessState.ExitCode()
}

// endWell is end for a program that should print nothing more and exit with 0.
func (p *program) endWell() {
	p.t.Helper()
	if stdout, stderr, status := p.end(); stdout != "" || stderr != "" || status != 0 {
		p.t.Errorf("it ended with status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

// startServing starts the program with -serve, and returns the address in the form of package net.
func startServing(t *testing.T, args ...string) (p *program, network, addr string) {
	p = start(t, append([]string{"-serve"}, args...)...)
	line, err := p.stdout.ReadString('\n')
	text, ok := strings.CutPrefix(line, "listening on ")
	if !ok || err != nil {
		_, stderr, status := p.end()
		t.Fatalf("it said %q, want listening on ..., and ended with status %d, stderr %q", line, status, stderr)
	}
	text = strings.TrimSuffix(text, "\n")
	if addr, ok := strings.CutPrefix(text, "udp:"); ok {
		return p, "udp", addr
	}
	if addr, ok := strings.CutPrefix(text, "unix:"); ok {
		return p, "unix", addr
	}
	return p, "tcp", text
}

func dial(t *testing.T, network, addr string) net.Conn {
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(long))
	t.Cleanup(func() { c.Close() })
	return c
}

// streams returns addresses of each kind to listen on, for the test's own server.
func streams(t *testing.T) []string {
	return []string{
		"127.0.0.1:0",
		"[::1]:0",
		"unix:" + filepath.Join(t.TempDir(), "s"),
		fmt.Sprintf("unix:@pollux-%d-%d", os.Getpid(), rand.Uint32()),
	}
}

func skipWithout(t *testing.T, listen string) {
	if !strings.Contains(listen, "[::1]") {
		return
	}
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("until the system has IPv6:", err)
	}
	ln.Close()
}

// states are the lines of a start that takes more than a second.
var states = regexp.MustCompile(`^((starting|connecting|the first message).*\n)*$`)

var table = regexp.MustCompile(`^(goroutine|task|callback) on \S+: 20 connections, 64-byte messages, 1 in flight each, [0-9.]+m?s

messages/s +p50 +p99 +p99\.9 +errors +memory/connection
[1-9][0-9,]* +[0-9.]+[mµ]?s +[0-9.]+[mµ]?s +[0-9.]+[mµ]?s +0 +(-|[0-9.]+ ([KM]i)?B)

Each connection sends its next message when (?s:.*) here [0-9.]+[mµ]?s\. -conns 1 shows the latency without a queue\.
(
memory/connection is what the server's heap and stacks grew by, (?s:.*)
)?$`)

func TestDrive(t *testing.T) {
	for _, mode := range echo.Modes {
		for _, listen := range append(streams(t), "udp:127.0.0.1:0", "udp:[::1]:0") {
			t.Run(mode+" "+listen, func(t *testing.T) {
				t.Parallel()
				skipWithout(t, listen)
				p := start(t, "-for", "300ms", "-conns", "20", "-mode", mode, "-listen", listen, "-loops", "2")
				stdout, stderr, status := p.end()
				if !table.MatchString(stdout) || !states.MatchString(stderr) || status != 0 {
					t.Errorf("it ended with status %d, stderr %q, stdout\n%s", status, stderr, stdout)
				}
				if path, ok := strings.CutPrefix(listen, "unix:/"); ok {
					if _, err := os.Lstat("/" + path); err == nil {
						t.Error("the socket's file is still there")
					}
				}
			})
		}
	}
}

func TestDriveWithManyInFlight(t *testing.T) {
	for _, tt := range []struct{ name, conns, size, depth, listen string }{
		{"small", "5", "1", "1000", "127.0.0.1:0"},
		{"large", "5", "1000003", "2", "127.0.0.1:0"},
		{"large on unix", "5", "100003", "3", "unix:" + filepath.Join(t.TempDir(), "s")},
		{"datagrams", "5", "512", "20", "udp:127.0.0.1:0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, "-for", "300ms", "-conns", tt.conns, "-size", tt.size, "-depth", tt.depth, "-listen", tt.listen)
			if stdout, stderr, status := p.end(); !states.MatchString(stderr) || status != 0 {
				t.Errorf("it ended with status %d, stderr %q, stdout\n%s", status, stderr, stdout)
			}
		})
	}
}

func TestDriveEndsEarly(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, "-for", "1h", "-conns", "20")
			line, err := p.stderr.ReadString('\n')
			if !strings.HasSuffix(line, " messages/s, 0 errors\n") || err != nil {
				t.Errorf("the progress was %q, %v", line, err)
			}
			p.Process.Signal(sig)
			if stdout, stderr, status := p.end(); !table.MatchString(stdout) || status != 0 {
				t.Errorf("it ended with status %d, stderr %q, stdout\n%s", status, stderr, stdout)
			}
		})
	}
}

// TestServerEndsWithItsParent kills the program while it drives a server. Then only the server is
// left, which still has its stderr.
func TestServerEndsWithItsParent(t *testing.T) {
	p := start(t, "-for", "1h", "-conns", "20")
	if line, err := p.stderr.ReadString('\n'); err != nil {
		t.Fatalf("no progress: %q, %v", line, err)
	}
	p.Process.Kill()
	if _, err := io.Copy(io.Discard, p.stderr); err != nil {
		t.Error(err)
	}
	p.Wait()
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// TestServe sends a whole message and ends its own side before it reads the answer, as nc -N does.
func TestServe(t *testing.T) {
	for _, mode := range echo.Modes {
		for _, listen := range streams(t) {
			t.Run(mode+" "+listen, func(t *testing.T) {
				skipWithout(t, listen)
				p, network, addr := startServing(t, "-mode", mode, "-listen", listen)
				c := dial(t, network, addr)
				data := random(4 << 20)
				go func() {
					if _, err := c.Write(data); err != nil {
						t.Error(err)
					}
					if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
						t.Error(err)
					}
				}()
				got, err := io.ReadAll(c)
				if !bytes.Equal(got, data) || err != nil {
					t.Errorf("%d bytes came back, the same: %v, then %v", len(got), bytes.Equal(got, data), err)
				}
				p.Process.Signal(syscall.SIGTERM)
				p.endWell()
				if _, err := os.Lstat(addr); network == "unix" && err == nil {
					t.Errorf("%s is still there", addr)
				}
			})
		}
	}
}

func TestServeDatagrams(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			p, network, addr := startServing(t, "-mode", mode, "-listen", "udp:127.0.0.1:0")
			c := dial(t, network, addr)
			buf := make([]byte, 64<<10)
			for _, n := range []int{1, 0, 1000, maxDatagram} {
				data := random(n)
				if _, err := c.Write(data); err != nil {
					t.Fatal(err)
				}
				if n, err := c.Read(buf); !bytes.Equal(buf[:n], data) || err != nil {
					t.Fatalf("%d bytes came back of %d: %v", n, len(data), err)
				}
			}
			p.Process.Signal(syscall.SIGINT)
			p.endWell()
		})
	}
}

package echo_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// patience limits the wait for an event that should come at once.
const patience = 20 * time.Second

// TestMain makes the test binary a server if a test needs a process with other limits than its own.
func TestMain(m *testing.M) {
	socktest.UsePoller()
	if mode := os.Getenv("ECHO_TEST_SERVE"); mode != "" {
		// Always two loops, on any number of processors: each takes five of the few descriptors
		// that the process may have.
		s, err := echo.Listen(echo.Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0), Loops: 2})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		a, _ := s.Addr()
		fmt.Println(a)
		io.Copy(io.Discard, os.Stdin) // until the test is over
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// eachMode runs a test against a server in each mode, in this process.
func eachMode(t *testing.T, test func(t *testing.T, dial func() net.Conn)) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			s, err := echo.Listen(echo.Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0), Loops: 2})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Drain(patience); err != nil {
					t.Error(err)
				}
			})
			a, err := s.Addr()
			if err != nil {
				t.Fatal(err)
			}
			test(t, func() net.Conn { return dial(t, a.String()) })
		})
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// roundTrip sends a message and checks the echo.
func roundTrip(t *testing.T, c net.Conn, msg string) {
	t.Helper()
	buf := make([]byte, len(msg))
	if _, err := io.WriteString(c, msg); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, buf); err != nil {
		t.Fatal(err)
	}
	if string(buf) != msg {
		t.Fatalf("sent %q, got %q", msg, buf)
	}
}

// pattern returns n bytes without a repetition at a short distance.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// A client sends a request and then shuts down its sending direction. The whole answer arrives, and
// then the end of the stream, even if the answer is far larger than any buffer.
func TestHalfCloseGetsWholeAnswer(t *testing.T) {
	eachMode(t, func(t *testing.T, dial func() net.Conn) {
		c := dial().(*net.TCPConn)
		sent := pattern(16 << 20)
		go func() {
			c.Write(sent)
			c.CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(sent) {
			t.Fatalf("%d bytes came back of %d, or other ones", len(got), len(sent))
		}
	})
}

// A peer that never reads costs the server one buffer: the peer's sends stop.
func TestPeerThatNeverReadsIsHeldBack(t *testing.T) {
	eachMode(t, func(t *testing.T, dial func() net.Conn) {
		c := dial()
		chunk := pattern(64 << 10)
		sent := 0
		for sent < 256<<20 {
			c.SetWriteDeadline(time.Now().Add(time.Second)) // the test is that no byte is sent for so long
			n, err := c.Write(chunk)
			sent += n
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		// The bytes that were sent are in the buffers of the kernel, some megabytes each way, and
		// in one of the server's.
		if sent >= 64<<20 {
			t.Fatalf("%d bytes were taken from a peer that reads nothing", sent)
		}
		roundTrip(t, dial(), "others are served meanwhile")
		go c.(*net.TCPConn).CloseWrite()
		c.SetDeadline(time.Now().Add(patience))
		n, err := io.Copy(io.Discard, c)
		if err != nil || int(n) != sent {
			t.Fatalf("%d bytes came back of %d: %v", n, sent, err)
		}
	})
}

// A peer that resets, a peer that vanishes in the middle of a message, and a slow peer: none
// affects the others.
func TestPeersThatMisbehaveDoSoAlone(t *testing.T) {
	eachMode(t, func(t *testing.T, dial func() net.Conn) {
		slow, steady := dial(), dial()
		var wg sync.WaitGroup
		for i := range 50 {
			c := dial().(*net.TCPConn)
			wg.Go(func() {
				c.Write(pattern(100_000))
				if i%2 == 0 {
					c.SetLinger(0) // a reset, with the answer on its way
				}
				c.Close()
			})
			roundTrip(t, steady, "not disturbed "+strconv.Itoa(i))
			io.WriteString(slow, string(rune('a'+i%26)))
		}
		wg.Wait()
		got := make([]byte, 50)
		if _, err := io.ReadFull(slow, got); err != nil || !strings.HasPrefix(string(got), "abcdefghij") {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

// Descriptors run out in accept. The listener backs off and logs it, and nothing spins. Connections
// that exist do not notice. When descriptors are free again, the waiting connections are served.
func TestDescriptorsRunOut(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command("sh", "-c", `ulimit -n 48; exec "$0" 2>"$1"`, exe, log)
			cmd.Env = append(os.Environ(), "ECHO_TEST_SERVE="+mode)
			stdin, _ := cmd.StdinPipe()
			stdout, _ := cmd.StdoutPipe()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer stdin.Close()
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatalf("the server says %q: %v", line, err)
			}
			addr := strings.TrimSpace(line)

			there := dial(t, addr)
			roundTrip(t, there, "before")
			var crowd []net.Conn
			for range 100 { // the kernel accepts them all; the server can have fewer
				crowd = append(crowd, dial(t, addr))
			}
			socktest.Await(t, "the log says that the accept backs off", func() bool {
				text, _ := os.ReadFile(log)
				return strings.Contains(string(text), "backs off") && strings.Contains(string(text), "too many open files")
			})
			before := cpuTime(t, cmd.Process.Pid)
			start := time.Now()
			for time.Since(start) < 300*time.Millisecond { // the test measures the cost in this time
				roundTrip(t, there, "meanwhile")
				time.Sleep(10 * time.Millisecond)
			}
			took := time.Since(start)
			if used := cpuTime(t, cmd.Process.Pid) - before; used > took/2 {
				t.Errorf("the server used %v of processor time in %v of having no descriptors", used, took)
			}
			for _, c := range crowd[:90] {
				c.Close()
			}
			for _, c := range crowd[90:] {
				roundTrip(t, c, "after")
			}
			roundTrip(t, there, "still there")
		})
	}
}

// cpuTime returns the CPU time of a process, from /proc/PID/stat: fields 14 and 15, in ticks of 10
// ms.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Draining sends back everything that was received before the connections end.
func TestDrainLosesNothing(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			s, err := echo.Listen(echo.Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0)})
			if err != nil {
				t.Fatal(err)
			}
			a, _ := s.Addr()
			c := dial(t, a.String())
			roundTrip(t, c, "it is accepted")
			sent := pattern(200_000)
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			drained := make(chan error, 1)
			go func() { drained <- s.Drain(patience) }()
			got, err := io.ReadAll(c)
			if err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(sent), string(got)) {
				t.Fatal("other bytes came back")
			}
			if err := <-drained; err != nil {
				t.Fatal(err)
			}
			if _, err := net.Dial("tcp", a.String()); err == nil {
				t.Error("it still accepts")
			}
		})
	}
}

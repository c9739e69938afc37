package protocol_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// accepting makes the test program an echo server whose accept4(2) strace makes fail.
const accepting = "POLLUX_TEST_ACCEPTING"

func init() {
	if os.Getenv(accepting) == "" {
		return
	}
	if err := acceptUnderStrace(); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// acceptUnderStrace says where it listens, and at the end of its input how many connections were
// refused. The loop has a thread of its own, since strace counts the calls of each thread.
func acceptUnderStrace() error {
	unix.Prctl(unix.PR_SET_PTRACER, unix.PR_SET_PTRACER_ANY, 0, 0, 0) // Yama is not built into each kernel
	cfg := each(echo{})
	cfg.Loops = 1
	cfg.Loop = &loop.Config{LockThreads: true, Logger: quiet().Logger}
	cfg.Logger = quiet().Logger
	s, err := protocol.NewServer(&cfg)
	if err != nil {
		return err
	}
	at, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		return err
	}
	fmt.Println(at)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	fmt.Println("refused", s.Stats().Refused)
	return s.Close()
}

// accept4(2) fails for want of descriptors or memory. A newcomer is refused by the reserve. If the
// reserve's accept fails too, the newcomer is served once a later attempt succeeds. Connections
// that are open go on, and later ones are served.
func TestAcceptFails(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		socktest.Lacking(t, "apt-get install strace", err)
	}
	for _, errno := range []string{"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"} {
		for _, tt := range []struct {
			name, when string
			refused    bool
		}{
			{"the reserve accepts", "1", true},
			{"the reserve fails too", "1..2", false},
		} {
			t.Run(errno+"/"+tt.name, func(t *testing.T) {
				socktest.Check(t)
				server := exec.Command(os.Args[0])
				server.Env = append(os.Environ(), accepting+"=1")
				server.Stderr = os.Stderr
				in, err := server.StdinPipe()
				socktest.Must(t, err)
				out, err := server.StdoutPipe()
				socktest.Must(t, err)
				socktest.Must(t, server.Start())
				defer server.Process.Kill()
				lines := bufio.NewScanner(out)
				if !lines.Scan() {
					t.Fatalf("it does not say where it listens: %v", lines.Err())
				}
				at := lines.Text()
				warm := dial(t, at)
				warm.Write([]byte("x"))
				want(t, warm, "x")

				// From here on strace makes the next calls of accept4 fail.
				log := filepath.Join(t.TempDir(), "strace")
				tracer := exec.Command(strace, "-f", "-p", fmt.Sprint(server.Process.Pid), "-o", log, "-e", "trace=accept4",
					"-e", "signal=none", "-e", "inject=accept4:error="+errno+":when="+tt.when)
				says, err := tracer.StderrPipe()
				socktest.Must(t, err)
				socktest.Must(t, tracer.Start())
				ended := false
				endTracer := func() {
					if !ended {
						ended = true
						tracer.Process.Signal(os.Interrupt) // it lets go of the server
						io.Copy(io.Discard, says)
						tracer.Wait()
					}
				}
				defer endTracer()
				said := bufio.NewReader(says)
				if line, err := said.ReadString('\n'); err != nil || !strings.Contains(line, "attached") {
					t.Fatalf("strace: %q, %v", line, err)
				}

				newcomer := dial(t, at)
				newcomer.Write([]byte("n"))
				b := make([]byte, 1)
				n, err := newcomer.Read(b)
				if served := n == 1 && b[0] == 'n'; served == tt.refused {
					t.Errorf("the newcomer was served: %v; %v", served, err)
				}
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					t.Error("the newcomer hangs")
				}
				warm.Write([]byte("y"))
				want(t, warm, "y")
				later := dial(t, at)
				later.Write([]byte("z"))
				want(t, later, "z")

				endTracer()
				socktest.Must(t, in.Close())
				if count := map[bool]string{true: "refused 1", false: "refused 0"}[tt.refused]; !lines.Scan() || lines.Text() != count {
					t.Errorf("it says %q, want %q", lines.Text(), count)
				}
				socktest.Must(t, server.Wait())
				text, err := os.ReadFile(log)
				socktest.Must(t, err)
				if want := map[bool]int{true: 1, false: 2}[tt.refused]; strings.Count(string(text), errno) < want {
					t.Errorf("strace made no call fail:\n%s", text)
				}
			})
		}
	}
}

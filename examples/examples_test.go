// Package examples_test runs the small programs against each other. Package examples/echo has its
// own tests.
package examples_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// long is the time after which a wait counts as hanging.
const long = 20 * time.Second

var programs string // the folder of the binaries

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
	if err == nil {
		programs, err = os.MkdirTemp("", "examples")
		defer os.RemoveAll(programs)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	build := exec.Command("go", "build", "-o", programs, "./server", "./client", "./server_resolve", "./client_resolve")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// program returns a command that is killed if it hangs.
func program(t *testing.T, name string, args ...string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.Command(filepath.Join(programs, name), args...)
	watchdog := time.AfterFunc(long, func() {
		if cmd.Process != nil {
			cmd.Process.Kill()
		}
	})
	t.Cleanup(func() { watchdog.Stop() })
	return cmd
}

// TestServersAndClients connects each client to each server, on the addresses that the server
// accepts.
func TestServersAndClients(t *testing.T) {
	for _, tt := range []struct{ server, client, at string }{
		{"server", "client", "127.0.0.1:0"},
		{"server", "client_resolve", "127.0.0.1:0"},
		{"server", "client", "localhost:0"},
		{"server_resolve", "client", "127.0.0.1:0"},
		{"server_resolve", "client_resolve", "127.0.0.1:0"},
		{"server_resolve", "client_resolve", "localhost:0"},
		{"server_resolve", "client_resolve", "[::1]:0"},
	} {
		t.Run(tt.server+" "+tt.client+" "+tt.at, func(t *testing.T) {
			if ln, err := net.Listen("tcp", tt.at); err != nil {
				t.Skip("until the system has that address:", err)
			} else {
				ln.Close()
			}
			server := program(t, tt.server, tt.at)
			server.Stderr = os.Stderr
			stdout, err := server.StdoutPipe()
			if err == nil {
				err = server.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			defer server.Process.Kill()
			r := bufio.NewReader(stdout)
			line, _ := r.ReadString('\n')
			addr, ok := strings.CutPrefix(strings.TrimSpace(line), "Listening on ")
			if !ok {
				t.Fatalf("the server said %q, want Listening on ...", line)
			}

			out, err := program(t, tt.client, addr).CombinedOutput()
			if want := "Received \"Hello, world\"\n"; err != nil || string(out) != want {
				t.Errorf("the client said %q and ended with %v, want %q and 0", out, err, want)
			}
			rest, _ := io.ReadAll(r)
			if !strings.HasPrefix(string(rest), "Connected by ") {
				t.Errorf("the server went on with %q, want Connected by ...", rest)
			}
			if err := server.Wait(); err != nil {
				t.Errorf("the server: %v", err)
			}
		})
	}
}

// TestNobodyListens makes each program fail: it prints what failed, and its exit status is 1.
func TestNobodyListens(t *testing.T) {
	for _, tt := range []struct{ name, at, want string }{
		{"client", "127.0.0.1:1", "connection refused"},
		{"client_resolve", "127.0.0.1:1", "connection refused"},
		{"client", "127.0.0.1", "no port"},
		{"server", "[::1]:0", "address family mismatched"},
		{"server_resolve", ":no-such-service", "Servname not supported"},
	} {
		t.Run(tt.name+" "+tt.at, func(t *testing.T) {
			cmd := program(t, tt.name, tt.at)
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("ended with %v, want status 1", err)
			}
			if !strings.Contains(string(out), tt.want) {
				t.Errorf("said %q, want something with %q", out, tt.want)
			}
		})
	}
}

// Each program says in one line what it needs: "Needs: any system."
func TestProgramsSayWhatTheyNeed(t *testing.T) {
	folders, err := filepath.Glob("*/")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		main, lines := false, 0
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			doc, rest, _ := strings.Cut("\n"+string(text), "\npackage ")
			main = main || strings.HasPrefix(rest, "main\n")
			lines += strings.Count(doc, "\n// Needs: ")
		}
		if main && lines != 1 {
			t.Errorf("%s has %d lines that begin with Needs, want 1", folder, lines)
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The test is the program too: so it can be tested where there is no compiler, as in internal/rigs.
func TestMain(m *testing.M) {
	if os.Getenv("EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is this program with these arguments. It is ended with the test, or when it hangs.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	socktest.Must(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "EXAMPLE=1")
	watchdog := time.AfterFunc(4*socktest.Patience, func() {
		if cmd.Process != nil {
			cmd.Process.Kill()
		}
	})
	t.Cleanup(func() { watchdog.Stop() })
	return cmd
}

// start starts it, and gives what it writes, line by line: "" at the end.
func start(t *testing.T, args ...string) (line func() string) {
	t.Helper()
	cmd := program(t, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	socktest.Must(t, err)
	socktest.Must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	r := bufio.NewReader(out)
	return func() string {
		text, _ := r.ReadString('\n')
		return strings.TrimSpace(text)
	}
}

// fails wants it to end with status 1 and this text.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	out, err := program(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(out, []byte(want)) {
		t.Errorf("%v: %q, %v; want %q and status 1", args, out, err, want)
	}
}

func TestTIPC(t *testing.T) {
	fails(t, "usage: tipc server | tipc client")
	s, err := sock.New(sock.AF_TIPC, sock.SOCK_RDM, 0)
	if errors.Is(err, errors.ErrUnsupported) {
		for _, arg := range []string{"server", "client"} {
			fails(t, "needs CONFIG_TIPC", arg)
		}
		t.Skipf("%v: run internal/rigs/run ./examples/tipc to have it", err)
	}
	socktest.Must(t, err)
	socktest.Must(t, s.Close())
	client := start(t, "client") // it waits for the service
	server := start(t, "server")
	for _, tt := range []struct {
		line func() string
		want string
	}{
		{server, "Serving 18888:17"}, {client, "Found: published 18888:17 at "}, {server, `Asked "Hello, world" by id:`},
		{client, `Received "HELLO, WORLD" from id:`},
	} {
		if got := tt.line(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("it wrote %q, want %q", got, tt.want)
		}
	}
}

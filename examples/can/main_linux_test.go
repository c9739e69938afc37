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

// bus makes a virtual bus, or wants the program to say that there is none.
func bus(t *testing.T, name string) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	if errors.Is(err, errors.ErrUnsupported) {
		fails(t, "AF_CAN CAN_RAW: needs CONFIG_CAN", name)
		t.Skipf("%v: run internal/rigs/run ./examples/can to have it", err)
	}
	socktest.Must(t, err)
	socktest.Closing(t, s)
	if out, err := exec.Command("ip", "link", "add", "dev", name, "type", "vcan").CombinedOutput(); err != nil {
		t.Skipf("no virtual CAN bus: %v, %s: run this as root, with the module vcan", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "link", "del", "dev", name).Run() })
	socktest.Must(t, exec.Command("ip", "link", "set", "dev", name, "up").Run())
	socktest.Must(t, s.Bind(sock.CAN(name)))
	socktest.Must(t, s.SetTimeout(4*socktest.Patience))
	return s
}

func send(t *testing.T, s *sock.Socket, text string) {
	t.Helper()
	f, err := sock.ParseCANFrame(text)
	socktest.Must(t, err)
	p, err := f.Append(nil)
	socktest.Must(t, err)
	_, err = s.Send(p, 0)
	socktest.Must(t, err)
}

func TestCAN(t *testing.T) {
	s := bus(t, "vcanex")
	line := start(t, "vcanex")
	// Until it listens nobody answers.
	socktest.Must(t, s.SetTimeout(20*time.Millisecond))
	for end := time.Now().Add(socktest.Patience); ; {
		send(t, s, "123#C0FFEE")
		if _, err := s.Recv(sock.CAN_MTU, sock.MSG_PEEK); err == nil {
			break
		} else if !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	for _, want := range []string{"123#C0FFEE", "001#010203"} {
		p, err := s.Recv(sock.CAN_MTU, 0)
		socktest.Must(t, err)
		if f, err := sock.DecodeCANFrame(p); err != nil || f.String() != want {
			t.Errorf("it sent %v, %v; want %s", f, err, want)
		}
	}
	if got, want := line(), `Received: can_id=123, can_dlc=3, data="\xc0\xff\xee"`; got != want {
		t.Errorf("it wrote %q, want %q", got, want)
	}
	fails(t, "no such device", "nosuchcan")
}

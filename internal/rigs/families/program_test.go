//go:build linux

package families_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/socktest"
)

// Independent programs are the other end of some tests: what they say is what the family
// means by it.

// program is the path of one, or the test is skipped; where everything has to be there it fails.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if strict {
		t.Fatalf("%v: add its package to internal/rigs/programs.sh", err)
	}
	t.Skipf("%v: install it, or run internal/rigs/run", err)
	return ""
}

// A running is a program that was started here. It is ended, with what it has started itself, when
// the test ends.
type running struct {
	t    testing.TB
	name string
	in   io.WriteCloser
	cmd  *exec.Cmd
	done chan struct{} // closed once it has ended
	err  error         // how, then

	mu   sync.Mutex
	out  bytes.Buffer  // mu: all that it has written, to both outputs
	read int           // mu: how much of it Expect has passed
	more chan struct{} // of capacity 1: there is something new in out
}

// start starts a program, in the network namespace of the calling thread.
func start(t testing.TB, name string, args ...string) *running {
	t.Helper()
	r := &running{t: t, name: name, cmd: exec.Command(program(t, name), args...), done: make(chan struct{}), more: make(chan struct{}, 1)}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.cmd.WaitDelay = time.Second // for children that keep its output open
	in, err := r.cmd.StdinPipe()
	must(t, err)
	r.in = in
	must(t, r.cmd.Start())
	go func() {
		r.err = r.cmd.Wait()
		close(r.done)
	}()
	t.Cleanup(r.kill)
	return r
}

// kill ends the program's own process group: not the one of the test.
func (r *running) kill() {
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) // what it has started may outlive it
	<-r.done
	r.in.Close()
	if r.t.Failed() {
		r.t.Logf("%s: %v; it wrote:\n%s", strings.Join(r.cmd.Args, " "), r.err, r.Output())
	}
}

// Write takes what the program writes.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	n, err := r.out.Write(p)
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
	return n, err
}

// Output is all that it has written so far, to its standard output and error.
func (r *running) Output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

// Input writes to its standard input.
func (r *running) Input(text string) {
	r.t.Helper()
	_, err := io.WriteString(r.in, text)
	must(r.t, err)
}

// CloseInput is the end of its standard input.
func (r *running) CloseInput() { r.in.Close() }

// Expect waits until the program has written text, after what the last Expect was for, and gives
// all between the two and text.
func (r *running) Expect(text string) string {
	r.t.Helper()
	deadline := time.After(socktest.Patience)
	for ended := false; ; {
		r.mu.Lock()
		rest := r.out.String()[r.read:]
		if i := strings.Index(rest, text); i >= 0 {
			r.read += i + len(text)
			r.mu.Unlock()
			return rest[:i+len(text)]
		}
		r.mu.Unlock()
		if ended {
			r.t.Fatalf("%s has ended (%v) and never wrote %q", r.name, r.err, text)
		}
		select {
		case <-r.more:
		case <-r.done:
			ended = true // look once more
		case <-deadline:
			r.t.Fatalf("%s has not written %q within %v", r.name, text, socktest.Patience)
		}
	}
}

// Signal sends it a signal.
func (r *running) Signal(s syscall.Signal) {
	r.t.Helper()
	must(r.t, r.cmd.Process.Signal(s))
}

// End waits until the program has ended by itself, with this status, and gives all that it wrote.
func (r *running) End(status int) string {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(2 * socktest.Patience):
		r.t.Fatalf("%s has not ended within %v", r.name, 2*socktest.Patience)
	}
	var exit *exec.ExitError
	switch got := 0; {
	case r.err != nil && !errors.As(r.err, &exit):
		r.t.Fatalf("%s: %v", r.name, r.err)
	case exit != nil:
		got = exit.ExitCode()
		fallthrough
	default:
		if got != status {
			r.t.Fatalf("%s: exit status %d, want %d", r.name, got, status)
		}
	}
	return r.Output()
}

// output runs a program to its end, which must be a good one, with this input, and gives all that
// it wrote.
func output(t testing.TB, input, name string, args ...string) string {
	t.Helper()
	r := start(t, name, args...)
	if input != "" {
		r.Input(input)
	}
	r.CloseInput()
	return r.End(0)
}

// scratch is a file with these contents, that goes with the test.
func scratch(t testing.TB, contents []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	_, err = f.Write(contents)
	must(t, errors.Join(err, f.Close()))
	return f.Name()
}

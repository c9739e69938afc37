package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A tracer counts the system calls that a process makes while work runs. It slows the process down,
// so nothing else is measured meanwhile.
type tracer struct {
	name  string
	count func(pid int, work func() error) (int64, error)
}

// tracers are tried in this order: perf counts at a tracepoint and hardly disturbs; strace stops
// the process at each call.
var tracers = []tracer{{"perf", perfCount}, {"strace", straceCount}}

// traceWait is how long a tracer may take to attach, and to end.
const traceWait = 5 * time.Second

// countSyscalls uses the first tracer that works here, and says which.
func countSyscalls(pid int, work func() error) (n int64, by string, err error) {
	var failed []error
	for _, t := range tracers {
		n, err := t.count(pid, work)
		if err == nil {
			return n, t.name, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", t.name, err))
	}
	return 0, "", errors.Join(failed...)
}

// perfCount attaches with counting off, and switches it on around work through perf's control pipe.
func perfCount(pid int, work func() error) (int64, error) {
	path, err := exec.LookPath("perf")
	if err != nil {
		return 0, err
	}
	control, send, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer send.Close()
	receive, ack, err := os.Pipe()
	if err != nil {
		control.Close()
		return 0, err
	}
	defer receive.Close()

	said := &tail{}
	// The delay of -1 starts with counting off. ExtraFiles begin at descriptor 3.
	cmd := exec.Command(path, "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", strconv.Itoa(pid),
		"--delay", "-1", "--control", "fd:3,4")
	cmd.ExtraFiles = []*os.File{control, ack}
	cmd.Stderr = said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	control.Close()
	ack.Close()
	if err != nil {
		return 0, err
	}
	order := func(what string) error {
		if err := errors.Join(receive.SetReadDeadline(time.Now().Add(traceWait)), send.SetWriteDeadline(time.Now().Add(traceWait))); err != nil {
			return err
		}
		if _, err := send.WriteString(what + "\n"); err != nil {
			return err
		}
		_, err := receive.Read(make([]byte, 16)) // "ack\n"
		return err
	}
	err = order("enable")
	if err == nil {
		err = errors.Join(work(), order("disable"))
	}
	endTracer(cmd)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return parsePerf(said.String())
}

// parsePerf reads the count out of lines like "1234,,raw_syscalls:sys_enter,99,100.00,,".
func parsePerf(out string) (int64, error) {
	for line := range strings.Lines(out) {
		if fields := strings.Split(line, ","); len(fields) > 2 && fields[2] == "raw_syscalls:sys_enter" {
			return strconv.ParseInt(fields[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("no count in %q", out)
}

// straceCount counts from the moment strace says that it is attached until it lets go.
func straceCount(pid int, work func() error) (int64, error) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(path, "-c", "-f", "-p", strconv.Itoa(pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	attached := make(chan bool, 1)
	rest := make(chan string, 1)
	go func() {
		var all strings.Builder
		r := bufio.NewScanner(stderr)
		for r.Scan() {
			if strings.Contains(r.Text(), " attached") {
				select {
				case attached <- true:
				default: // each later thread has a line, too
				}
			}
			all.WriteString(r.Text() + "\n")
		}
		close(attached)
		rest <- all.String()
	}()
	select {
	case ok := <-attached:
		if ok {
			err = work()
		} else {
			err = errors.New("could not attach")
		}
	case <-time.After(traceWait):
		err = fmt.Errorf("did not attach within %v", traceWait)
	}
	cmd.Process.Signal(unix.SIGINT) // fails only if it has ended
	out := <-rest
	cmd.Wait() // strace ends by the signal that we sent
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, strings.TrimSpace(out))
	}
	return parseStrace(out)
}

// parseStrace reads the calls out of the last line: "100.00    0.004711           2      2013         4 total".
func parseStrace(out string) (int64, error) {
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) >= 5 && fields[len(fields)-1] == "total" {
			return strconv.ParseInt(fields[3], 10, 64)
		}
	}
	return 0, fmt.Errorf("no total in %q", out)
}

// endTracer asks a tracer to end and print, and makes it end if it does not.
func endTracer(cmd *exec.Cmd) {
	cmd.Process.Signal(unix.SIGINT) // fails only if it has ended
	kill := time.AfterFunc(traceWait, func() { cmd.Process.Kill() })
	defer kill.Stop()
	cmd.Wait() // perf ends by the signal that we sent
}

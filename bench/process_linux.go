package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process is a running server.
type process struct {
	addr   netip.AddrPort
	cmd    *exec.Cmd
	stdin  io.WriteCloser // its end is the server's end
	lines  chan string    // what it prints after its address; closed at the end
	stderr *tail
	exited chan struct{}
	stray  bool // it does not end with its stdin
}

// startWait is how long a server may take until it listens.
const startWait = 10 * time.Second

// startProcess runs a server on one core, or on all if core is negative, and waits until it
// listens.
func startProcess(argv []string, core int) (*process, error) {
	return (&process{cmd: exec.Command(argv[0], argv[1:]...)}).start(core)
}

// startProgram is startProcess for a program that knows nothing of bench: it does not end with its
// stdin, and gets GOMAXPROCS from its environment. It does not outlive the calling thread, which is
// locked.
func startProgram(argv []string, core, procs int) (*process, error) {
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), stray: true}
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	return p.start(core)
}

func (p *process) start(core int) (*process, error) {
	p.lines, p.stderr, p.exited = make(chan string, 16), &tail{}, make(chan struct{})
	p.cmd.Stderr = p.stderr
	// A process group of its own: an interrupt from the terminal is for bench, which then ends its
	// servers. Should bench die while one is stopped, the kernel sends SIGHUP and SIGCONT to a
	// group that is left alone, and so no stopped server remains.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.stray {
		p.cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	if err := startOn(p.cmd, core); err != nil {
		return nil, err
	}
	line := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		s, _ := r.ReadString('\n') // at an error it is not what is waited for
		line <- s
		for err := error(nil); err == nil; {
			if s, err = r.ReadString('\n'); err == nil {
				select {
				case p.lines <- strings.TrimSpace(s):
				default: // it says more than it was asked
				}
			}
		}
		close(p.lines)
		p.cmd.Wait() // how it ended does not matter: that it did is what shows
		close(p.exited)
	}()
	select {
	case s := <-line:
		text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(s)), "listening on ")
		if ok {
			p.addr, err = netip.ParseAddrPort(text)
		}
		if !ok || err != nil {
			p.stop()
			return nil, fmt.Errorf("did not start: %s", p.lastWords())
		}
		return p, nil
	case <-time.After(startWait):
		p.stop()
		return nil, fmt.Errorf("did not listen within %v: %s", startWait, p.lastWords())
	}
}

// line is the next line that the server prints.
func (p *process) line(wait time.Duration) (string, error) {
	select {
	case s, ok := <-p.lines:
		if !ok {
			return "", io.ErrUnexpectedEOF
		}
		return s, nil
	case <-time.After(wait):
		return "", fmt.Errorf("no answer within %v: %w", wait, os.ErrDeadlineExceeded)
	}
}

// startOn starts cmd on a core: a child inherits the cores of the thread that makes it, and so has
// never run elsewhere.
func startOn(cmd *exec.Cmd, core int) error {
	if core < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	return errors.Join(cmd.Start(), os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &before)))
}

// state says whether the server runs, and what it wrote on stderr last.
func (p *process) state() string {
	select {
	case <-p.exited:
		return fmt.Sprintf("the server has ended (%v): %s", p.cmd.ProcessState, p.lastWords())
	case <-time.After(100 * time.Millisecond):
		return "the server runs: " + p.lastWords()
	}
}

// lastWords is what the server wrote on stderr last.
func (p *process) lastWords() string {
	if s := strings.TrimSpace(p.stderr.String()); s != "" {
		return s[strings.LastIndexByte(s, '\n')+1:]
	}
	return "it said nothing"
}

// stop ends the server by the end of its stdin, or by force if that does not help.
func (p *process) stop() {
	p.stdin.Close()
	if p.stray {
		p.cmd.Process.Signal(unix.SIGTERM) // fails only if it has ended
	}
	select {
	case <-p.exited:
	case <-time.After(startWait):
		p.cmd.Process.Kill() // fails only if it has ended meanwhile
		<-p.exited
	}
}

// pause and resume stop and continue the process as job control does.
func (p *process) pause() error  { return p.cmd.Process.Signal(unix.SIGSTOP) }
func (p *process) resume() error { return p.cmd.Process.Signal(unix.SIGCONT) }

// cpuTime is the CPU time that all threads of the server have used.
//
// The clock's number is that of clock_getcpuclockid(3):
// #define MAKE_PROCESS_CPUCLOCK(pid, clock) ((~(clockid_t) (pid) << 3) | (clockid_t) (clock))
// with CPUCLOCK_SCHED, which is 2.
//
// The kernel adds up a running thread at a tick or at a switch only, and a tick is up to 4 ms. So
// it is exact for a server that sleeps, and off by several percent of a slice for one that runs.
func (p *process) cpuTime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|2), &ts); err != nil {
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	return time.Duration(ts.Nano()), nil
}

// rss is the resident memory in bytes, from smaps_rollup: statm lags behind by as much as a batch
// of pages for each core.
func (p *process) rss() (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "smaps_rollup"))
	if err != nil {
		return 0, err
	}
	return parseRSS(b)
}

// heap asks a server of this program for the bytes of its live heap.
func (p *process) heap() (int64, error) {
	if _, err := io.WriteString(p.stdin, askMemory+"\n"); err != nil {
		return 0, err
	}
	line, err := p.line(startWait)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(line, 10, 64)
}

func parseRSS(smaps []byte) (int64, error) {
	for line := range bytes.Lines(smaps) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && fields[0] == "Rss:" && fields[2] == "kB" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("smaps_rollup has no line Rss")
}

// A tail keeps the last of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-4096):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a call may take before it counts as one that waits for ever; settle is how
// long it has to begin its wait before something happens.
var (
	patience = 500 * time.Millisecond * slowness
	settle   = 60 * time.Millisecond * slowness
)

// inMachine is true in the rig's machine, whose kernel and network belong to this program alone.
// Its processors are emulated, and slow.
var inMachine = os.Getenv("FAMILIES_STRICT") != ""

var slowness = map[bool]time.Duration{false: 1, true: 2}[inMachine]

const (
	waits    = "waits"     // the call did not end
	timedOut = "timed out" // the timeout of the socket has ended it
)

// outcome says what came of a call: how many bytes, which, or the errno.
func outcome(n int, data []byte, err error) string {
	var errno syscall.Errno
	switch {
	case err == nil && data != nil:
		return fmt.Sprintf("%d %q", n, data)
	case err == nil:
		return fmt.Sprint(n)
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	case errors.Is(err, syscall.EAGAIN):
		return "EAGAIN"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return timedOut
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return waits
	}
	return err.Error()
}

// onThread makes the raw call on a thread of its own, and has meanwhile run once ready has returned
// and the thread sleeps in the call.
func onThread(call func() string, ready, meanwhile func()) string {
	began := time.Now()
	thread, result := make(chan int), make(chan string, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		thread <- unix.Gettid()
		result <- call()
	}()
	tid := <-thread
	ready()
	for deadline := time.Now().Add(settle); meanwhile != nil && time.Now().Before(deadline) && !sleeps(tid); {
		time.Sleep(time.Millisecond) // there is no event of a thread that begins to sleep
	}
	if meanwhile != nil {
		meanwhile()
	}
	var r string
	select {
	case r = <-result:
	case <-time.After(2 * patience): // there are calls that no timeout ends: the thread stays
		return waits
	}
	if time.Since(began) >= patience {
		return waits // its SO_RCVTIMEO or SO_SNDTIMEO has ended it
	}
	return r
}

// sleeps says whether the kernel has put a thread to sleep in a system call that is none of Go's
// scheduler: proc(5). On a machine that is busy the thread may not have begun its call.
func sleeps(tid int) bool {
	task := fmt.Sprintf("/proc/self/task/%d/", tid)
	stat, err := os.ReadFile(task + "stat")
	if err != nil {
		return true // it has ended
	}
	if _, rest, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(rest, "S") {
		return false
	}
	call, err := os.ReadFile(task + "syscall") // its number, and its arguments
	return err != nil || !strings.HasPrefix(string(call), fmt.Sprint(unix.SYS_FUTEX, " ")) && !strings.HasPrefix(string(call), "running")
}

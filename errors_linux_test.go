package pollux_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollertest"
	"golang.org/x/sys/unix"
)

// A poller takes three descriptors, which no child process inherits, and closes them at Close.
func TestOwnDescriptors(t *testing.T) {
	newPoller(t) // the first poller of a process makes Go's own, which stays open
	before := openDescriptors(t)
	p, err := pollux.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := openDescriptors(t)
	for fd := range own {
		if before[fd] {
			delete(own, fd)
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d: flags %#x, %v; want FD_CLOEXEC", fd, flags, err)
		}
	}
	if len(own) != 3 {
		t.Errorf("New took %d descriptors, want an epoll, an eventfd and a timerfd", len(own))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for fd := range openDescriptors(t) {
		if own[fd] {
			t.Errorf("descriptor %d is left after Close", fd)
		}
	}
}

// openDescriptors returns the set of open descriptors.
func openDescriptors(t *testing.T) map[int]bool {
	t.Helper()
	fds := make(map[int]bool)
	for fd := range 1 << 10 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			fds[fd] = true
		}
	}
	return fds
}

// A signal can interrupt a system call, but not a parked goroutine.
func TestSignalEndsWaitWithoutError(t *testing.T) {
	p := open(t, newPollux(pollux.Block))
	var thread atomic.Int64
	ch := make(chan pollertest.Waited, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		thread.Store(int64(unix.Gettid()))
		n, err := p.Wait(make([]pollux.Event, 1), -1)
		ch <- pollertest.Waited{N: n, Err: err}
	}()
	// Go's scheduler uses SIGURG too, so no other code reacts to it. The Wait may not have begun at
	// the first signal.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		select {
		case w := <-ch:
			if w.N != 0 || w.Err != nil {
				t.Errorf("Wait: %d, %v; want 0 and no error", w.N, w.Err)
			}
			return
		case <-tick.C:
			if tid := thread.Load(); tid != 0 {
				unix.Tgkill(unix.Getpid(), int(tid), unix.SIGURG)
			}
		case <-deadline:
			t.Fatal("no signal ends a Wait")
		}
	}
}

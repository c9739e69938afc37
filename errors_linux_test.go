package pollux_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// Errors are *os.SyscallError around the errno; EINTR is none.

func TestErrors(t *testing.T) { onEveryPoller(t, testErrors) }

func testErrors(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	const gone = 1 << 20 // a number that is not in use
	plain, err := os.Create(filepath.Join(t.TempDir(), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()

	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"add what is there", p.Add(a, mine), unix.EEXIST},
		{"add it under another token", p.Add(a, pollux.MakeToken(9, 9)), unix.EEXIST},
		{"add a plain file", p.Add(int(plain.Fd()), pollux.MakeToken(1, 1)), unix.EPERM},
		{"add what is not open", p.Add(gone, pollux.MakeToken(1, 1)), unix.EBADF},
		{"add what never was", p.Add(-1, pollux.MakeToken(1, 1)), unix.EBADF},
		{"delete what is not there", p.Delete(b, mine), unix.ENOENT},
		{"delete what is not open", p.Delete(gone, mine), unix.EBADF},
		{"delete", p.Delete(a, mine), nil},
		{"delete again", p.Delete(a, mine), unix.ENOENT},
		{"wait without room", func() error { _, err := p.Wait(nil, 0); return err }(), unix.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == nil {
				if tt.err != nil {
					t.Errorf("got %v", tt.err)
				}
				return
			}
			var call *os.SyscallError
			if !errors.Is(tt.err, tt.want) || !errors.As(tt.err, &call) {
				t.Errorf("got %#v, want an *os.SyscallError around %v", tt.err, tt.want)
			}
		})
	}
}

// A poller takes three descriptors, which no child inherits, and gives them back.
func TestOwnDescriptors(t *testing.T) {
	newPoller(t) // the first of a process makes Go's own, which stays
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

// openDescriptors is the set of open descriptors.
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

// Only a system call can be interrupted, not a goroutine that is parked.
func TestSignalEndsWaitWithoutError(t *testing.T) {
	p := open(t, newPollux(pollux.Block))
	var thread atomic.Int64
	ch := make(chan waited, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		thread.Store(int64(unix.Gettid()))
		n, err := p.Wait(make([]pollux.Event, 1), -1)
		ch <- waited{n, err}
	}()
	// SIGURG is what Go's scheduler uses, so nothing else minds it. The Wait may not have begun at
	// the first.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		select {
		case w := <-ch:
			if w.n != 0 || w.err != nil {
				t.Errorf("Wait: %d, %v; want 0 and no error", w.n, w.err)
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

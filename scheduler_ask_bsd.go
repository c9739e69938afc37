//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"os"
	"sync"
	"syscall"
)

// goPoller is for all pollers of the process. It has the scheduler ask Go's own poller, see asking:
// the edge is a byte in a pipe which that poller watches.
var goPoller asker

func openGoPoller() { goPoller.open() }

func askGoPoller() error { return goPoller.ask() }

type asker struct {
	opening sync.Once
	r, w    *os.File        // immutable once open, as the next two; nil if no pipe could be made
	conn    syscall.RawConn // of r
	try     func(uintptr) bool

	mu     sync.Mutex // held by the poller that asks
	asking asking     // mu
}

// open opens the pipe, for good. Without one that poller is asked by sysmon alone, every 10 ms.
func (a *asker) open() {
	a.opening.Do(func() {
		r, w, err := os.Pipe()
		if err != nil {
			return
		}
		conn, err := r.SyscallConn()
		if err != nil {
			r.Close()
			w.Close()
			return
		}
		a.r, a.w, a.conn, a.try = r, w, conn, a.attempt
	})
}

func (a *asker) ask() error {
	if a.r == nil || !a.mu.TryLock() {
		return nil // another poller of the process is asking just now
	}
	defer a.mu.Unlock()
	a.asking = askNow
	err := a.conn.Read(a.try)
	a.asking = notAsking
	return err
}

// attempt is called by RawConn.Read, which parks if it returns false.
func (a *asker) attempt(fd uintptr) bool {
	if a.asking == askNow {
		a.asking = asked
		_, err := a.w.Write([]byte{0})
		return err != nil
	}
	var b [8]byte
	syscall.Read(int(fd), b[:])
	return true
}

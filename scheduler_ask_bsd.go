//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"os"
	"sync"
	"syscall"
)

// goPoller serves all pollers of the process. It makes the scheduler ask Go's own poller, see
// asking. The edge is a byte in a pipe that Go's poller watches.
var goPoller asker

func openGoPoller() { goPoller.open() }

func askGoPoller() error { return goPoller.ask() }

func closeGoPoller() {} // the pipe stays open

type asker struct {
	opening sync.Once
	r, w    *os.File        // immutable once open, as are the next two; nil if no pipe could be made
	conn    syscall.RawConn // the connection of r
	try     func(uintptr) bool

	mu     sync.Mutex // held by the poller that asks
	asking asking     // mu
}

// open opens the pipe, which stays open. Without a pipe, only sysmon asks Go's poller, every 10 ms.
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
		return nil // another poller of the process is asking now
	}
	defer a.mu.Unlock()
	a.asking = askNow
	err := a.conn.Read(a.try)
	a.asking = notAsking
	return err
}

// attempt is the function of RawConn.Read, which parks if attempt returns false.
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

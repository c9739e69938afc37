//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"os"
	"sync"
	"syscall"
)

// A kqueue cannot be waited for in Go's own poller, as Linux's strategy Park does it: that poller
// registers READ and WRITE for each descriptor, and a kqueue has READ only; and fcntl(2) makes no
// kqueue non-blocking (ENOTTY on NetBSD). So the wait is a system call, and the thread keeps its
// processor in it until sysmon takes that away (fact 1), up to 20 ms later. Hence the goroutine
// lets all others run before it makes that call.

// newStrategy is the one place in which a strategy is chosen.
func newStrategy(s Strategy, release func() error) strategy {
	if s == Block {
		return &block{release: release}
	}
	return newPolite(release)
}

// polite is the strategy Park where the system cannot park: others run first, then a system call
// blocks.
//
//	      look: nothing            Gosched took long
//	wait ───────────────▶ yield ─────────────────────▶ look, yield, look, ... until there is something
//	                        │ it took no time, twice in a row
//	                        ▼
//	                      block
type polite struct {
	company
	release func() error // closes the descriptor
}

func newPolite(release func() error) *polite {
	goPoller.open()
	return &polite{release: release}
}

func (p *polite) wait(k kernel, mayWait bool) error {
	if err := p.pass(k); err != nil {
		return err
	}
	if k.look() || !mayWait || p.goFirst(k) {
		return nil
	}
	k.block()
	p.stint.end()
	return nil
}

func (p *polite) pass(kernel) error { return p.company.pass(askGoPoller) }

func (p *polite) close() error { return p.release() }

// goPoller is for all pollers of the process. It has the scheduler ask Go's own poller, see asking:
// the edge is a byte in a pipe which that poller watches.
var goPoller asker

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

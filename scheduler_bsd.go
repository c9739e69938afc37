//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"os"
	"syscall"
)

// A kqueue cannot be waited for in Go's own poller, as Linux's strategy Park does it: that poller registers READ and WRITE for each
// descriptor, and a kqueue has READ only; and fcntl(2) makes no kqueue non-blocking (ENOTTY on NetBSD). So the wait is a system
// call, and the thread keeps its processor in it until sysmon takes that away (fact 1), up to 20 ms later. Hence the goroutine lets
// all others run before it makes that call.

// newStrategy is the one place in which a strategy is chosen.
func newStrategy(s Strategy, release func() error) strategy {
	if s == Block {
		return &block{release: release}
	}
	return newPolite(release)
}

// polite is the strategy Park where the system cannot park: others run first, then a system call blocks.
//
//	      look: nothing                  Gosched took long
//	wait ───────────────▶ yield ─────────────────────────────▶ look, yield, look, ... until there is something
//	                        │ it took no time, twice in a row
//	                        ▼
//	                      block
type polite struct {
	company
	release func() error
	asker   asker
	ask     func() error // asker.ask, made once
}

func newPolite(release func() error) *polite {
	p := &polite{release: release}
	p.ask = p.asker.ask
	return p
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

func (p *polite) pass(kernel) error { return p.company.pass(p.ask) }

func (p *polite) close() error {
	p.asker.close()
	return p.release()
}

// An asker has the scheduler ask Go's own poller, see asking. The edge is a byte in a pipe which that poller watches.
type asker struct {
	r, w   *os.File // nil until the first need, or after a failure
	conn   syscall.RawConn
	try    func(uintptr) bool
	failed bool // there is no pipe to be had: that poller is then asked by sysmon alone, every 10 ms
	asking asking
}

func (a *asker) ask() error {
	if a.r == nil && !a.open() {
		return nil
	}
	a.asking = askNow
	err := a.conn.Read(a.try)
	a.asking = notAsking
	return err
}

func (a *asker) open() bool {
	if a.failed {
		return false
	}
	r, w, err := os.Pipe()
	if err != nil {
		a.failed = true
		return false
	}
	conn, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		a.failed = true
		return false
	}
	a.r, a.w, a.conn, a.try = r, w, conn, a.attempt
	return true
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

func (a *asker) close() {
	if a.r != nil {
		a.r.Close()
		a.w.Close()
	}
}

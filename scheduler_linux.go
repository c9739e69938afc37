package pollux

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file relies on one more fact of Go's runtime, beside those of scheduler.go:
//
//  6. Go's poller watches a descriptor edge-triggered (netpollopen). RawConn.Read forgets earlier
//     edges (pollReset) and then calls its function. It parks each time that the function returns
//     false. So the function must look for events before it returns false.
//
// An epoll descriptor is readable while one of its own descriptors is ready. Each event makes an
// edge of it (ep_poll_callback in fs/eventpoll.c).

// newStrategy makes the strategy and gives it the epoll descriptor. edge makes an event of the
// poller's own. No other function chooses a strategy.
func newStrategy(s Strategy, epfd int, edge func() error) (strategy, error) {
	if s == Block {
		return &block{release: func() error { return os.NewSyscallError("close", unix.Close(epfd)) }}, nil
	}
	return newPark(epfd, edge)
}

// park is the strategy Park: the goroutine waits in Go's own poller, as a goroutine does that reads
// from a net.Conn.
//
// While other goroutines compute, Go asks that poller late (fact 3). The goroutine then stays
// ready, and looks each time that it runs:
//
//	      look: nothing                  Gosched took long
//	wait ───────────────▶ (yield first?) ─────────────────▶ look, yield, look, ... until there is something
//	                            │ no, or it took no time
//	                            ▼
//	                          parked ──edge──▶ look
type park struct {
	file *os.File
	conn syscall.RawConn
	try  func(uintptr) bool

	edge      func() error
	askMyself func() error // the method ask as a value, made once

	company
	k      kernel
	awake  bool   // the last wait ended without parking, or did not look for long
	parked bool   // this wait has parked
	asking asking // set while attempt only has to make Go ask its own poller
	parks  uint   // number of times that it parked
}

const (
	// After calmToTrust calm yields in a row, the poller parks without a yield, except each
	// trustFor-th time. A yield costs two more switches, and wakes a thread if a processor is idle
	// (fact 5).
	calmToTrust = 8
	trustFor    = 8
)

func newPark(epfd int, edge func() error) (*park, error) {
	// Go's poller watches the descriptor of an os.NewFile only if it is non-blocking.
	if err := unix.SetNonblock(epfd, true); err != nil {
		unix.Close(epfd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &park{file: os.NewFile(uintptr(epfd), "epoll"), edge: edge}
	p.try, p.askMyself = p.attempt, p.ask
	conn, err := p.file.SyscallConn()
	if err == nil {
		// NewFile does not return an error of Go's poller. But without that poller a deadline is
		// impossible.
		err = p.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		p.file.Close()
		return nil, errors.New("pollux: Go's poller does not take an epoll descriptor: is a limit of epoll used up?")
	}
	p.conn = conn
	return p, nil
}

func (p *park) wait(k kernel, mayWait bool) error {
	p.k = k
	if p.awake || !mayWait {
		// The look will probably find events again, and it costs less outside of RawConn.Read.
		if err := p.pass(k); err != nil {
			return err
		}
		p.awake = true
		if k.look() || !mayWait {
			return nil
		}
	}
	p.parked = false
	err := p.conn.Read(p.try)
	if p.awake = !p.parked; p.parked {
		p.stint.end()
	}
	return err
}

func (p *park) pass(k kernel) error {
	p.k = k
	return p.company.pass(p.askMyself)
}

// attempt is the function of RawConn.Read, which parks if attempt returns false.
func (p *park) attempt(uintptr) bool {
	switch {
	case p.asking == askNow:
		p.asking = asked
		return p.edge() != nil
	case p.asking == asked:
		return true
	case p.k.look():
		return true
	case p.othersCompute():
		return true
	}
	p.parked = true
	p.parks++
	return false
}

// othersCompute lets other goroutines run before the poller parks. It returns true if a look has
// found events meanwhile.
func (p *park) othersCompute() bool {
	if p.calm >= calmToTrust && p.parks%trustFor != 0 {
		return false
	}
	return p.goFirst(p.k)
}

// ask makes the scheduler ask Go's own poller, see asking.
func (p *park) ask() error {
	p.asking = askNow
	err := p.conn.Read(p.try)
	p.asking = notAsking
	return err
}

func (p *park) close() error { return p.file.Close() }

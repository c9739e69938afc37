package pollux

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// More facts of Go's runtime that this file relies on, beside those of scheduler.go:
//
//  6. Go's poller watches a descriptor edge-triggered (netpollopen). RawConn.Read forgets the edges
//     so far (pollReset), then calls its function, and parks each time that the function returns
//     false. So that function must look before it does.
//
// An epoll descriptor is readable while one of its own descriptors is ready, and each event makes
// an edge of it (ep_poll_callback in fs/eventpoll.c).

// newStrategy is the one place in which a strategy is chosen. It takes over an epoll descriptor.
// edge makes an event of the poller's own.
func newStrategy(s Strategy, epfd int, edge func() error) (strategy, error) {
	if s == Block {
		return &block{release: func() error { return os.NewSyscallError("close", unix.Close(epfd)) }}, nil
	}
	return newPark(epfd, edge)
}

// park is the strategy Park: the goroutine waits in Go's own poller, as one that reads from a
// net.Conn does.
//
// That poller is asked late while others compute (fact 3). Then the goroutine stays ready, and
// looks each time that its turn comes:
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
	askMyself func() error // ask, made once

	company
	k      kernel
	awake  bool   // the last wait ended without parking, or did not look for long
	parked bool   // this wait has parked
	asking asking // the call of attempt is only to have Go's own poller asked
	parks  uint   // how often it parked
}

const (
	// calmToTrust is from how many calm yields on the yield is left out, except before every
	// trustFor-th time that the poller parks. A yield is two switches more, and a thread to wake if
	// a processor is idle (fact 5).
	calmToTrust = 8
	trustFor    = 8
)

func newPark(epfd int, edge func() error) (*park, error) {
	// os.NewFile has Go's poller watch a descriptor only if it is non-blocking.
	if err := unix.SetNonblock(epfd, true); err != nil {
		unix.Close(epfd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &park{file: os.NewFile(uintptr(epfd), "epoll"), edge: edge}
	p.try, p.askMyself = p.attempt, p.ask
	conn, err := p.file.SyscallConn()
	if err == nil {
		// NewFile keeps an error of that poller to itself; a deadline is possible only if there was
		// none.
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
		// It will probably find something again. A look costs less outside of RawConn.Read.
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

// attempt is called by RawConn.Read, which parks if it returns false.
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

// othersCompute lets others run before the poller parks, and returns whether a look has found
// something since.
func (p *park) othersCompute() bool {
	if p.calm >= calmToTrust && p.parks%trustFor != 0 {
		return false
	}
	return p.goFirst(p.k)
}

// ask has the scheduler ask Go's own poller, see asking.
func (p *park) ask() error {
	p.asking = askNow
	err := p.conn.Read(p.try)
	p.asking = notAsking
	return err
}

func (p *park) close() error { return p.file.Close() }

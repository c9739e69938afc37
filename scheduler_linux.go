package pollux

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file has everything in the package that depends on Go's scheduler: the ways to wait. The aim
// is that a ready goroutine runs soon. So a poller never keeps a processor (a P) that a goroutine,
// a timer or a connection of Go's own poller needs.
//
// It relies on these facts of Go 1.26 (runtime/proc.go, runtime/netpoll.go,
// runtime/netpoll_epoll.go):
//
//  1. A thread in a system call keeps its processor until sysmon takes it away (retake). sysmon
//     does so when it finds the thread in the same call twice. It looks every 20 us to 10 ms. A
//     goroutine that parks gives its processor up at once.
//  2. A scheduler without work (findRunnable) first runs the processor's queue, then the global
//     queue, and then asks Go's own poller (netpoll). Only after that does the processor go idle.
//     If netpoll was not asked for 10 ms, sysmon asks it.
//  3. Gosched puts its caller at the end of the global queue. So findRunnable finds the caller
//     there, and never asks netpoll during a call of Gosched. While other goroutines compute, it
//     never asks netpoll at all.
//  4. Every 61st scheduling takes the first goroutine of the global queue before all others. This
//     may be the caller of Gosched. So one quick return does not prove that no other goroutine is
//     ready.
//  5. Gosched wakes a thread if a processor is idle (wakep). This costs a futex call and a search
//     for work.
//  6. Go's poller watches a descriptor edge-triggered (netpollopen). RawConn.Read forgets earlier
//     edges (pollReset) and then calls its function. It parks each time that the function returns
//     false. So the function must look for events before it returns false.
//
// An epoll descriptor is readable while one of its own descriptors is ready. Each event makes an
// edge of it (ep_poll_callback in fs/eventpoll.c).

// A kernel has the methods of the backend that a strategy calls.
type kernel interface {
	// look takes the present events without blocking. It returns false if it found none.
	look() bool
	// block waits for events and takes them. It is a system call that the scheduler knows of.
	block()
	// edge makes an event of the poller's own.
	edge() error
}

// A strategy is a way to wait. Only the goroutine that waits calls its methods.
type strategy interface {
	// wait looks for events. With mayWait it returns when there are events, and otherwise at once.
	// Now and then it returns without events.
	wait(k kernel, mayWait bool) error
	// pass lets other goroutines run if the caller has kept its processor for long. It is called
	// between two waits.
	pass(k kernel) error
	// crowded returns how long other goroutines computed when they last ran, or 0.
	crowded() time.Duration
	// close closes the descriptor.
	close() error
}

// newStrategy makes the strategy and gives it the epoll descriptor. No other function chooses one.
func newStrategy(s Strategy, epfd int) (strategy, error) {
	if s == Block {
		return &block{epfd: epfd}, nil
	}
	return newPark(epfd)
}

const (
	// computing is the shortest call of Gosched that shows another goroutine to compute. A
	// goroutine that was woken to answer a message mostly takes less.
	computing = 20 * time.Microsecond
	// looking is the time in which another poller finds nothing, with the switch to it and back.
	looking = 2 * time.Microsecond
	// A poller that does not park lets others run once in letRunEvery, and has Go's own poller
	// asked once in askEvery.
	letRunEvery = 250 * time.Microsecond
	askEvery    = 500 * time.Microsecond
	// Beside goroutines that compute, the poller keeps the processor for 1/shareOfStint of their
	// time, if that is more than letRunEvery, and at most for shareMost.
	shareOfStint = 4
	shareMost    = 2 * time.Millisecond
)

// yielding counts the pollers of the process that are in a call of Gosched. A poller must not take
// the others for goroutines that compute: then none of them would ever park.
var yielding atomic.Int32

// yield lets other goroutines run. took is how long they ran, or 0 if none of them computes. now is
// the time after that.
func yield() (took, now time.Duration) {
	others := yielding.Add(1) - 1
	since := monotonic()
	runtime.Gosched()
	now = monotonic()
	yielding.Add(-1)
	if took = now - since; took < computing+time.Duration(others)*looking {
		took = 0
	}
	return took, now
}

// A stint is the time since a poller last waited. Without it, a poller that always has work would
// keep its processor until sysmon preempts it, 10 ms later.
type stint struct {
	begun time.Duration // 0: not yet
	let   time.Duration // when other goroutines last ran
	asked time.Duration // when due was last called
}

// due reports whether other goroutines must run now, and whether Go's own poller must be asked. It
// is called before each wait that follows another one without a pause. took is how long other
// goroutines computed when they last ran, or 0. The longer they keep the processor, the longer the
// poller may keep it.
func (s *stint) due(took time.Duration) (let, ask bool) {
	now := monotonic()
	if s.begun == 0 {
		s.begun, s.let, s.asked = now, now, now
	}
	if took >= time.Millisecond && now-s.asked >= took/2 {
		s.let = now // others have run: sysmon has preempted this goroutine
	}
	s.asked = now
	return now-s.let >= max(letRunEvery, min(took/shareOfStint, shareMost)), now-s.begun >= askEvery
}

func (s *stint) end() { s.begun = 0 }

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

	k      kernel
	awake  bool          // the last wait ended without parking, or did not look for long
	parked bool          // this wait has parked
	asking asking        // set while attempt only has to make Go ask its own poller
	calm   int           // calls of yield in a row that found no goroutine that computes
	took   time.Duration // how long others computed, at the last yield; or 0
	parks  uint          // number of times that it parked
	stint  stint         // time since it last parked
}

const (
	// calmToPark is the number of calls of yield in a row that must find no computing goroutine
	// before the poller parks (fact 4).
	calmToPark = 2
	// After calmToTrust such calls in a row, the poller parks without a yield, except each
	// trustFor-th time. A yield costs two more switches, and wakes a thread if a processor is idle
	// (fact 5).
	calmToTrust = 8
	trustFor    = 8
	// patience is the number of looks beside goroutines that compute. After that many without an
	// event, the poller parks in any case, since there is no traffic. The next event may then have
	// to wait for sysmon, up to 10 ms.
	patience = 256
	// lingerFor sets how long the poller looks beside goroutines that compute: 1/64 of their time.
	lingerFor = 64
)

func newPark(epfd int) (*park, error) {
	// Go's poller watches the descriptor of an os.NewFile only if it is non-blocking.
	if err := unix.SetNonblock(epfd, true); err != nil {
		unix.Close(epfd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &park{file: os.NewFile(uintptr(epfd), "epoll")}
	p.try = p.attempt
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

func (p *park) crowded() time.Duration { return p.took }

func (p *park) pass(k kernel) error {
	let, ask := p.stint.due(p.took)
	if !let {
		return nil
	}
	p.yield()
	if !ask {
		return nil
	}
	// A goroutine that has answered a message and waits for the next does not compute. After it has
	// run, the queues are empty.
	for tries := 0; p.calm < calmToPark && tries < 2*calmToPark; tries++ {
		p.yield()
	}
	if p.calm < calmToPark {
		return nil
	}
	p.k = k
	err := p.ask()
	p.stint.begun, p.stint.let = monotonic(), monotonic()
	return err
}

// attempt is the function of RawConn.Read, which parks if attempt returns false.
func (p *park) attempt(uintptr) bool {
	switch {
	case p.asking == askNow:
		p.asking = asked
		return p.k.edge() != nil
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

// othersCompute lets other goroutines run before the poller parks. As long as they compute, it
// looks again. It returns true if a look has found events.
func (p *park) othersCompute() bool {
	if p.calm >= calmToTrust && p.parks%trustFor != 0 {
		return false
	}
	if p.linger() {
		return true
	}
	for range patience {
		if p.yield() {
			if p.k.look() {
				return true
			}
		} else if p.calm >= calmToPark {
			return false
		}
	}
	return false
}

// linger looks for a while before the poller yields to a goroutine that has just computed for a
// millisecond or more. That goroutine may keep the processor for 10 to 20 ms. An answer that is on
// its way often comes during the while. A goroutine that reads from a net.Conn finds the answer in
// the same way: its send takes long enough for the peer to answer.
func (p *park) linger() bool {
	if p.took < time.Millisecond {
		return false
	}
	for until := monotonic() + p.took/lingerFor; monotonic() < until; {
		if p.k.look() {
			return true
		}
	}
	return false
}

func (p *park) yield() bool {
	p.took, p.stint.let = yield()
	if p.took > 0 {
		p.calm = 0
	} else {
		p.calm++
	}
	return p.took > 0
}

// ask makes the scheduler ask Go's own poller (fact 2). The goroutine makes an edge and then parks,
// so that poller finds the edge and the goroutine runs again. It runs behind all goroutines that
// were ready.
func (p *park) ask() error {
	p.asking = askNow
	err := p.conn.Read(p.try)
	p.asking = notAsking
	return err
}

type asking uint8

const (
	notAsking asking = iota
	askNow           // make an edge, and park
	asked            // the edge has made the goroutine ready
)

func (p *park) close() error { return p.file.Close() }

// block is the strategy Block: the goroutine waits in a system call.
type block struct {
	epfd  int
	stint stint
}

func (b *block) crowded() time.Duration { return 0 }

func (b *block) pass(kernel) error {
	if let, _ := b.stint.due(0); let {
		_, b.stint.let = yield()
	}
	return nil
}

func (b *block) wait(k kernel, mayWait bool) error {
	b.pass(k)
	if mayWait {
		k.block()
	} else {
		k.look()
	}
	return nil
}

func (b *block) close() error { return os.NewSyscallError("close", unix.Close(b.epfd)) }

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

// This file has everything in the package that depends on Go's scheduler: the ways to wait. The
// rule is that a goroutine that is ready runs: a poller never keeps a processor (a P) that a
// goroutine, a timer or a connection of Go's own poller needs.
//
// It relies on these facts of Go 1.26 (runtime/proc.go, runtime/netpoll.go,
// runtime/netpoll_epoll.go):
//
//  1. A thread in a system call keeps its processor until sysmon takes it away (retake). sysmon
//     does so when it finds the thread in the same call twice, and it looks every 20 us to 10 ms. A
//     goroutine that parks gives its processor up at once.
//  2. A scheduler without work (findRunnable) runs the processor's queue first, then the global
//     queue, then asks Go's own poller (netpoll), and only then lets the processor go idle.
//     Otherwise sysmon asks netpoll, if 10 ms have passed without.
//  3. Gosched puts its caller at the end of the global queue. So findRunnable never gets as far as
//     netpoll in a call of Gosched, and beside goroutines that compute it never does at all.
//  4. Every 61st scheduling takes the first of the global queue before all others. This may be the
//     caller of Gosched. So one return without delay does not prove that no other goroutine is
//     ready.
//  5. Gosched wakes a thread if a processor is idle (wakep): a futex call and a search for work.
//  6. Go's poller watches a descriptor edge-triggered (netpollopen). RawConn.Read forgets the edges
//     so far (pollReset), then calls its function, and parks each time that the function returns
//     false. So that function must look before it does.
//
// An epoll descriptor is readable while one of its own descriptors is ready, and each event makes
// an edge of it (ep_poll_callback in fs/eventpoll.c).

// A kernel is what a strategy needs of the backend.
type kernel interface {
	// look takes the events that are there, without blocking. It returns false without events.
	look() bool
	// block does the same once there are some. It is a system call that the scheduler knows of.
	block()
	// edge makes an event of the poller's own.
	edge() error
}

// A strategy is a way to wait. Its methods are for the goroutine that waits.
type strategy interface {
	// wait looks for events. With mayWait it returns when there are some, else at once. Now and
	// then it returns without any.
	wait(k kernel, mayWait bool) error
	// pass lets others run if the caller has had its processor for long. It is called between two
	// waits.
	pass(k kernel) error
	// crowded is for how long other goroutines computed when they were last let run, or 0.
	crowded() time.Duration
	// close closes the descriptor.
	close() error
}

// newStrategy is the one place in which a strategy is chosen. It takes over an epoll descriptor.
func newStrategy(s Strategy, epfd int) (strategy, error) {
	if s == Block {
		return &block{epfd: epfd}, nil
	}
	return newPark(epfd)
}

const (
	// computing is how long a call of Gosched takes at least if another goroutine computes. One
	// that was woken to answer a message mostly takes less.
	computing = 20 * time.Microsecond
	// looking is what another poller needs to find nothing, with the switch to it and back.
	looking = 2 * time.Microsecond
	// A poller that does not park lets others run this often, and has Go's own poller asked that
	// often.
	letRunEvery = 250 * time.Microsecond
	askEvery    = 500 * time.Microsecond
	// Beside goroutines that compute for longer than that, it has this part of their time, at most
	// shareMost.
	shareOfStint = 4
	shareMost    = 2 * time.Millisecond
)

// yielding counts the pollers of the process that are in a call of Gosched. They must not take one
// another for goroutines that compute: none of them would ever park.
var yielding atomic.Int32

// yield lets other goroutines run. It returns for how long if some of them compute, else 0, and
// what time it is then.
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

// A stint is the time since a poller last waited. A poller with work all the time would otherwise
// have its processor until sysmon preempts it, 10 ms later.
type stint struct {
	begun time.Duration // 0: not yet
	let   time.Duration // when others were last let run
	asked time.Duration // when due was last called
}

// due returns whether others have to be let run, and whether Go's own poller has to be asked. It is
// called before each wait that follows one without a pause. took is for how long other goroutines
// computed when they were last let run, or 0. They have the processor for so long each time that
// the poller may keep it longer, too.
func (s *stint) due(took time.Duration) (let, ask bool) {
	now := monotonic()
	if s.begun == 0 {
		s.begun, s.let, s.asked = now, now, now
	}
	if took >= time.Millisecond && now-s.asked >= took/2 {
		s.let = now // they ran since: sysmon has preempted the poller's user
	}
	s.asked = now
	return now-s.let >= max(letRunEvery, min(took/shareOfStint, shareMost)), now-s.begun >= askEvery
}

func (s *stint) end() { s.begun = 0 }

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

	k      kernel
	awake  bool          // the last wait ended without parking, or did not look for long
	parked bool          // this wait has parked
	asking asking        // the call of attempt is only to have Go's own poller asked
	calm   int           // calls of yield in a row that found no goroutine that computes
	took   time.Duration // by those that compute, at the last yield; else 0
	parks  uint          // how often it parked
	stint  stint         // since it last parked
}

const (
	// calmToPark is how many calls of yield in a row must find nothing before the poller parks
	// (fact 4).
	calmToPark = 2
	// calmToTrust is from how many on the yield is left out, except before every trustFor-th time
	// that the poller parks. A yield is two switches more, and a thread to wake if a processor is
	// idle (fact 5).
	calmToTrust = 8
	trustFor    = 8
	// patience is how many times the poller looks again beside goroutines that compute. Then it
	// parks all the same: there is no traffic. The next event may then have to wait for sysmon, 10
	// ms.
	patience = 256
	// lingerFor is the part of their time that the poller takes for looking beside goroutines that
	// compute: 1/64.
	lingerFor = 64
)

func newPark(epfd int) (*park, error) {
	// os.NewFile has Go's poller watch a descriptor only if it is non-blocking.
	if err := unix.SetNonblock(epfd, true); err != nil {
		unix.Close(epfd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &park{file: os.NewFile(uintptr(epfd), "epoll")}
	p.try = p.attempt
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
	// One that answered a message and waits for the next is no goroutine that computes: after it
	// the queues are empty.
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

// attempt is called by RawConn.Read, which parks if it returns false.
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

// othersCompute lets others run before the poller parks, and as long as they compute, it looks
// again. It returns whether a look has found something.
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

// linger looks for a while before the poller lets a goroutine run that has just computed for a
// millisecond or more, and will again: one that never yields has the processor for 10 to 20 ms. If
// an answer is under way it comes during that while. A goroutine that reads from a net.Conn finds
// the answer in the same way: sending takes long enough for the peer to answer.
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

// ask has the scheduler ask Go's own poller (fact 2). The goroutine parks, but there is news for it
// already: an edge that it has just made itself. So it runs again as soon as that poller was asked,
// behind all goroutines that were ready.
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
	asked            // the edge has ended the parking
)

func (p *park) close() error { return p.file.Close() }

// block is the strategy Block: a system call that blocks.
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

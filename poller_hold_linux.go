package pollux

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A wait that Go's scheduler knows of is dear if it lasts for more than an instant: sysmon finds the processor in a system call, takes it away,
// wakes a thread to look for work, and stays awake itself for a while, 20 us at a time; then the end of the wait has to find a processor
// again. At one connection that is a tenth to a quarter of a message. So while waits are short, the poller keeps the processor during
// them (the call is raw), after it has let everybody run who is ready.
//
// When pollers hold all processors, they let run who is ready before each wait. Who becomes ready during one, and finds no other processor
// free, waits for the end of that: no longer than holdMost, for which there is a timerfd of its own, the guard. If hardly anything came
// until the guard fires, the traffic is over or there was somebody; either way the poller then keeps from holding for a while, and for
// longer each time. A stop of the world does not wait: its signal interrupts the call. Whom Go's own poller has news for is let run too,
// once for every second hold: Go's scheduler asks it only when nobody is ready, which the goroutine that calls Gosched always is, and
// sysmon only every 10 ms.
//
//	known ──briskFrom short waits, nobody else ready──▶ held ──guard, traffic goes on──▶ known, short so far
//	  ▲ ▲                                               │  │
//	  │ └──── guard, no traffic: for penalty waits ─────┘  │
//	  └────── others are busy: for penalty waits ──────────┘
//
// After a wait that found a crowd the next will hardly be one, and then others need not be let run before each: only once crowdMost events
// have been found. If there is nothing after all, they are.
type hold struct {
	on      bool // the guard is armed, and waits are raw
	short   int  // waits in a row that were short; negative: so many more are not looked at
	penalty int
	waits   uint // since the guard was armed
	events  int  // the same, what they found
	crowd   int  // events of the last wait
	served  int  // events since others were let run
	holds   uint // begun
	procs   int  // GOMAXPROCS when it began
}

// holders are the pollers of the process that hold. When they are as many as the processors, nobody else gets one but from them.
var holders atomic.Int32

const (
	holdMost    = 2 * time.Millisecond
	briskWait   = 700 * time.Microsecond // is short
	briskFrom   = 4                      // short waits
	busyFrom    = 2                      // events until the guard fires: with more the traffic goes on
	crowdFrom   = 4                      // events at once
	crowdMost   = 64                     // events: a quarter of a millisecond
	alone       = time.Microsecond       // less than a call of the scheduler that runs somebody, or is made on a locked thread
	hogged      = time.Millisecond       // more than chance
	lookEvery   = 8                      // held waits: to look at the clock is a percent of a message
	penaltyMin  = 16                     // waits
	penaltyMost = 8192
)

// over is told that the guard has fired.
func (h *hold) over() {
	switch {
	case !h.on:
	case h.events <= busyFrom: // one is the guard's
		h.leave()
	default:
		h.end()
		h.penalty /= 2
	}
}

func (h *hold) begin() {
	h.on, h.waits, h.events, h.crowd, h.served = true, 0, 0, 0, 0
	h.procs = runtime.GOMAXPROCS(0)
	holders.Add(1)
}

func (h *hold) end() {
	if h.on {
		h.on = false
		holders.Add(-1)
	}
}

func (h *hold) leave() {
	h.end()
	h.penalty = min(max(4*h.penalty, penaltyMin), penaltyMost)
	h.short = -h.penalty
}

// letRun lets everybody run who is ready, and returns whether there was nobody with much to do. If there was, holding is over for a while.
// On a locked thread it is too: there, the call costs more than holding saves.
//
// One call of the scheduler proves nothing: it may be long because the system has interrupted it, or somebody had an instant's work; and each
// 61st looks at the global queue first, where the caller is, and lets nobody run.
func (h *hold) letRun() bool {
	quick := 0
	for range 5 {
		since := time.Now()
		runtime.Gosched()
		took := time.Since(since)
		if took > hogged {
			break
		}
		if took > alone {
			quick = 0
		} else if quick++; quick == 2 {
			return true
		}
	}
	h.leave()
	return false
}

// before is what a wait begins with that may be long. Whom a callback has made ready, and no other processor takes, would else wait until
// sysmon takes this one away, up to 10 ms. It is done twice because of the 61st time, see letRun, and is not timed: that somebody has
// an instant's work here is no reason to give up holding. During a penalty it is not done: those who are busy would delay each wait.
func (h *hold) before() {
	if !h.on && h.short >= 0 && h.short < briskFrom && runtime.GOMAXPROCS(0) == 1 {
		runtime.Gosched()
		runtime.Gosched()
	}
}

// yield lets somebody run who is ready.
func (h *hold) yield() {
	h.served = 0
	runtime.Gosched()
}

// found is told how many events a wait has found; after a signal it is less than none.
func (h *hold) found(n int) {
	h.crowd = n
	h.events += max(n, 0)
	h.served += max(n, 0)
}

// fetchHeld is a wait without a timeout.
func (b *backend) fetchHeld(room int) (int, syscall.Errno) {
	h := &b.hold
	if h.short >= briskFrom && !h.on && h.letRun() {
		if h.holds++; h.holds%2 == 0 {
			b.elsewhere.look()
		}
		if b.armGuard() {
			h.begin()
		}
	} else if h.on {
		h.waits++
		switch {
		case int(holders.Load()) < h.procs:
			// Who is ready has another processor: the call wakes a thread for each that is idle, a futex and more for each message.
		case h.crowd >= crowdFrom && h.served < crowdMost:
			if n, errno := b.fetchNow(room); n != 0 || errno != 0 {
				h.found(n)
				return n, errno
			}
			h.yield()
		case h.waits%lookEvery == 0:
			h.letRun()
			h.served = 0
		default:
			h.yield()
		}
	}
	if h.on {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
			uintptr(room), ^uintptr(0), 0, 0)
		h.found(int(n))
		return int(n), errno
	}
	since := time.Now()
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(room), ^uintptr(0), 0, 0)
	switch {
	case errno != 0:
	case h.short < 0:
		h.short++
	case time.Since(since) < briskWait:
		h.short++
	default:
		h.short = 0
	}
	return int(n), errno
}

// armGuard has the guard fire after holdMost. The scheduler knows of this call: that wakes sysmon, which sleeps once all processors are idle and
// would not hear of raw calls. Nobody else interrupts a goroutine that computes, and nobody could run beside one.
func (b *backend) armGuard() bool {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(holdMost))}
	_, _, errno := unix.Syscall6(unix.SYS_TIMERFD_SETTIME, uintptr(b.guardfd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	return errno == 0
}

// elsewhere has Go's scheduler look at its own poller: what that poller knows, and the scheduler has not asked it for, is an eventfd that was
// written to just now. So to wait for it is to park until somebody has asked, and if nobody else is ready, the scheduler asks at once.
type elsewhere struct {
	file  *os.File
	conn  syscall.RawConn
	write func(fd uintptr) bool
	wrote bool
}

func (e *elsewhere) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	e.file = os.NewFile(uintptr(fd), "eventfd")
	e.conn, err = e.file.SyscallConn()
	// It is called twice: before the wait, when what came earlier has been forgotten, and after.
	e.write = func(fd uintptr) bool {
		e.wrote = !e.wrote
		return !e.wrote || notify(int(fd)) != nil
	}
	return err
}

func (e *elsewhere) look() {
	e.wrote = false
	e.conn.Read(e.write)
}

package pollux

import (
	"runtime"
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
// Who becomes ready meanwhile without the poller's doing, and finds no other processor free, waits for the end of that: no longer than
// holdMost, for which there is a timerfd of its own, the guard. If hardly anything came until the guard fires, the traffic is over or there
// was somebody; either way the poller then keeps from holding for a while, and for longer each time. A stop of the world does not wait: its
// signal interrupts the call.
//
//	known ──briskFrom short waits, nobody else ready──▶ held ──guard, traffic goes on──▶ known, short so far
//	  ▲ ▲                                               │  │
//	  │ └─── guard, no traffic: for penalty waits ──────┘  │
//	  └───── others are busy: for penalty waits ───────────┘
type hold struct {
	on      bool // the guard is armed, and waits are raw
	short   int  // waits in a row that were short; negative: so many more are not looked at
	penalty int
	waits   uint // since the guard was armed
}

const (
	holdMost    = 2 * time.Millisecond
	briskWait   = 400 * time.Microsecond // is short
	briskFrom   = 4                      // short waits
	busyFrom    = 3                      // waits until the guard fires: the traffic goes on
	manyEvents  = 16                     // at once: such a wait has hardly been one
	crowded     = 20 * time.Microsecond  // a call of the scheduler that takes longer has let others run
	lookEvery   = 8                      // held waits: to look at the clock is a percent of a message
	penaltyMin  = 16                     // waits
	penaltyMost = 8192
)

// over is told that the guard has fired.
func (h *hold) over() {
	switch {
	case !h.on:
	case h.waits < busyFrom:
		h.leave()
	default:
		h.on = false
		h.penalty /= 2
	}
}

func (h *hold) leave() {
	h.on = false
	h.penalty = min(max(4*h.penalty, penaltyMin), penaltyMost)
	h.short = -h.penalty
}

// alone lets everybody run who is ready, and returns whether there was nobody with much to do. If there was, holding is over for a while.
//
// One call of the scheduler proves nothing: it may be long because the system has interrupted it, and each 61st looks at the global queue
// first, where the caller is, and lets nobody run.
func (h *hold) alone() bool {
	quick := 0
	for range 5 {
		since := time.Now()
		runtime.Gosched()
		if time.Since(since) > crowded {
			quick = 0
		} else if quick++; quick == 2 {
			return true
		}
	}
	h.leave()
	return false
}

// fetchHeld is a wait without a timeout.
func (b *backend) fetchHeld(room int) (int, syscall.Errno) {
	h := &b.hold
	if !h.on && h.short >= briskFrom && h.alone() {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(holdMost))}
		h.on, h.waits = unix.TimerfdSettime(b.guardfd, 0, &spec, nil) == nil, 0
	} else if h.on {
		if h.waits++; h.waits%lookEvery == 0 {
			h.alone()
		} else {
			runtime.Gosched()
		}
	}
	if h.on {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
			uintptr(room), ^uintptr(0), 0, 0)
		return int(n), errno
	}
	since := time.Now()
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(room), ^uintptr(0), 0, 0)
	switch {
	case n >= manyEvents:
		h.short = 0
	case h.short < 0:
		h.short++
	case time.Since(since) < briskWait:
		h.short++
	default:
		h.short = 0
	}
	return int(n), errno
}

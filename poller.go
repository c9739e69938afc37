// Package pollux waits for descriptors: one [Poller] over epoll, kqueue or IOCP.
//
// It is the lowest floor of the framework, and only that: it knows descriptors, readiness and
// waking up, and nothing of sockets, time or goroutines. Package loop builds the event loop on it,
// and package sock the sockets.
//
//	system                                     backend               file
//	Linux                                      epoll, eventfd        poller_linux.go
//	macOS, FreeBSD, NetBSD, OpenBSD, DragonFly kqueue                poller_bsd.go
//	Windows                                    IOCP, AFD, select     poller_windows.go
//
// The rule that surprises: readiness is reported on its edges. A descriptor that was reported
// readable is not reported again until more arrives, however much was left unread; so its user
// reads until the system says EAGAIN, or remembers that it did not. In exchange nothing has to be
// said to the kernel between two reads.
//
//	p, err := pollux.New(nil)
//	...
//	err = p.Add(fd, pollux.MakeToken(0, 1))
//	for {
//		n, err := p.Wait(events, -1)
//		for _, ev := range events[:n] {
//			// ev.Token says whose event it is, ev.Ready what became possible.
//		}
//	}
package pollux

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Token names one registration: a slot of the caller's table in the upper half, and the slot's
// generation in the lower. A caller that reuses a slot raises its generation, and drops the events
// whose generation is stale. It is never a Go pointer, since the kernel would hide that from the
// garbage collector. Tokens of generation 0 are the poller's own.
type Token uint64

// MakeToken returns the token of a slot in its generation, which must not be 0.
func MakeToken(slot, generation uint32) Token { return Token(slot)<<32 | Token(generation) }

// Slot is the index in the caller's table.
func (t Token) Slot() uint32 { return uint32(t >> 32) }

// Generation tells one use of a slot from the next.
func (t Token) Generation() uint32 { return uint32(t) }

// Ready is what became possible on a descriptor, as a set of bits.
type Ready uint8

const (
	// Readable: a read, an accept or a receive is worth an attempt.
	Readable Ready = 1 << iota
	// Writable: a write is worth an attempt, or a connect has come to its end.
	Writable
	// Hangup: the peer has shut down or the descriptor failed. It comes with Readable, with
	// Writable too if the descriptor is unusable in both directions, and is final: a reader that
	// has seen it must read to the end of the stream and not trust a short read to mean that the
	// socket is empty.
	Hangup
	// Urgent: out-of-band data or another exceptional condition. It comes with Readable. FreeBSD
	// and NetBSD do not report it.
	Urgent
)

func (r Ready) String() string {
	names := [...]string{"readable", "writable", "hangup", "urgent"}
	var s []string
	for i, name := range names {
		if r&(1<<i) != 0 {
			s = append(s, name)
		}
	}
	if s == nil {
		return "none"
	}
	return strings.Join(s, "|")
}

// An Event says what became possible for the registration that Token names.
type Event struct {
	Token Token
	Ready Ready
}

// A Poller reports which of its registered descriptors became ready.
//
// Readiness is edge-triggered in both directions. Spurious readiness is legal: an attempt may still
// return EAGAIN. Several edges may be reported as one. A descriptor that is ready when it is added
// is reported.
//
// A poller may be one-shot (OneShot). Then an event uses up the directions that it reports, and Arm
// asks for one again. See Arm.
//
// What a system finds out, and when, differs:
//
//	                             epoll (Linux)       kqueue (macOS, BSDs)        AFD (Windows)
//	Add of what is there         EEXIST              replaces the registration   EEXIST
//	Add of what is no socket     EPERM for a file    accepts a file              WSAENOTSOCK
//	Delete of what is not there  ENOENT              ENOENT                      ENOENT
//	Hangup by half a close       with Readable       with both directions        with Readable
//	Urgent                       yes                 macOS, OpenBSD, DragonFly   yes
//	socket not yet connected     Writable, Hangup    system-dependent            nothing
//	Writable                     once there is room  at each acknowledgement     once after each Arm
//
// Wait belongs to one goroutine at a time. Add, Arm, Delete and Wake may be called from any
// goroutine, during a Wait too. Close must come after the last of all other calls.
type Poller struct {
	backend backend
}

// A Config says how a Poller is made. nil and the zero Config are the defaults.
type Config struct {
	// Strategy is how Wait waits; the default is Park.
	Strategy Strategy
}

// A Strategy is how Wait waits while no descriptor is ready. With each of them a zero timeout only
// looks, and a poller that always finds events lets other goroutines run at least once a
// millisecond.
type Strategy uint8

const (
	// Park waits as a goroutine of package net does: it gives its processor to other goroutines at
	// once. This is the one for a goroutine that is not locked to its thread.
	//
	// A kqueue cannot be waited for so, nor a completion port. There the goroutine lets all others run that are ready, and
	// then waits in a system call, as Block does. So what becomes ready during that wait may have
	// to wait for a processor up to 20 ms, if none is free; with GOMAXPROCS above the number of
	// loops one is.
	Park Strategy = iota
	// Block waits in a system call. This is the one for a goroutine that is locked to its thread
	// (runtime.LockOSThread): to park, it would have to change threads twice. Other goroutines pay
	// for it when no processor (GOMAXPROCS) is free: the call keeps its processor until Go's
	// runtime takes it away. This is after 20 us at the earliest, after up to 20 ms if nothing else
	// happened in the process before, and again at each wait.
	Block
)

func (s Strategy) String() string {
	switch s {
	case Park:
		return "park"
	case Block:
		return "block"
	}
	return "Strategy(" + strconv.Itoa(int(s)) + ")"
}

// New makes a poller; nil is the zero Config. It takes descriptors, all close-on-exec: on Linux
// three (an epoll, an eventfd and a timerfd), on macOS, FreeBSD and DragonFly one (a kqueue), on
// NetBSD and OpenBSD three (a kqueue and a pipe). With kqueue, the first poller of a process takes
// two more that stay, a pipe for Go's own poller. On Windows it takes a completion port, and a
// handle of the AFD driver for each 64 registrations; none is inherited.
//
// Errors: *os.SyscallError (EMFILE, ENFILE, ENOMEM); one that says so for an unknown Strategy;
// errors.ErrUnsupported on a system without a backend.
func New(cfg *Config) (*Poller, error) {
	if cfg == nil {
		cfg = new(Config)
	}
	if cfg.Strategy > Block {
		return nil, fmt.Errorf("pollux: unknown strategy %v", cfg.Strategy)
	}
	p := new(Poller)
	if err := p.backend.open(cfg); err != nil {
		return nil, err
	}
	return p, nil
}

// Add registers a descriptor for both directions under token. The descriptor should be
// non-blocking, must stay open until Delete, and can be in a Poller once.
//
// Errors: *os.SyscallError, such as EBADF; on Linux ENOSPC at the limit of
// /proc/sys/fs/epoll/max_user_watches; EEXIST for what is there already and EPERM for what cannot
// be polled, where the table above says so.
func (p *Poller) Add(fd int, token Token) error { return p.backend.add(fd, token) }

// OneShot reports whether the poller is one-shot: false on Linux, macOS and the BSDs, true on Windows. The answer never
// changes, so a caller asks once.
func (p *Poller) OneShot() bool { return p.backend.oneShot() }

// Arm asks for the directions in want (Readable, Writable; Urgent for urgent data too). The caller
// calls it after an attempt returned EAGAIN, or stopped early, and before it waits for the next
// event. On a poller that is not one-shot it does nothing: Add asked for all edges.
//
// On a one-shot poller this is the contract:
//   - Add asks for both directions. An event uses up the directions that it reports, and they are
//     silent until Arm.
//   - Arm is level-triggered: if the descriptor is ready when Arm is called, that is reported at
//     once. So nothing is lost between an attempt that returned EAGAIN and Arm, and a caller may
//     stop reading wherever it likes.
//   - To ask for what is asked for already changes nothing.
//   - Urgent comes with Readable: a caller that asks for Readable gets both. Hangup comes with
//     either direction. Urgent data that was reported is not reported again until something else
//     has come, or the caller asks for Urgent by name: it stays there until it is read.
//   - A watcher that is called and reads nothing, and does not call Arm, is not called for the next
//     arrival.
//
// Errors: *os.SyscallError: ENOENT if a one-shot poller notices that the descriptor is not
// registered under token.
func (p *Poller) Arm(fd int, token Token, want Ready) error { return p.backend.arm(fd, token, want) }

// Delete ends a registration, and must come before the descriptor is closed: the kernel keeps a
// registration as long as any duplicate of the descriptor is open, in any process, and nothing
// could delete it then. No Wait that begins after Delete has returned reports the token; one that
// is under way may.
//
// Errors: *os.SyscallError, such as EBADF; ENOENT for a descriptor that is not registered, where
// the table of Poller says so.
func (p *Poller) Delete(fd int, token Token) error { return p.backend.delete(fd, token) }

// Wait fills events and returns how many, at most len(events), which must not be 0. Events that
// find no room are reported by the next Wait.
//
// It returns 0 and no error once timeout has passed (a resolution coarser than a nanosecond rounds
// up), after Wake, when a signal interrupted it, and once in a while for no reason: a caller that
// waits for an instant looks at the clock. A timeout of 0 looks and does not block; a negative one
// waits for ever.
//
// Errors: *os.SyscallError, only for a defect or after Close.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	return p.backend.wait(events, timeout)
}

// Yield lets other goroutines, timers and connections of Go's own poller run if the caller has had
// its processor for some hundred microseconds. It is for the goroutine that waits, between two
// Waits, when it has much to do: every few events. Most calls read the clock and return. Wait does
// the same.
//
// Errors: those of Wait.
func (p *Poller) Yield() error { return p.backend.yield() }

// Crowded returns for how long other goroutines had the processor when Wait or Yield last let them
// run, if they computed; else 0. It is for the goroutine that waits.
func (p *Poller) Crowded() time.Duration { return p.backend.crowded() }

// Wake makes the Wait that is under way, or the next one, return. Several calls may end one Wait.
func (p *Poller) Wake() error { return p.backend.wake() }

// Close gives the poller's own descriptors back. It does not close those that are registered.
func (p *Poller) Close() error { return p.backend.close() }

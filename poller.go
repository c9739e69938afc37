// Package pollux reports which descriptors are ready. It has one [Poller] over epoll, kqueue or
// IOCP.
//
// It is the lowest floor of the framework. It handles descriptors, readiness and wake-ups, and it
// has no sockets, timers or goroutines. Package loop builds the event loop on it, and package sock
// the sockets.
//
//	system                                     backend               file
//	Linux                                      epoll, eventfd        poller_linux.go
//	macOS, FreeBSD, NetBSD, OpenBSD, DragonFly kqueue                poller_bsd.go
//	Windows                                    IOCP, AFD, select     poller_windows.go
//
// Readiness is edge-triggered. After a Poller has reported a descriptor as readable, it reports it
// again only when more data arrives, even if some data was left unread. So its user reads until the
// system returns EAGAIN, or remembers that it stopped earlier. In exchange, no system call of the
// poller is needed between two reads.
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
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A Token names one registration. Its upper 32 bits are a slot of the caller's table, and its lower
// 32 bits are the generation of the slot. A caller that reuses a slot raises the generation, and
// drops events with an old one. Generation 0 belongs to the poller itself. A Token is never a Go
// pointer, since the garbage collector does not see a pointer that only the kernel holds.
type Token uint64

// MakeToken returns the token of a slot in a generation. The generation must not be 0.
func MakeToken(slot, generation uint32) Token { return Token(slot)<<32 | Token(generation) }

// Slot returns the index in the caller's table.
func (t Token) Slot() uint32 { return uint32(t >> 32) }

// Generation returns the number that tells one use of a slot from the next.
func (t Token) Generation() uint32 { return uint32(t) }

// Ready is the set of operations that became possible on a descriptor.
type Ready uint8

const (
	// Readable: a read, an accept or a receive may succeed.
	Readable Ready = 1 << iota
	// Writable: a write may succeed, or a connect is over.
	Writable
	// Hangup: the peer has shut down, or the descriptor has failed. It is final. It comes with
	// Readable, and also with Writable if neither direction is usable. A reader that has seen it
	// must read to the end of the stream: a short read does not mean that the socket is empty.
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

// An Event reports what became possible for the registration that Token names.
type Event struct {
	Token Token
	Ready Ready
}

// A Poller reports which of its registered descriptors became ready.
//
// Readiness is edge-triggered in both directions. The poller may report a descriptor that is not
// ready: the next attempt may still return EAGAIN. It may report several edges as one. It reports a
// descriptor that is ready when it is added.
//
// A poller may be one-shot (OneShot). An event then uses up the directions that it reports, and Arm
// asks for them again.
//
// The systems differ in what they report, and when:
//
//	                             epoll (Linux)       kqueue (macOS, BSDs)        AFD (Windows)
//	second Add of a descriptor   EEXIST              replaces the registration   EEXIST
//	Add of a file, not a socket  EPERM for a file    accepts a file              WSAENOTSOCK
//	Add of a closed descriptor   EBADF               EBADF                       WSAENOTSOCK
//	Delete of one not registered ENOENT              ENOENT                      ENOENT
//	Arm of one not registered    no effect           no effect                   ENOENT
//	Hangup by half a close       with Readable       with both directions        with Readable
//	Hangup by a reset            both directions     both directions             with Readable
//	Urgent                       yes                 macOS, OpenBSD, DragonFly   yes
//	Hangup before a connect      both directions     system-dependent            nothing
//	listen(2) after Add          Readable            NetBSD, OpenBSD: nothing    Readable
//	Writable                     once there is room  at each acknowledgement     once after each Arm
//
// A socket of a provider that AFD does not know is polled by select(2), which reports no Hangup.
// Package internal/pollertest tests all of this on every poller.
//
// One goroutine at a time may call Wait. Any goroutine may call Add, Arm, Delete and Wake, also
// during a Wait. Close must come after all other calls have returned.
type Poller struct {
	backend backend
	closed  atomic.Bool
}

// A Config configures a Poller. nil and the zero Config give the defaults.
type Config struct {
	// Strategy is the way in which Wait waits. The default is Park.
	Strategy Strategy
}

// A Strategy is the way in which Wait waits while no descriptor is ready. With a zero timeout, both
// only look. A poller that always finds events lets other goroutines run at least once a
// millisecond.
type Strategy uint8

const (
	// Park waits as a goroutine of package net does: it gives its processor to other goroutines at
	// once. Use it on a goroutine that is not locked to its thread.
	//
	// This is not possible with a kqueue or a completion port. There the goroutine first lets all
	// ready goroutines run, and then waits in a system call, as with Block. A goroutine that
	// becomes ready during that call may have to wait for a processor up to 20 ms, if none is free.
	// If GOMAXPROCS is above the number of loops, one is free.
	Park Strategy = iota
	// Block waits in a system call. Use it on a goroutine that is locked to its thread
	// (runtime.LockOSThread), which would have to change threads twice in order to park.
	//
	// The call keeps its processor (GOMAXPROCS) until Go's runtime takes it away. If no other
	// processor is free, other goroutines have to wait for that, at each Wait: at least 20 us, and
	// up to 20 ms if nothing else happened in the process before.
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

// New makes a poller. A nil cfg is the zero Config.
//
// The poller uses descriptors, all close-on-exec. On Linux it uses three (an epoll, an eventfd and
// a timerfd), on macOS, FreeBSD and DragonFly one (a kqueue), on NetBSD and OpenBSD three (a kqueue
// and a pipe). With kqueue, the first poller of a process takes two more that stay open, a pipe for
// Go's own poller. On Windows it uses a completion port, and a handle of the AFD driver for each 64
// registrations. No child process inherits them.
//
// Errors: *os.SyscallError (EMFILE, ENFILE, ENOMEM); an error that names an unknown Strategy;
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
// non-blocking. It must stay open until Delete, and may be in a Poller only once.
//
// Errors: *os.SyscallError, such as EBADF; on Linux ENOSPC at the limit of
// /proc/sys/fs/epoll/max_user_watches; EEXIST for a second Add of a descriptor and EPERM for a
// descriptor that cannot be polled, on the systems that the table above names.
func (p *Poller) Add(fd int, token Token) error { return p.backend.add(fd, token) }

// OneShot reports whether the poller is one-shot: true on Windows, false on all other systems. The
// answer never changes, so a caller asks once.
func (p *Poller) OneShot() bool { return p.backend.oneShot() }

// Arm asks for the directions in want: Readable, Writable, and Urgent for urgent data too. Call it
// after an attempt returned EAGAIN or stopped early, and before the wait for the next event. On a
// poller that is not one-shot it does nothing: Add asked for all edges.
//
// A one-shot poller has this contract:
//   - Add asks for both directions. An event uses up the directions that it reports: the poller
//     does not report them again until Arm.
//   - Arm is level-triggered: if the descriptor is ready when Arm is called, the poller reports
//     that at once. So nothing is lost between an attempt that returned EAGAIN and Arm, and a
//     caller may stop reading at any point.
//   - A second Arm for the same direction changes nothing.
//   - Urgent comes with Readable: a caller that asks for Readable gets both. Hangup comes with
//     either direction. Urgent data stays until it is read. The poller reports it only once, until
//     other data has come or the caller asks for Urgent itself.
//   - A watcher that reads nothing and does not call Arm is not called for the next arrival.
//
// Errors: *os.SyscallError: ENOENT if a one-shot poller finds that the descriptor is not registered
// under token.
func (p *Poller) Arm(fd int, token Token, want Ready) error { return p.backend.arm(fd, token, want) }

// Mute makes the poller report no arrivals and no room for a registration until Unmute. A hang-up
// is still reported. It is for a descriptor that nothing waits for and that is always ready: each
// arrival would only end a Wait. Mute returns false if the poller cannot do this: on all systems
// but Linux.
//
// Errors: those of Delete.
func (p *Poller) Mute(fd int, token Token) (muted bool, err error) { return p.backend.mute(fd, token) }

// Unmute ends a Mute. If the descriptor is ready, the poller reports that at once, so nothing is
// lost between an attempt that returned EAGAIN and Unmute. Without a Mute the poller may report
// once more what it has reported before.
//
// Errors: those of Delete.
func (p *Poller) Unmute(fd int, token Token) error { return p.backend.unmute(fd, token) }

// Delete ends a registration. Call it before the descriptor is closed: the kernel keeps a
// registration while any duplicate of the descriptor is open, in any process, and after the close
// it cannot be deleted. A Wait that begins after Delete has returned does not report the token. A
// Wait that is running during Delete may report it.
//
// Errors: *os.SyscallError, such as EBADF; ENOENT for a descriptor that is not registered, on the
// systems that the table of Poller names.
func (p *Poller) Delete(fd int, token Token) error { return p.backend.delete(fd, token) }

// Wait puts events into events and returns their number, at most len(events), which must not be 0.
// The next Wait returns the events that found no room.
//
// It returns 0 and a nil error when timeout has passed, after Wake, when a signal interrupted it,
// and now and then without a reason. So a caller that waits for an instant must look at the clock.
// A system that has a coarser resolution rounds the timeout up. A timeout of 0 looks without
// blocking. A negative timeout waits for ever.
//
// Errors: *os.SyscallError, only for a defect or after Close.
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	return p.backend.wait(events, timeout)
}

// Yield lets other goroutines, timers and connections of Go's own poller run, if the caller has
// kept its processor for some hundred microseconds. The goroutine that waits calls it between two
// Waits while it has much to do: after every few events. Most calls only read the clock. Wait does
// the same.
//
// Errors: those of Wait.
func (p *Poller) Yield() error { return p.backend.yield() }

// Crowded returns how long other goroutines kept the processor when Wait or Yield last let them
// run, or 0 if none of them computed. Only the goroutine that waits may call it.
func (p *Poller) Crowded() time.Duration { return p.backend.crowded() }

// Wake makes the running Wait return, or else the next one. Several calls may end only one Wait.
func (p *Poller) Wake() error { return p.backend.wake() }

// Close closes the poller's own descriptors. It does not close registered descriptors.
//
// Errors: os.ErrClosed for a second Close, which changes nothing: other files may have the numbers
// of the descriptors by then. *os.SyscallError, only for a defect.
func (p *Poller) Close() error {
	if p.closed.Swap(true) {
		return fmt.Errorf("pollux: close: %w", os.ErrClosed)
	}
	return p.backend.close()
}

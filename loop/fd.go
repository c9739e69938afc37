package loop

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// An FD is a descriptor that a loop drives. It joins its loop the first time somebody must wait for it, and leaves it by
// Close or Detach. Until then it costs its 80 bytes and no system call.
//
// The descriptor must be non-blocking. Operations of one lane are served first in, first out.
type FD struct {
	mu      sync.Mutex
	loop    *Loop        // mu; nil until it joins
	watcher Watcher      // mu
	extra   *extra       // mu; nil until something has a deadline
	token   pollux.Token // mu
	queue   [2]*Op       // mu; per lane, the last of a ring: queue[d].next is the first
	spent   [2]uint16    // mu; per lane, what was moved for the watcher in this turn, in units of 64 bytes
	sysfd   int32        // immutable until closed; a Windows SOCKET fits too: handles have 32 significant bits. Await reads it without mu
	state   fdState      // mu
	users   uint16       // mu; system calls in flight outside the lanes
	vain    [2]uint8     // mu; per lane, edges in a row whose attempt came to nothing
}

// fdState has four bits for each lane, and some of the descriptor's own.
//
//	lane:  idle ──attempt──▶ busy ──done──▶ idle
//	        │ edge            │ └──EAGAIN, drained──▶ blocked ──edge──▶ ready
//	        ▼                 │ edge
//	       ready ◀────────────┘    (remembered: the next EAGAIN tries once more before it waits)
//	any state ── Close ──▶ closed (final; the last one busy closes the descriptor)
type fdState uint32

const (
	laneBusy    fdState = 1 << 0 // an attempt is being made
	laneBlocked fdState = 1 << 1 // not ready for sure until the next edge; only while on a loop
	laneReady   fdState = 1 << 2 // an edge that no attempt has begun after; only while on a loop
	laneHeld    fdState = 1 << 3 // an attempt of the watcher's was put off, for the budget
	laneWidth           = 4      // the write lane's bits are these, shifted

	fdClosed      fdState = 1 << 8  // by Close or Detach
	fdKeep        fdState = 1 << 9  // by Detach: the descriptor stays open
	fdWatched     fdState = 1 << 10 // watcher is told of edges
	fdDispatching fdState = 1 << 11 // watcher is being told
	fdAgain       fdState = 1 << 12 // in the loop's list of those still ready, or to be put there after dispatching
	fdServed      fdState = 1 << 14 // was to be come back to, but an event was quicker
	fdLent        fdState = 1 << 15 // the write lane is busy by Outcome.Hold: it may take long, nobody looks for its end
	fdNoHint      fdState = 1 << 13 // hang-up or urgent data was seen: a short read proves nothing any more
	fdTook        fdState = 1 << 16 // watcher, which is being told, has received something
	fdBackedOff   fdState = 1 << 17 // laneTimer.backoff is above 0; the next bit is the write lane's. To ask the timer is a cache line more
)

func lane(d Direction, bits fdState) fdState { return bits << (laneWidth * d) }

// A Watcher stands on a descriptor and is told each time it may be ready. Its methods run on the loop, must not wait, and may
// call anything else, Close too.
type Watcher interface {
	// Ready says that reads, or writes after one that came to EAGAIN, are worth an attempt. Try until ErrAgain, or until a
	// budget stops you with ErrAgain: in both cases Ready comes again when there is a reason. Who stops earlier is told again in the
	// next turn if an attempt has read something (Outcome.N) and none has found, or left, the lane drained; who has read nothing is not.
	Ready(r pollux.Ready)
	// Closed is told once, last, after Close (net.ErrClosed), a panic in Ready (*PanicError), or the end of the loop
	// (net.ErrClosed).
	Closed(err error)
}

// NewFD takes a descriptor that is open and non-blocking.
func NewFD(sysfd int) *FD {
	fd := new(FD)
	fd.Init(sysfd)
	return fd
}

// Init is NewFD for an FD that is part of something else.
func (fd *FD) Init(sysfd int) { fd.sysfd = int32(sysfd) }

// Sysfd is the descriptor's number, or -1 once it is closed.
func (fd *FD) Sysfd() int {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return -1
	}
	return int(fd.sysfd)
}

// Loop is the loop it has joined, or nil.
func (fd *FD) Loop() *Loop {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.loop
}

// Now is the time by its loop's clock, or the system's if it is on none.
func (fd *FD) Now() timeouts.Deadline {
	if l := fd.Loop(); l != nil {
		return l.clock.Now()
	}
	return timeouts.System.Now()
}

// Acquire keeps the descriptor open for a system call outside the lanes, until Release. Error: net.ErrClosed.
func (fd *FD) Acquire() (sysfd int, err error) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return -1, net.ErrClosed
	}
	fd.users++
	return int(fd.sysfd), nil
}

// Release ends what Acquire began.
func (fd *FD) Release() {
	fd.mu.Lock()
	fd.users--
	fd.unlockAndClose()
}

// idle says that no system call is in flight. mu is held.
func (fd *FD) idle() bool {
	return fd.users == 0 && fd.state&(lane(Read, laneBusy)|lane(Write, laneBusy)) == 0
}

// unlockAndClose unlocks mu, and closes the descriptor if Close has left that to the last one in a system call.
func (fd *FD) unlockAndClose() error {
	last := fd.state&fdClosed != 0 && fd.idle() && fd.sysfd >= 0
	sysfd, keep := fd.sysfd, fd.state&fdKeep != 0
	if last {
		fd.sysfd = -1
	}
	fd.mu.Unlock()
	if last && !keep {
		return closeSysfd(int(sysfd))
	}
	return nil
}

// Join puts the descriptor on l. If it is on another loop and nobody waits for it there, it moves. With a nil l it stays where it is,
// or goes to a loop of the default reactor's choice.
//
// Errors: ErrOtherLoop if somebody waits for it, or watches it, on another loop; net.ErrClosed, also of a closed loop;
// *os.SyscallError as Poller.Add.
func (fd *FD) Join(l *Loop) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if err := fd.part(l); err != nil {
		return err
	}
	return fd.join(l)
}

// part takes the descriptor off its loop if that is not l. mu is held.
func (fd *FD) part(l *Loop) error {
	old := fd.loop
	if old == nil || l == nil || old == l || fd.state&fdClosed != 0 {
		return nil
	}
	if fd.queue[Read] != nil || fd.queue[Write] != nil || fd.state&fdWatched != 0 {
		return ErrOtherLoop
	}
	if err := old.poller.Delete(int(fd.sysfd), fd.token); err != nil {
		return err
	}
	old.table.remove(fd.token)
	if fd.extra != nil {
		fd.extra.stop(old)
	}
	fd.loop = nil
	fd.state &^= fdAgain | fdServed | fdDispatching | fdTook | lane(Read, laneReady|laneBlocked) | lane(Write, laneReady|laneBlocked)
	return nil
}

func (fd *FD) join(l *Loop) error {
	if fd.state&fdClosed != 0 {
		return net.ErrClosed
	}
	if fd.loop != nil {
		return nil
	}
	if l == nil {
		r, err := Default()
		if err != nil {
			return err
		}
		l = r.Next()
	}
	token, err := l.table.add(fd)
	if err != nil {
		return err
	}
	if err := l.poller.Add(int(fd.sysfd), token); err != nil {
		l.table.remove(token)
		return err
	}
	fd.loop, fd.token = l, token // whatever is ready by now comes as the first event
	return nil
}

// Watch makes w the standing watcher, on l (or as Join chooses if l is nil). If the descriptor is ready, w is told in the
// next turn. Operations that are queued, then or later, are served before the watcher is told.
//
// Errors: those of Join.
func (fd *FD) Watch(l *Loop, w Watcher) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if err := fd.part(l); err != nil {
		return err
	}
	joined := fd.loop != nil // and so the edge of what is ready may have been told already
	if err := fd.join(l); err != nil {
		return err
	}
	fd.watcher = w
	fd.state |= fdWatched
	if joined && fd.state&lane(Read, laneBlocked) == 0 {
		fd.again(nil)
	}
	return nil
}

// Watched says whether a standing watcher is there.
func (fd *FD) Watched() bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.state&fdWatched != 0
}

// Renewed forgets what was learned of the descriptor's past: it was connected, and the hang-up of before is over.
func (fd *FD) Renewed() {
	fd.mu.Lock()
	fd.state &^= fdNoHint
	fd.mu.Unlock()
}

// Unwatch takes the watcher away. It is told nothing more, not even Closed.
func (fd *FD) Unwatch() {
	fd.mu.Lock()
	fd.watcher = nil
	fd.state &^= fdWatched
	fd.mu.Unlock()
}

// Close ends what is queued with net.ErrClosed, ends the registration, and closes the descriptor, at once or when the last
// system call in flight on it is over. It does not wait. A second Close returns net.ErrClosed.
func (fd *FD) Close() error { return fd.leave(0, net.ErrClosed) }

// Detach is Close, but leaves the descriptor open and returns it: its number, or -1 if it was closed already.
func (fd *FD) Detach() (sysfd int, err error) {
	sysfd = fd.Sysfd()
	if err := fd.leave(fdKeep, net.ErrClosed); err != nil {
		return -1, err
	}
	return sysfd, nil
}

// Abandon is Close for a descriptor that its owner has lost without closing it: the log is told.
func (fd *FD) Abandon() {
	l, what := fd.Loop(), fd.String()
	if fd.Close() == nil {
		log := defaults.config().Logger
		if l != nil {
			log = l.log
		}
		log.Warn("unclosed descriptor: closed by the garbage collector", "what", what)
	}
}

// leave is Close; why is what waiters and the watcher are told.
func (fd *FD) leave(keep fdState, why error) error {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 {
		fd.mu.Unlock()
		return net.ErrClosed
	}
	fd.state |= fdClosed | keep
	for d := Read; d <= Write; d++ {
		for o := fd.first(d); o != nil; {
			next := fd.after(o)
			if o.state == opQueued { // one that is trying is settled by who tries it
				fd.remove(o)
				o.settle(net.ErrClosed, nil)
			}
			o = next
		}
	}
	if l := fd.loop; l != nil {
		// Before the number can be anybody else's. ENOENT and the like leave nothing to do.
		l.poller.Delete(int(fd.sysfd), fd.token)
		if fd.extra != nil {
			fd.extra.stop(l)
		}
		if fd.state&fdWatched != 0 {
			w := fd.watcher
			fd.watcher = nil
			fd.state &^= fdWatched
			l.post(work{fn: func() { w.Closed(why) }})
		}
		l.table.remove(fd.token) // last: the end of the loop waits for what is in the table
	}
	if keep != 0 {
		atomic.StoreInt32(&fd.sysfd, -1) // who has got the lane, and has not run, must not use what is another's now
	}
	return fd.unlockAndClose()
}

// String is for logs and leak reports: the number, and the watcher, by its String method if it has one.
func (fd *FD) String() string {
	fd.mu.Lock()
	sysfd, watcher := fd.sysfd, fd.watcher
	fd.mu.Unlock()
	switch w := watcher.(type) {
	case nil:
		return fmt.Sprintf("fd %d", sysfd)
	case fmt.Stringer:
		return fmt.Sprintf("fd %d watched by %v", sysfd, w)
	}
	return fmt.Sprintf("fd %d watched by %T", sysfd, watcher)
}

// extra is what a descriptor needs once something on it has a deadline; an idle one has none.
type extra struct {
	lanes [2]laneTimer
}

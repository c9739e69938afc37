package loop

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// An FD is a descriptor that a loop drives. It joins its loop the first time that an operation must
// wait, and leaves it by Close or Detach. Until then it costs its 72 bytes and no system call.
//
// The descriptor must be non-blocking. Operations of one lane are served first in, first out.
type FD struct {
	mu      sync.Mutex
	loop    *Loop    // mu; nil until it joins
	watcher Watcher  // mu
	extra   *extra   // mu; nil until something has a deadline
	queue   [2]*Op   // mu; per lane, the last of a ring: queue[d].next is the first
	slot    uint32   // mu; in the loop's table
	sysfd   int32    // mu; -1 once closed. A Windows SOCKET fits too: handles have 32 significant bits
	state   fdState  // mu
	users   uint16   // mu; system calls in flight outside the lanes
	vain    [2]uint8 // mu; per lane, edges in a row whose attempt came to nothing
}

// A Watcher stands on a descriptor and is called each time that the descriptor may be ready. Its
// methods run on the loop and must not wait. They may call everything else, Close too.
type Watcher interface {
	// Ready says that reads are worth an attempt, or writes after one that came to EAGAIN. Try
	// until ErrAgain, or stop early: if an attempt of this call has read something (Outcome.N or
	// Ops) and none came to ErrAgain, Ready is called again in the next turn. A watcher that has
	// read nothing is called again at the next edge only; on a one-shot poller (see
	// pollux.Poller.Arm) it then gets no further call until an attempt has come to ErrAgain.
	//
	// When the lane's deadline passes, Ready is called too, and attempts give
	// os.ErrDeadlineExceeded. After FD.CallWatcher r may be 0.
	Ready(r pollux.Ready)
	// Closed is called once, last: after Close (net.ErrClosed), after a panic in Ready
	// (*PanicError), or at the end of the loop (net.ErrClosed, or the poller's error). It is not
	// called after Unwatch.
	Closed(err error)
}

// NewFD returns an FD for a descriptor that is open and non-blocking. The FD owns it from now on.
func NewFD(sysfd int) *FD {
	fd := new(FD)
	fd.Init(sysfd)
	return fd
}

// Init is NewFD for an FD that is part of something else.
func (fd *FD) Init(sysfd int) { fd.sysfd = int32(sysfd) }

// Sysfd returns the descriptor's number, or -1 once it is closed.
func (fd *FD) Sysfd() int {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return -1
	}
	return int(fd.sysfd)
}

// Loop returns the loop that the descriptor has joined, or nil.
func (fd *FD) Loop() *Loop {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.loop
}

// Now returns the time by its loop's clock, or by the system's if it is on no loop.
func (fd *FD) Now() timeouts.Deadline {
	if l := fd.Loop(); l != nil {
		return l.clock.Now()
	}
	return timeouts.System.Now()
}

// Acquire keeps the descriptor open for a system call outside the lanes, until Release. Error:
// net.ErrClosed.
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

// unlockAndClose unlocks mu, and closes the descriptor if Close has left that to the last system
// call in flight.
func (fd *FD) unlockAndClose() error {
	last := fd.state&fdClosed != 0 && fd.idle() && fd.sysfd >= 0
	sysfd, keep, lingers, l := int(fd.sysfd), fd.state&fdKeep != 0, fd.state&fdLingers != 0, fd.loop
	if last {
		fd.sysfd = -1
	}
	fd.mu.Unlock()
	switch {
	case !last || keep:
		return nil
	case lingers && onLoopGoroutine() && lingersAtClose(sysfd):
		closeElsewhere(l, sysfd)
		return nil
	}
	return closeSysfd(sysfd)
}

// SetLingers says that close(2) of the descriptor may block, since SO_LINGER may be set. A Close on
// a loop's goroutine then asks, and leaves a descriptor that lingers to a goroutine of the pool
// (Config.Workers). A Close in any other goroutine lingers there.
func (fd *FD) SetLingers() {
	fd.mu.Lock()
	fd.state |= fdLingers
	fd.mu.Unlock()
}

// closeElsewhere closes a descriptor of l, which may be nil, where that stops nothing else.
func closeElsewhere(l *Loop, sysfd int) {
	if l == nil {
		go closeSysfd(sysfd)
		return
	}
	l.pool.run(func() {
		if err := closeSysfd(sysfd); err != nil {
			l.log.Warn("a descriptor that lingered did not close well", "fd", sysfd, "error", err)
		}
	})
}

// Join puts the descriptor on l. If it is on another loop and nothing waits for it there, it moves.
// With a nil l it stays where it is, or goes to one of the default reactor's loops.
//
// Errors: ErrOtherLoop if an operation waits for it, or a watcher stands on it, on another loop;
// net.ErrClosed, also of a closed loop; *os.SyscallError as Poller.Add.
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
	if err := old.poller.Delete(int(fd.sysfd), old.table.token(fd.slot)); err != nil {
		return err
	}
	old.table.remove(fd.slot)
	if fd.extra != nil {
		fd.extra.part(old)
	}
	fd.loop = nil
	fd.state &^= fdAgain | fdServed | fdDispatching | fdTook | lane(Read, laneReady|laneBlocked) | lane(Write, laneReady|laneBlocked)
	return nil
}

// join puts the descriptor on l if it is on no loop. mu is held.
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
	slot, token, err := l.table.add(fd)
	if err != nil {
		return l.ended(err)
	}
	if err := l.poller.Add(int(fd.sysfd), token); err != nil {
		l.table.remove(slot)
		return err
	}
	fd.loop, fd.slot = l, slot // what is ready by now comes as the first event
	if fd.extra != nil {
		fd.extra.join()
	}
	return nil
}

// Watch makes w the standing watcher, on l (or as Join chooses if l is nil). If the descriptor is
// ready, w is called in the next turn. Operations in the queue, then or later, are served before
// the watcher is called.
//
// Errors: those of Join; ErrWatched.
func (fd *FD) Watch(l *Loop, w Watcher) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&(fdWatched|fdClosed) == fdWatched {
		return ErrWatched
	}
	if err := fd.part(l); err != nil {
		return err
	}
	joined := fd.loop != nil // and so the edge of what is ready may have passed already
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

// CallWatcher makes the loop call the watcher's Ready in its next turn, also if nothing is ready:
// then r is 0, or has what is not known to be blocked. It does not wait, allocates nothing, and
// calls before that turn make one call together. Without a watcher it does nothing.
//
// It is for a watcher that left something unread and goes on later, and for other goroutines that
// have work for the watcher: what it does then is contained as every call of Ready is.
func (fd *FD) CallWatcher() {
	fd.mu.Lock()
	if fd.state&(fdWatched|fdClosed) == fdWatched {
		fd.state |= fdCalled
		fd.again(nil)
	}
	fd.mu.Unlock()
}

// Watcher returns the standing watcher, or nil.
func (fd *FD) Watcher() Watcher {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return fd.watcher
}

// Unwatch takes the watcher away and returns it, or nil if there was none. The watcher gets no
// further call, Closed neither; a call that is under way on the loop goes on. The descriptor stays
// on its loop, and what is known of its readiness is kept: an operation can wait for it, it can
// move by Join, and another watcher can follow, on this loop or another.
func (fd *FD) Unwatch() Watcher {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	w := fd.watcher
	fd.watcher = nil
	fd.state &^= fdWatched | fdCalled
	return w
}

// Renewed forgets the hang-up that was seen before, and that reads had to wait: the descriptor is
// connected now, or at least a connect is over that they had to wait for.
func (fd *FD) Renewed() {
	fd.mu.Lock()
	fd.state &^= fdNoHint | lane(Read, laneBlocked)
	fd.renew(Read)
	if fd.queue[Read] != nil {
		fd.again(nil)
	}
	fd.mu.Unlock()
}

// Hold makes the watcher be called at the next edge of a lane, as after an attempt that was
// refused.
func (fd *FD) Hold(d Direction) {
	fd.mu.Lock()
	fd.state |= lane(d, laneHeld)
	fd.mu.Unlock()
}

// Revisit makes the watcher be called once more in the loop's next turn, for reads, and for writes
// if they were refused.
func (fd *FD) Revisit() {
	fd.mu.Lock()
	if fd.state&(fdWatched|fdClosed) == fdWatched {
		fd.again(nil)
	}
	fd.mu.Unlock()
}

// Stir makes everything that waits try again, and the watcher be called, as after a hang-up: what
// it waits for may never come, since the descriptor was shut down. Not every system makes an edge
// of that.
func (fd *FD) Stir() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.state |= fdNoHint
	for d := Read; d <= Write; d++ {
		fd.state &^= lane(d, laneBlocked|laneEdgeless)
		fd.renew(d)
	}
	if fd.queue[Read] != nil || fd.queue[Write] != nil || fd.state&fdWatched != 0 {
		fd.again(nil)
	}
}

// Close ends the operations in the queue with net.ErrClosed, ends the registration, and closes the
// descriptor: at once, or when the last system call in flight on it is over. It does not wait. A
// second Close returns net.ErrClosed.
func (fd *FD) Close() error { return fd.leave(0, net.ErrClosed) }

// Detach is Close, but leaves the descriptor open and returns its number, or -1 if it was closed
// already.
func (fd *FD) Detach() (sysfd int, err error) {
	sysfd = fd.Sysfd()
	if err := fd.leave(fdKeep, net.ErrClosed); err != nil {
		return -1, err
	}
	return sysfd, nil
}

// Abandon is Close for a descriptor whose owner was collected without closing it, and logs that.
func (fd *FD) Abandon() {
	l, what := fd.Loop(), fd.String()
	fd.mu.Lock()
	lingers := fd.state&(fdLingers|fdClosed) == fdLingers
	fd.mu.Unlock()
	if lingers { // this goroutine is the garbage collector's, for all finalizers
		go fd.abandon(l, what)
		return
	}
	fd.abandon(l, what)
}

func (fd *FD) abandon(l *Loop, what string) {
	if fd.Close() == nil {
		log := defaults.config().Logger
		if l != nil {
			log = l.log
		}
		log.Warn("unclosed descriptor: closed by the garbage collector", "what", what)
	}
}

// leave is Close; why is what operations and the watcher get.
func (fd *FD) leave(keep fdState, why error) error {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 {
		fd.mu.Unlock()
		return net.ErrClosed
	}
	fd.state |= fdClosed | keep
	ended := why // of operations, whatever the watcher did
	if !errors.Is(why, net.ErrClosed) {
		ended = net.ErrClosed
	}
	for d := Read; d <= Write; d++ {
		fd.settleAll(d, ended)
	}
	if l := fd.loop; l != nil {
		// Before the number can belong to another file. ENOENT and the like leave nothing to do.
		l.poller.Delete(int(fd.sysfd), l.table.token(fd.slot))
		if fd.extra != nil {
			fd.extra.part(l)
		}
		if fd.state&fdWatched != 0 {
			w := fd.watcher
			fd.watcher = nil
			fd.state &^= fdWatched
			l.post(work{fn: func() { w.Closed(why) }})
		}
		l.table.remove(fd.slot) // last: the end of the loop waits for what is in the table
	}
	return fd.unlockAndClose()
}

// settleAll ends the operations of a lane. One that the loop is trying is settled when its attempt
// is over. mu is held.
func (fd *FD) settleAll(d Direction, err error) {
	for o := fd.first(d); o != nil; {
		next := fd.after(o)
		if o.state != opTrying {
			fd.remove(o)
			o.settle(err, nil)
		}
		o = next
	}
}

// String is for logs and leak reports: the number, and the watcher, by its String method if it has
// one.
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

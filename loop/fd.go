package loop

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// An FD is a descriptor that a loop drives. It joins a loop the first time that an operation must
// wait, and leaves the loop by Close or Detach. Before it joins it costs 72 bytes and no system
// call.
//
// The descriptor must be non-blocking. Each lane serves its operations first in, first out.
type FD struct {
	mu      sync.Mutex
	loop    *Loop     // mu; nil before the FD joins
	watcher Watcher   // mu
	extra   *extra    // mu; nil before anything on it has a deadline
	queue   [2]*entry // mu; per lane, the last operation of a ring: queue[d].next is the first
	slot    uint32    // mu; in the loop's table
	sysfd   int32     // mu; -1 once closed. A Windows SOCKET fits too: handles have 32 significant bits
	state   fdState   // mu
	users   uint16    // mu; system calls in flight outside of the lanes
	vain    [2]uint8  // mu; per lane, edges in a row whose attempt brought nothing
}

// A Watcher is called each time that its descriptor may be ready. Its methods run on the loop and
// must not block. They may call every other function, Close included.
type Watcher interface {
	// Ready reports that reads may succeed, or that writes may succeed after one that returned
	// ErrAgain. Read until ErrAgain, or stop early: if an attempt of this call has read something
	// (Outcome.N or Ops) and none returned ErrAgain, Ready runs again in the next turn.
	//
	// When the lane's deadline passes, Ready is called too, and attempts give
	// os.ErrDeadlineExceeded. After FD.CallWatcher r may be 0.
	Ready(r pollux.Ready)
	// Closed runs once, as the last call. err is net.ErrClosed after Close, a *PanicError after a
	// panic in Ready, and at the end of the loop net.ErrClosed or the poller's error. Closed does
	// not run after Unwatch.
	Closed(err error)
}

// NewFD returns an FD for an open non-blocking descriptor. The FD owns the descriptor from then on.
func NewFD(sysfd int) *FD {
	fd := new(FD)
	fd.Init(sysfd)
	return fd
}

// Init does the work of NewFD for an FD that is a field of another struct.
func (fd *FD) Init(sysfd int) { fd.sysfd = int32(sysfd) }

// Sysfd returns the descriptor's number, or -1 after Close.
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

// Now returns the time by the loop's clock. If the FD is on no loop, it is the time by
// timeouts.System.
func (fd *FD) Now() timeouts.Deadline {
	if l := fd.Loop(); l != nil {
		return l.clock.Now()
	}
	return timeouts.System.Now()
}

// Acquire keeps the descriptor open for a system call outside of the lanes, until Release. Error:
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

// Release ends the use that Acquire began.
func (fd *FD) Release() {
	fd.mu.Lock()
	fd.users--
	fd.unlockAndClose()
}

// idle reports whether no system call is in flight. The caller holds mu.
func (fd *FD) idle() bool {
	return fd.users == 0 && fd.state&(lane(Read, laneBusy)|lane(Write, laneBusy)) == 0
}

// unlockAndClose unlocks mu. It closes the descriptor if Close was called and no system call is in
// flight any more.
func (fd *FD) unlockAndClose() error {
	last := fd.state&fdClosed != 0 && fd.idle() && fd.sysfd >= 0
	sysfd, keep, lingers, l := int(fd.sysfd), fd.state&fdKeep != 0, fd.state&(fdLingers|fdSlowClose) != 0, fd.loop
	slow := fd.state&fdSlowClose != 0
	if last {
		fd.sysfd = -1
	}
	fd.mu.Unlock()
	switch {
	case !last || keep:
		return nil
	case lingers && onLoopGoroutine() && (slow || lingersAtClose(sysfd)):
		closeElsewhere(l, sysfd)
		return nil
	}
	return closeSysfd(sysfd)
}

// SetLingers marks that close(2) may block, because SO_LINGER may be set. A Close on a loop's
// goroutine then asks the kernel, and closes a lingering descriptor on a goroutine of the pool
// (Config.Workers). A Close on another goroutine blocks that goroutine.
func (fd *FD) SetLingers() {
	fd.mu.Lock()
	fd.state |= fdLingers
	fd.mu.Unlock()
}

// SetSlowClose marks that close(2) may block whatever SO_LINGER says. A Close on a loop's goroutine
// then always leaves the close(2) to the pool.
func (fd *FD) SetSlowClose() {
	fd.mu.Lock()
	fd.state |= fdSlowClose
	fd.mu.Unlock()
}

// ReadAtWriteEdges makes the loop try reads at the edges of writes too. It is for sockets whose
// reads can end with an edge that reports only writable.
func (fd *FD) ReadAtWriteEdges() {
	fd.mu.Lock()
	fd.state |= fdReadsToo
	fd.mu.Unlock()
}

// closeElsewhere closes a descriptor of l on another goroutine, so that the close(2) blocks no
// loop. l may be nil.
func closeElsewhere(l *Loop, sysfd int) {
	if l == nil {
		go closeSysfd(sysfd)
		return
	}
	l.pool.run(func() {
		if err := closeSysfd(sysfd); err != nil {
			l.log.Warn("closing a lingering descriptor failed", "fd", sysfd, "error", err)
		}
	})
}

// Join puts the descriptor on l. A descriptor on another loop moves to l, if nothing waits for it
// there. With a nil l it stays on its loop, or joins one of the default reactor's. A call that
// waits makes an attempt when its lane may be ready: if the descriptor moves during it, the call
// waits on the new loop afterwards.
//
// Errors: ErrOtherLoop if an operation or a watcher waits for it on another loop; net.ErrClosed if
// the FD or the loop is closed; *os.SyscallError as from Poller.Add.
func (fd *FD) Join(l *Loop) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if err := fd.part(l); err != nil {
		return err
	}
	return fd.join(l)
}

// part takes the descriptor off its loop if the loop is not l. The caller holds mu.
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
	fd.state &^= fdAgain | fdServed | fdDispatching | fdTook | fdMuted | lane(Read, laneReady|laneBlocked) | lane(Write, laneReady|laneBlocked)
	return nil
}

// join puts the descriptor on l if it is on no loop. The caller holds mu.
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
	fd.loop, fd.slot = l, slot // if the descriptor is ready now, the poller reports it first
	if fd.extra != nil {
		fd.extra.join()
	}
	return nil
}

// Rejoin ends the registration of the descriptor and makes it again, on the same loop. Call it when
// the kind of the socket has changed: a kqueue may decide at the registration which events it
// reports.
//
// Errors: *os.SyscallError as from Poller.Delete and Poller.Add.
func (fd *FD) Rejoin() error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	l := fd.loop
	if l == nil || fd.state&fdClosed != 0 {
		return nil
	}
	token := l.table.token(fd.slot)
	if err := l.poller.Delete(int(fd.sysfd), token); err != nil {
		return err
	}
	fd.state &^= fdMuted
	return l.poller.Add(int(fd.sysfd), token)
}

// Watch makes w the standing watcher, on l. If l is nil, the loop is the one that Join chooses. If
// the descriptor is ready, the loop calls w in its next turn. Operations in the queue are always
// served before the watcher is called.
//
// Errors: those of Join; ErrWatched; an error for a nil w.
func (fd *FD) Watch(l *Loop, w Watcher) error { return fd.WatchAfter(l, w, nil) }

// WatchAfter is Watch with a function that runs first, if the watcher can be set: before the first
// call of the watcher, and not at all after an error. It runs under the lock of the FD: it must not
// block and must not use the FD. A nil first does nothing.
func (fd *FD) WatchAfter(l *Loop, w Watcher, first func()) error {
	if w == nil {
		return missing("FD.Watch", "w")
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&(fdWatched|fdClosed) == fdWatched {
		return ErrWatched
	}
	if err := fd.part(l); err != nil {
		return err
	}
	joined := fd.loop != nil // the poller may then have reported the edge already
	if err := fd.join(l); err != nil {
		return err
	}
	if first != nil {
		first()
	}
	fd.watcher = w
	fd.state |= fdWatched
	fd.unmute()
	if joined && fd.state&lane(Read, laneBlocked) == 0 {
		fd.again(nil)
	}
	return nil
}

// CallWatcher makes the loop call the watcher's Ready in its next turn, even if nothing is ready: r
// is then 0, or names the lanes that are not blocked. CallWatcher does not wait and allocates
// nothing. Several calls before that turn cause one call of Ready. Without a watcher it does
// nothing.
//
// Use it for a watcher that left something unread and continues later, and on other goroutines that
// have work for the watcher. The watcher's code runs in Ready, so its panics are contained.
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

// Unwatch removes the watcher and returns it, or nil if the descriptor had none. The loop makes no
// new call to the watcher, also not to Closed. A call that is running continues. The descriptor
// stays on its loop and keeps its readiness. Operations can wait for it, Join can move it, and
// Watch can set another watcher, on this loop or another.
func (fd *FD) Unwatch() Watcher {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	w := fd.watcher
	fd.watcher = nil
	fd.state &^= fdWatched | fdCalled
	return w
}

// Renewed forgets an earlier hang-up and the blocked state of reads. Call it when a connect has
// succeeded, or when a connect that reads had to wait for is over.
func (fd *FD) Renewed() {
	fd.mu.Lock()
	fd.state &^= fdNoHint | lane(Read, laneBlocked)
	fd.renew(Read)
	if fd.queue[Read] != nil {
		fd.again(nil)
	}
	fd.mu.Unlock()
}

// Hold makes the loop call the watcher at the next edge of a lane, as after an attempt that was
// refused.
func (fd *FD) Hold(d Direction) {
	fd.mu.Lock()
	fd.state |= lane(d, laneHeld)
	fd.mu.Unlock()
}

// Busy reports whether another call is making an attempt in a lane. If so, the end of the attempt
// makes the loop call the watcher. It is for a watcher whose own attempt the lane would refuse now.
func (fd *FD) Busy(d Direction) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	busy := fd.state&lane(d, laneBusy) != 0
	if busy {
		fd.state |= lane(d, laneHeld)
	}
	return busy
}

// Revisit makes the loop call the watcher once more in its next turn: for reads, and for writes if
// an attempt to write was refused.
func (fd *FD) Revisit() {
	fd.mu.Lock()
	if fd.state&(fdWatched|fdClosed) == fdWatched {
		fd.again(nil)
	}
	fd.mu.Unlock()
}

// Stir makes every waiting operation try again and the loop call the watcher, as after a hang-up.
// Call it after a shutdown: the awaited event may never come, and not every system makes an edge of
// a shutdown.
func (fd *FD) Stir() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	fd.state |= fdNoHint
	for d := Read; d <= Write; d++ {
		fd.state &^= lane(d, laneBlocked)
		if fd.extra != nil {
			fd.extra.lanes[d].edgeless = false
		}
		fd.renew(d)
	}
	if fd.queue[Read] != nil || fd.queue[Write] != nil || fd.state&fdWatched != 0 {
		fd.again(nil)
	}
}

// Close ends the operations in the queue with net.ErrClosed, ends the registration, and closes the
// descriptor. If system calls on it are in flight, the last of them closes it. Close does not wait
// for them.
//
// Error: net.ErrClosed if the FD was closed before; otherwise that of close(2).
func (fd *FD) Close() error { return fd.leave(0, net.ErrClosed) }

// Detach is Close without close(2). It returns the open descriptor, or -1 and net.ErrClosed if the
// FD was closed before.
func (fd *FD) Detach() (sysfd int, err error) {
	sysfd = fd.Sysfd()
	if err := fd.leave(fdKeep, net.ErrClosed); err != nil {
		return -1, err
	}
	return sysfd, nil
}

// Abandon closes a descriptor whose owner was collected without closing it, and logs that.
func (fd *FD) Abandon() {
	l, what := fd.Loop(), fd.String()
	fd.mu.Lock()
	lingers := fd.state&(fdLingers|fdSlowClose) != 0 && fd.state&fdClosed == 0
	fd.mu.Unlock()
	if lingers { // this goroutine is the garbage collector's, which runs all finalizers
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

// leave does the work of Close. Operations and the watcher get why.
func (fd *FD) leave(keep fdState, why error) error {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 {
		fd.mu.Unlock()
		return net.ErrClosed
	}
	fd.state |= fdClosed | keep
	ended := why // the error of operations: net.ErrClosed if a failed watcher is the cause
	if !errors.Is(why, net.ErrClosed) {
		ended = net.ErrClosed
	}
	for d := Read; d <= Write; d++ {
		fd.settleAll(d, ended)
	}
	if l := fd.loop; l != nil {
		// Delete the registration before another file can get the number. Errors such as ENOENT
		// need no action.
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
		l.table.remove(fd.slot) // last, since the end of the loop waits until the table is empty
	}
	return fd.unlockAndClose()
}

// settleAll ends the operations of a lane. If the loop is trying one, the end of the attempt
// settles it. The caller holds mu.
func (fd *FD) settleAll(d Direction, err error) {
	for e := fd.first(d); e != nil; {
		next := fd.after(e)
		if e.state != opTrying {
			fd.remove(e)
			e.settle(err, nil)
		}
		e = next
	}
}

// String returns a text for logs and leak reports: the number, and the watcher. A watcher with a
// String method prints by that, any other by its type.
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

package pollux

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows reports completion where the other systems report readiness. A program gives its
// completion port an operation with a buffer, and the port reports its end. The Poller's contract
// is readiness. So all modes have the same code on all systems, a timeout loses no data, and an
// idle connection has no buffer. There are two ways to turn the one into the other.
//
// The first way is AFD, the driver below every socket of a Microsoft provider. It has an operation
// that moves no data: IOCTL_AFD_POLL asks for a set of events of a socket, and completes to a port
// when one of them is present. afd_windows.go uses it. So a poller is a completion port, and Wait
// takes packets from it. libuv, mio, wepoll and Trio use the same operation, and Windows builds
// select on it. The documentation of Windows does not have it, but every program that waits for
// sockets uses it.
//
// The second way is select itself, on a goroutine of its own (select_windows.go). It is for a
// socket of a provider that AFD does not know. There is no list of these: Add tries AFD, and uses
// select if AFD refuses.
//
// The costs:
//
//   - An AFD poll is one-shot, and so is the Poller (OneShot). A message for which a reader has
//     waited takes one system call to ask, one for the packet, and one to read. epoll needs only
//     the last two.
//   - If both directions of a registration are asked for, the poller asks anew after each event. To
//     ask for more events than the running poll does takes two calls and a packet: the running poll
//     must be ended first, see registration.
//   - A timeout has the resolution of the system's clock tick, 1 to 16 ms, and is never early.
//   - Go's own poller cannot wait for the port: scheduler_windows.go explains how it waits.

// batch is the largest number of packets that one system call takes.
const batch = 256

// These are the keys of packets.
const (
	keyAFD    = iota + 1 // a poll has ended; the packet's Overlapped tells which
	keySelect            // the selector has found events
	keyWake
)

type backend struct {
	port     windows.Handle
	strategy strategy
	woken    atomic.Bool // a packet of keyWake is on its way

	mu       sync.Mutex
	byFD     map[int]*registration // mu
	leaving  map[int]*registration // mu; deleted registrations whose poll has not ended: at most one for each socket
	helpers  []*helper             // mu; all helpers
	free     []*helper             // mu; helpers that can take another poll
	selector *selector             // mu; nil until a socket needs it

	// The goroutine that waits owns the fields below.
	room    int    // number of packets that fit
	timeout uint32 // the timeout of block, in milliseconds
	found   uint32 // number of packets in raw
	failure error  // the error of the call that filled raw
	raw     [batch]packet
}

// A packet is OVERLAPPED_ENTRY of <minwinbase.h>.
type packet struct {
	key        uintptr
	overlapped *windows.Overlapped
	internal   uintptr
	n          uint32
}

var (
	kernel32                        = windows.NewLazySystemDLL("kernel32.dll")
	procGetQueuedCompletionStatusEx = kernel32.NewProc("GetQueuedCompletionStatusEx")
)

func (b *backend) open(cfg *Config) error {
	if err := startWinsock(); err != nil {
		return err
	}
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1)
	if err != nil {
		return os.NewSyscallError("CreateIoCompletionPort", err)
	}
	b.port, b.strategy = port, newStrategy(cfg.Strategy, b.release)
	b.byFD, b.leaving = make(map[int]*registration), make(map[int]*registration)
	if _, err := b.newHelper(); err != nil {
		b.strategy.close()
		return err
	}
	return nil
}

// startWinsock makes sure that WSAStartup was called, in case the program uses no other network
// package.
var startWinsock = sync.OnceValue(func() error {
	var data windows.WSAData
	return os.NewSyscallError("WSAStartup", windows.WSAStartup(0x202, &data))
})

func (b *backend) oneShot() bool { return true }

func (b *backend) add(fd int, token Token) error {
	base, err := baseOf(windows.Handle(fd))
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byFD[fd] != nil {
		return os.NewSyscallError("add", syscall.EEXIST)
	}
	r := &registration{fd: fd, base: base, token: token, want: wantRead | wantWrite | wantUrgent}
	b.byFD[fd] = r
	if old := b.leaving[fd]; old != nil {
		old.next = r // its poll starts when the poll of old has ended
		return nil
	}
	if err := b.ask(r); err != nil {
		delete(b.byFD, fd)
		return err
	}
	return nil
}

func (b *backend) arm(fd int, token Token, want Ready) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.byFD[fd]
	if r == nil || r.token != token {
		return os.NewSyscallError("arm", syscall.ENOENT)
	}
	r.wish(want)
	if old := b.leaving[fd]; old != nil && old.next == r {
		return nil
	}
	return b.ask(r)
}

// mute returns false: an event is reported only after arm, so there is nothing to mute.
func (b *backend) mute(int, Token) (bool, error) { return false, nil }

func (b *backend) unmute(int, Token) error { return nil }

func (b *backend) delete(fd int, token Token) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.byFD[fd]
	if r == nil || r.token != token {
		return os.NewSyscallError("delete", syscall.ENOENT)
	}
	delete(b.byFD, fd)
	r.deleted = true
	if r.slow {
		b.selector.changed()
	}
	if old := b.leaving[fd]; old != nil {
		old.next = nil
	}
	if r.asked == 0 {
		return nil
	}
	b.leaving[fd] = r // the kernel writes into it until its poll has ended
	return b.cancel(r)
}

func (b *backend) wait(events []Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, os.NewSyscallError("wait", syscall.EINVAL)
	}
	b.room, b.found, b.failure = min(len(events), batch), 0, nil
	b.timeout = windows.INFINITE
	if timeout >= 0 {
		b.timeout = milliseconds(timeout)
	}
	if err := b.strategy.wait(b, timeout != 0); err != nil {
		return 0, err
	}
	if b.failure != nil {
		return 0, b.failure
	}
	kept, selected := 0, false
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.raw[:b.found] {
		p := &b.raw[i]
		switch p.key {
		case keyWake:
			b.woken.Store(false)
		case keySelect:
			selected = true
		case keyAFD:
			r := (*registration)(unsafe.Pointer(p.overlapped))
			p.overlapped = nil
			if r, ready := b.ended(r); ready != 0 {
				events[kept] = Event{r.token, ready}
				kept++
			}
		}
	}
	if selected {
		kept += b.selector.take(events[kept:])
	}
	return kept, nil
}

// milliseconds returns a timeout of the system, rounded up. The largest one that has an end is 49
// days.
func milliseconds(timeout time.Duration) uint32 {
	n := timeout / time.Millisecond
	if timeout%time.Millisecond != 0 {
		n++
	}
	return uint32(min(n, windows.INFINITE-1))
}

func (b *backend) look() bool { return b.takePackets(0) }

func (b *backend) block() { b.takePackets(b.timeout) }

// takePackets wraps GetQueuedCompletionStatusEx.
func (b *backend) takePackets(timeout uint32) bool {
	ok, _, errno := syscall.SyscallN(procGetQueuedCompletionStatusEx.Addr(), uintptr(b.port), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(b.room), uintptr(unsafe.Pointer(&b.found)), uintptr(timeout), 0)
	if ok != 0 {
		return b.found > 0
	}
	b.found = 0
	if errno == windows.WAIT_TIMEOUT {
		return false
	}
	b.failure = os.NewSyscallError("GetQueuedCompletionStatusEx", errno)
	return true
}

func (b *backend) yield() error { return b.strategy.pass(b) }

func (b *backend) crowded() time.Duration { return b.strategy.crowded() }

// wake posts a packet to the port, unless one is there already: each packet costs memory that is
// not paged.
func (b *backend) wake() error {
	if b.woken.Swap(true) {
		return nil
	}
	err := b.post(keyWake)
	if err != nil {
		b.woken.Store(false)
	}
	return err
}

func (b *backend) post(key uint32) error {
	return os.NewSyscallError("PostQueuedCompletionStatus", windows.PostQueuedCompletionStatus(b.port, 0, uintptr(key), nil))
}

// endsWithin limits the time that close waits for the kernel to end its polls. The kernel does that
// at once.
const endsWithin = time.Second

// abandoned holds registrations of closed pollers into which the kernel may still write.
var abandoned struct {
	sync.Mutex
	all []*registration
}

// close ends the running polls and waits for their ends: until then the kernel writes into their
// registrations.
func (b *backend) close() error {
	b.mu.Lock()
	selector := b.selector
	for fd, r := range b.byFD {
		r.deleted = true
		if r.asked != 0 {
			b.leaving[fd] = r
			b.cancel(r)
		}
	}
	clear(b.byFD)
	for _, r := range b.leaving {
		r.next = nil // the end of the poll must not start another one
	}
	b.mu.Unlock()
	if selector != nil {
		selector.close()
	}
	b.room, b.failure = batch, nil
	for until := monotonic() + endsWithin; b.pending() > 0 && b.failure == nil && monotonic() < until; {
		if b.takePackets(10) {
			b.mu.Lock()
			for i := range b.raw[:b.found] {
				if p := &b.raw[i]; p.key == keyAFD {
					b.ended((*registration)(unsafe.Pointer(p.overlapped)))
				}
			}
			b.mu.Unlock()
		}
	}
	errs := []error{b.failure}
	for _, r := range b.leaving { // empty, unless the kernel has not ended the polls in time
		abandoned.Lock()
		abandoned.all = append(abandoned.all, r)
		abandoned.Unlock()
	}
	errs = append(errs, b.strategy.close())
	runtime.KeepAlive(b)
	return errors.Join(errs...)
}

// release closes the handles.
func (b *backend) release() error {
	var errs []error
	for _, h := range b.helpers {
		errs = append(errs, os.NewSyscallError("CloseHandle", windows.CloseHandle(h.handle)))
	}
	return errors.Join(append(errs, os.NewSyscallError("CloseHandle", windows.CloseHandle(b.port)))...)
}

func (b *backend) pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.leaving)
}

//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"errors"
	"math"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Some facts about kqueue that this file relies on:
//
//   - A registration (a knote) belongs to a descriptor's number and a filter, in this process. A
//     close of the number ends it, even if another descriptor of the same file is left. A child of
//     fork(2) inherits no kqueue, so close-on-exec may be set later.
//   - EV_CLEAR makes an edge of every arrival, as EPOLLET does. READ and WRITE are separate events
//     and may come in two calls. The kernel reports WRITE at every ACK of the peer, and not only
//     when there is room again.
//   - EV_EOF on READ is the peer's half-close, and on WRITE the end of sending. It comes with the
//     data that is left to read. On NetBSD, a pipe's writer and a Unix socket whose peer has shut
//     down get it on READ alone. So this file reports it for both directions.
//   - On NetBSD and OpenBSD the kernel decides at the registration whether READ reports bytes or
//     connections. A socket that listens later must be deleted and added again (loop.FD.Rejoin).
//   - EV_ADD of a registration that exists modifies it and reports again what is ready. EEXIST does
//     not occur.
//   - A change list without room for events ends at its first error. The kernel has made the
//     changes before it, and not those after it.
//   - udata has the size of a pointer, and x/sys declares it as one on most systems. The value in
//     it is not a pointer, so the garbage collector must not see it. The buffers are of uint64, and
//     have the type Kevent_t only for the system call.
//   - A timeout counts in ticks of the kernel's clock, 10 ms long by default on NetBSD and OpenBSD.
//     It may end late, and never early.

// batch is the largest number of events that one system call fetches. It takes 8 KiB, 16 on
// FreeBSD.
const batch = 256

const (
	keventSize  = unsafe.Sizeof(unix.Kevent_t{})
	keventWords = (keventSize + 7) / 8
)

// wide is true if a Token fits into udata. Otherwise udata holds its generation, and tokens holds
// the token by descriptor. An event that was fetched before its number was added again is then
// reported to the new registration, if both have the same generation. The contract allows that.
const wide = unsafe.Sizeof(unix.Kevent_t{}.Udata) == 8

// A filter is a kind of event to ask for, and its meaning.
type filter struct {
	number int
	fflags uint32
	ready  Ready
}

// directions holds the filters that Add asks for. exceptional (poller_urgent.go,
// poller_noturgent.go) holds a filter for urgent data on systems that have one. READ, which every
// descriptor accepts, is the last one, see changeAny.
var directions = append(exceptional[:len(exceptional):len(exceptional)],
	filter{unix.EVFILT_WRITE, 0, Writable},
	filter{unix.EVFILT_READ, 0, Readable},
)

// mostFilters is the greatest length of directions.
const mostFilters = 3

type backend struct {
	kq       int
	waker    waker
	strategy strategy // owns kq

	mu     sync.Mutex
	tokens map[int]Token // mu; only if !wide

	// The goroutine that waits owns the fields below.
	timeout time.Duration
	room    int   // number of events that fit
	found   int   // number of events in raw
	errno   error // error of the call that filled raw
	raw     [batch * keventWords]uint64
}

func (b *backend) open(cfg *Config) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(kq)
	*b = backend{kq: kq}
	b.strategy = newStrategy(cfg.Strategy, func() error { return os.NewSyscallError("close", unix.Close(kq)) })
	if !wide {
		b.tokens = make(map[int]Token)
	}
	if err := b.waker.open(b); err != nil {
		b.close()
		return err
	}
	return nil
}

// keventsIn returns words in the system's type.
func keventsIn(words []uint64) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(&words[0])), uintptr(len(words))*8/keventSize)
}

// udata returns the place where the kernel keeps a number for the caller.
func udata(k *unix.Kevent_t) *uintptr { return (*uintptr)(unsafe.Pointer(&k.Udata)) }

// change makes the same change to several filters of fd.
func (b *backend) change(fd, flags int, data uintptr, filters ...filter) error {
	var words [mostFilters * keventWords]uint64
	changes := keventsIn(words[:])[:len(filters)]
	for i, f := range filters {
		unix.SetKevent(&changes[i], fd, f.number, flags)
		changes[i].Fflags = f.fflags
		*udata(&changes[i]) = data
	}
	for {
		_, err := unix.Kevent(b.kq, changes, nil, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// changeAny makes a change to all directions, and succeeds if one of them accepts it: a pipe has no
// urgent data, and may have only one direction. Otherwise it returns the first error.
//
// The first call ends at the direction that does not accept the change. If the change is EV_DELETE,
// READ is still registered then, because it is the last one, and its deletion is the success.
func (b *backend) changeAny(fd, flags int, data uintptr) error {
	if b.change(fd, flags, data, directions...) == nil {
		return nil
	}
	var first error
	changed := false
	for _, f := range directions {
		err := b.change(fd, flags, data, f)
		if err == nil {
			changed = true
		} else if first == nil {
			first = err
		}
	}
	if changed {
		return nil
	}
	return os.NewSyscallError("kevent", first)
}

func (b *backend) oneShot() bool { return false }

func (b *backend) add(fd int, token Token) error {
	if !wide { // store the token before the first event
		b.mu.Lock()
		b.tokens[fd] = token
		b.mu.Unlock()
	}
	err := b.changeAny(fd, unix.EV_ADD|unix.EV_CLEAR, uintptr(token))
	if err != nil && !wide {
		b.forget(fd)
	}
	return err
}

func (b *backend) forget(fd int) {
	b.mu.Lock()
	delete(b.tokens, fd)
	b.mu.Unlock()
}

func (b *backend) arm(int, Token, Ready) error { return nil }

func (b *backend) mute(int, Token) (bool, error) { return false, nil }

func (b *backend) unmute(int, Token) error { return nil }

func (b *backend) delete(fd int, _ Token) error {
	if !wide {
		b.forget(fd)
	}
	return b.changeAny(fd, unix.EV_DELETE, 0)
}

func (b *backend) wait(events []Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, os.NewSyscallError("kevent", unix.EINVAL)
	}
	b.room = min(len(events), batch)
	b.found, b.errno = 0, nil
	b.timeout = timeout
	if err := b.strategy.wait(b, timeout != 0); err != nil {
		return 0, err
	}
	if b.errno != nil {
		if errors.Is(b.errno, unix.EINTR) {
			return 0, nil
		}
		return 0, os.NewSyscallError("kevent", b.errno)
	}
	return b.report(events), nil
}

// report puts the found events into events, and returns their number.
func (b *backend) report(events []Event) (kept int) {
	if !wide {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	found := keventsIn(b.raw[:])[:b.found]
	for i := range found {
		k := &found[i]
		token := Token(*udata(k))
		if token.Generation() == 0 {
			b.waker.over()
			continue // this event only had to end the wait
		}
		if !wide {
			generation := token
			if token = b.tokens[int(k.Ident)]; Token(token.Generation()) != generation {
				continue // the registration was deleted meanwhile
			}
		}
		events[kept] = Event{Token: token, Ready: readyOf(k)}
		kept++
	}
	return kept
}

func readyOf(k *unix.Kevent_t) (r Ready) {
	for _, f := range directions {
		if f.number == int(k.Filter) {
			r = f.ready
		}
	}
	if int(k.Flags)&unix.EV_EOF != 0 {
		r |= Readable | Writable | Hangup
	}
	return r
}

func (b *backend) look() bool {
	var none unix.Timespec
	return b.fetch(&none)
}

// longest is the longest timeout that all systems accept. Some refuse 100,000,000 seconds and more,
// and time_t may have 32 bits.
const longest = math.MaxInt32 * time.Millisecond

func (b *backend) block() {
	if b.timeout < 0 {
		b.fetch(nil)
		return
	}
	limit := unix.NsecToTimespec(int64(min(b.timeout, longest)))
	b.fetch(&limit)
}

func (b *backend) fetch(limit *unix.Timespec) bool {
	b.found, b.errno = unix.Kevent(b.kq, nil, keventsIn(b.raw[:])[:b.room], limit)
	if b.errno != nil {
		b.found = 0
	}
	return b.found > 0 || b.errno != nil
}

func (b *backend) yield() error { return b.strategy.pass(b) }

func (b *backend) crowded() time.Duration { return b.strategy.crowded() }

func (b *backend) wake() error { return b.waker.wake(b) }

func (b *backend) close() error { return errors.Join(b.waker.close(), b.strategy.close()) }

//go:build darwin || freebsd || dragonfly

package pollux

import (
	"os"

	"golang.org/x/sys/unix"
)

// waker makes an event of the poller's own by EVFILT_USER, a filter without a descriptor.
type waker struct{}

// wakeIdent is its number. The filter has numbers of its own, so that it does not matter which
// descriptor has it.
const wakeIdent = 0

func (*waker) open(b *backend) error {
	return os.NewSyscallError("kevent", b.change(wakeIdent, unix.EV_ADD|unix.EV_CLEAR, 0, filter{number: unix.EVFILT_USER}))
}

func (*waker) wake(b *backend) error {
	return os.NewSyscallError("kevent", b.change(wakeIdent, 0, 0, filter{number: unix.EVFILT_USER, fflags: unix.NOTE_TRIGGER}))
}

func (*waker) over()        {}
func (*waker) close() error { return nil }

//go:build netbsd || openbsd

package pollux

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// waker makes an event of the poller's own by a pipe: NetBSD before 10 and OpenBSD before 7.8 have
// no EVFILT_USER. The pipe has to be emptied, since a write to a full one makes no edge.
type waker struct{ r, w int }

func (k *waker) open(b *backend) error {
	var p [2]int
	k.r, k.w = -1, -1
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	k.r, k.w = p[0], p[1]
	return os.NewSyscallError("kevent", b.change(k.r, unix.EV_ADD|unix.EV_CLEAR, 0, filter{number: unix.EVFILT_READ}))
}

func (k *waker) wake(*backend) error {
	for {
		_, err := unix.Write(k.w, []byte{0})
		switch err {
		case unix.EINTR:
			continue
		case nil, unix.EAGAIN: // if it is full, an edge of an earlier byte is still to be reported, or its Wait has not returned yet
			return nil
		}
		return os.NewSyscallError("write", err)
	}
}

func (k *waker) over() {
	var buf [512]byte
	for {
		n, err := unix.Read(k.r, buf[:])
		if n < len(buf) && err != unix.EINTR {
			return
		}
	}
}

func (k *waker) close() error {
	var errs []error
	for _, fd := range []int{k.r, k.w} {
		if fd >= 0 {
			errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
		}
	}
	return errors.Join(errs...)
}

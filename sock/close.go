package sock

import (
	"errors"
	"net"
	"runtime"
)

// Close closes the socket. Whoever waits on it gets net.ErrClosed; so does every later call. If a
// system call is in flight just now on another thread, the descriptor is closed when that is over.
// A second Close does nothing.
//
// What was sent is still delivered, as the system does it (see SO_LINGER). Files that Makefile gave
// go on, and the last to be closed closes the descriptor.
//
// With SO_LINGER above 0 a goroutine waits in Close until what was sent has arrived, or the time is
// over. A callback or a task does not wait: the loop's pool closes the descriptor.
func (s *Socket) Close() error {
	shared, err := false, error(nil)
	if s.flags.Load()&hasFiles != 0 {
		shared, err = s.leaveToFiles()
	}
	if !shared {
		err = s.fd.Close()
	}
	runtime.SetFinalizer(s.base(), nil)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return s.fail("close", Addr{}, err)
}

// Close is Python's socket.close(fd): it closes a descriptor that is no Socket's. That the peer has
// reset the connection (ECONNRESET) is no error.
//
// Errors: EBADF, of a negative descriptor an *ArgError that is EBADF too.
func Close(sysfd int) error {
	if sysfd < 0 {
		return failed("close", AF_UNSPEC, negativeFD("fd", sysfd))
	}
	if err := cInt("fd", sysfd); err != nil {
		return failed("close", AF_UNSPEC, err)
	}
	return failed("close", AF_UNSPEC, sysClose(sysfd))
}

// Detach puts the socket in the closed state and leaves the descriptor open, which is the caller's
// then: its number, or -1 if it was closed before. The descriptor is blocking if the socket was, so
// that another program finds what it expects; but not if a duplicate was made of it here, which
// would become blocking too.
func (s *Socket) Detach() int {
	sysfd, err := s.fd.Detach()
	runtime.SetFinalizer(s.base(), nil)
	if err != nil {
		return -1
	}
	if s.timeout.Load() < 0 && s.flags.Load()&isShared == 0 {
		sysSetNonblock(sysfd, false)
	}
	return sysfd
}

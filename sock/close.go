package sock

import (
	"errors"
	"net"
	"runtime"
)

// Close closes the socket. Pending operations and later calls fail with net.ErrClosed. If another
// thread is in a system call on the socket, the descriptor is closed after that call returns. A
// second Close does nothing.
//
// The system still delivers data that was sent (see SO_LINGER). Files made by Makefile stay usable:
// the last of them to be closed closes the descriptor.
//
// With SO_LINGER above 0, Close blocks a goroutine until the data has arrived or the linger time is
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

// Close wraps close(2) for a descriptor that belongs to no Socket: Python's socket.close(fd).
// ECONNRESET, a connection that the peer has reset, is no error.
//
// Errors: EBADF. For a negative descriptor it is an *ArgError that matches EBADF too.
func Close(sysfd int) error {
	if sysfd < 0 {
		return failed("close", AF_UNSPEC, negativeFD("fd", sysfd))
	}
	if err := cInt("fd", sysfd); err != nil {
		return failed("close", AF_UNSPEC, err)
	}
	return failed("close", AF_UNSPEC, sysClose(sysfd))
}

// Detach puts the socket in the closed state, leaves the descriptor open and returns its number.
// The descriptor then belongs to the caller. The result is -1 if the socket was already closed.
//
// If the socket was blocking, the descriptor becomes blocking, as another program expects. It stays
// non-blocking if this program made a duplicate of it, since the duplicate would become blocking
// too.
func (s *Socket) Detach() int {
	sysfd, err := s.fd.Detach()
	runtime.SetFinalizer(s.base(), nil)
	if err != nil {
		return -1
	}
	if s.patience(0) == Forever && s.flags.Load()&isShared == 0 {
		sysSetNonblock(sysfd, false)
	}
	return sysfd
}

// OrClosed returns s. For a nil s, and for the zero Socket, it returns a closed socket instead,
// whose operations fail with net.ErrClosed. It is for types that have a Socket: with it, their zero
// values return errors and do not panic.
func (s *Socket) OrClosed() *Socket {
	if s == nil || s.core == nil {
		return closedSocket
	}
	return s
}

var closedSocket = func() *Socket {
	s := &Socket{core: new(core)}
	s.fd.Init(-1)
	s.fd.Detach() // closes it without a system call
	return s
}()

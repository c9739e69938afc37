package sock

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// tryConnect starts a connect. Later attempts ask the system for its state.
func tryConnect(o *op, sysfd int) (loop.Outcome, error) {
	s := o.s
	if s.flags.Load()&connectBegun != 0 {
		out, err := s.connectEnd(sysfd, o.sa[:o.salen])
		if err == loop.ErrAgain {
			o.started = true
			s.flags.Or(connectWaits) // the end of another operation may have cleared it
		}
		return out, err
	}
	s.connects()
	err := sysConnect(sysfd, o.sa[:o.salen])
	switch err {
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
		o.started = true
		s.flags.Or(connectWaits)
		s.connected(true)
		return loop.Outcome{}, loop.ErrAgain
	case syscall.EAGAIN:
		s.connected(false)
		if s.patience(0) == Forever {
			return loop.Outcome{Retry: &queueRetry}, loop.ErrAgain
		}
		return loop.Outcome{}, err
	case nil:
		s.fd.Renewed()
	}
	s.connected(false)
	return loop.Outcome{}, err
}

// Connect wraps connect(2). If the host of to is a name, Connect resolves it first and takes the
// first address.
//
// On a non-blocking socket, Connect returns EINPROGRESS and the system goes on connecting. A later
// Connect returns EALREADY while that is in progress, then once nil or the failure, then EISCONN.
// After a timeout or a cancel the system goes on connecting too: close the socket.
//
// If the backlog of a Unix listener is full, Connect on a blocking socket waits. On other sockets
// it returns ErrWouldBlock, and a handler gets a call of Writable when a new try makes sense.
//
// While a Connect is pending, receives wait for its end, so that Connect gets the error. After a
// failure the socket can connect again if the system allows it: on Linux TCP, Unix and VSOCK
// sockets.
//
// Errors: an *families.AddrError for a bad address, a *GaiError for a host that is not found,
// os.ErrDeadlineExceeded, net.ErrClosed, ECONNREFUSED, EISCONN, and other errors of the system.
func (s *Socket) Connect(to Addr) error {
	o := s.newOp(loop.Write, tryConnect)
	defer o.done()
	err := s.encode(o, to)
	if err == nil {
		err = s.connect(o)
	}
	return s.fail("connect", to, err)
}

// connect makes a connect to the address in o.
func (s *Socket) connect(o *op) error {
	if s.patience(0) == 0 {
		return s.connectNow(o)
	}
	err := s.run(o)
	s.flags.And(^uint32(connectWaits))
	return err
}

// connectNow makes a connect that does not wait.
func (s *Socket) connectNow(o *op) error {
	// Blind: an earlier connect that is in progress must not keep this call from the answer of the
	// system. The lane still learns the result.
	c := loop.Call{Lane: loop.Write, Blind: true}
	if err := s.fd.Begin(&c); err != nil {
		if err == loop.ErrAgain && s.flags.Load()&connectBegun != 0 {
			err = syscall.EALREADY // another call asks for the state of the same connect
		}
		return err
	}
	var err error
	learned, begun := error(nil), false
	var out loop.Outcome
	if s.flags.Load()&connectBegun != 0 {
		if _, err = s.connectEnd(c.Sysfd, o.sa[:o.salen]); err == loop.ErrAgain {
			err, learned = syscall.EALREADY, loop.ErrAgain
		}
	} else {
		s.connects()
		err = sysConnect(c.Sysfd, o.sa[:o.salen])
		switch {
		case err == syscall.EINPROGRESS, err == syscall.EALREADY:
			begun, learned = true, loop.ErrAgain
			s.flags.Or(connectBegun | connectUntold)
		default:
			s.connected(false)
		}
		if err == syscall.EAGAIN && s.fd.Watcher() != nil { // a full backlog: a handler is called when a new try makes sense
			learned, out.Retry = loop.ErrAgain, &queueRetry
		}
	}
	c.Blind = false
	s.fd.End(&c, &out, learned)
	if learned != nil && s.fd.Begin(&c) == nil {
		s.fd.End(&c, &loop.Outcome{}, nil) // an edge came meanwhile: the lane is not blocked
	}
	switch {
	case begun:
		// Only now may a handler hear of the end: its Connect needs the lane.
		s.flags.And(^uint32(connectCalls))
		s.fd.Revisit() // the event of the end may have come during the call
	case err == nil:
		s.fd.Renewed()
	}
	return err
}

// ConnectEx is Connect with the errno as a result: in Python, socket.connect_ex. errno is 0 for
// success, EAGAIN after the timeout, EBADF for a closed socket. err is set for a failure outside
// the system call: an address that cannot be used, or a context that has ended.
func (s *Socket) ConnectEx(to Addr) (errno syscall.Errno, err error) {
	o := s.newOp(loop.Write, tryConnect)
	defer o.done()
	if err := s.encode(o, to); err != nil { // perhaps an errno too: that of an interface that does not exist
		return 0, s.fail("connect_ex", to, err)
	}
	err = s.connect(o)
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &errno):
		return hostErrno(errno), nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, loop.ErrAgain):
		return hostErrno(syscall.EAGAIN), nil
	case errors.Is(err, net.ErrClosed):
		return noSocket, nil
	}
	return 0, s.fail("connect_ex", to, err)
}

package sock

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// tryConnect starts a connection, and from then on asks what has become of it.
func tryConnect(o *op, sysfd int) (loop.Outcome, error) {
	s := o.s
	if s.flags.Load()&connectBegun != 0 {
		out, err := s.connectEnd(sysfd, o.sa[:o.salen])
		if err == loop.ErrAgain {
			o.started = true
			s.flags.Or(connectWaits) // another operation's end may have taken it away
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
		if s.timeout.Load() < 0 {
			return loop.Outcome{Retry: fullRetry, Most: fullMost, Edgeless: true}, loop.ErrAgain
		}
		return loop.Outcome{}, err
	case nil:
		s.fd.Renewed()
	}
	s.connected(false)
	return loop.Outcome{}, err
}

// Connect wraps connect(2). The host of to is resolved first if it is a name; the first address
// counts.
//
// A non-blocking socket returns EINPROGRESS, and connects; a later Connect returns EALREADY until
// it has, then nil once or the failure, then EISCONN. After a timeout or a cancel the socket goes
// on connecting too: close it. A Unix listener whose backlog is full makes a blocking Connect wait,
// and any other return ErrWouldBlock; then Writable tells a handler to try again.
//
// While a Connect waits, receives wait for its end: an error is told by Connect. After a failure
// the socket can connect again, where the system lets it: on Linux TCP, Unix and VSOCK sockets.
//
// Errors: an *families.AddrError for a bad address, a *GaiError for a host that is not found,
// os.ErrDeadlineExceeded, net.ErrClosed, ECONNREFUSED, EISCONN, and what else the system says.
func (s *Socket) Connect(to Addr) error {
	err := s.connect(to)
	if bad, ok := err.(badAddr); ok {
		err = bad.error
	}
	return s.fail("connect", to, err)
}

// badAddr is what is wrong with an address, of which there may be an errno too: that of an
// interface that there is not.
type badAddr struct{ error }

func (s *Socket) connect(to Addr) error {
	o := s.newOp(loop.Write, tryConnect)
	defer o.done()
	if err := s.encode(o, to); err != nil {
		return badAddr{err}
	}
	if s.timeout.Load() != 0 {
		err := s.run(o)
		s.flags.And(^uint32(connectWaits))
		return err
	}
	return s.connectNow(o)
}

// connectNow is a connect that does not wait.
func (s *Socket) connectNow(o *op) error {
	// Blind, since an earlier connect that is in progress must not keep this one from the system's
	// answer. But the lane learns.
	c := loop.Call{Lane: loop.Write, Blind: true}
	if err := s.fd.Begin(&c); err != nil {
		return err
	}
	var err error
	learned, watched := error(nil), false
	var out loop.Outcome
	if s.flags.Load()&connectBegun != 0 {
		if _, err = s.connectEnd(c.Sysfd, o.sa[:o.salen]); err == loop.ErrAgain {
			err, learned = syscall.EALREADY, loop.ErrAgain
		}
	} else {
		s.connects()
		err = sysConnect(c.Sysfd, o.sa[:o.salen])
		begun := err == syscall.EINPROGRESS || err == syscall.EALREADY
		if begun {
			learned, watched = loop.ErrAgain, s.fd.Watcher() != nil
		}
		s.connected(begun)
		if err == syscall.EAGAIN && s.fd.Watcher() != nil { // a full backlog: a handler is called when it is worth another try
			learned, out = loop.ErrAgain, fullQueue(out)
		}
	}
	c.Blind = false
	if again, _ := s.fd.End(&c, out, learned); again {
		s.fd.End(&c, loop.Outcome{}, nil) // an edge came meanwhile: the lane is not blocked
	}
	switch {
	case watched:
		s.fd.Revisit() // an event of the end may have come during the call
	case err == nil:
		s.fd.Renewed()
	}
	return err
}

// ConnectEx is Connect, but gives failures of the call as errno: in Python, socket.connect_ex. 0 is
// success, EAGAIN that the timeout has passed, EBADF that the socket is closed. err is for what is
// no failure of the call: an address that cannot be used, a context that has ended.
func (s *Socket) ConnectEx(to Addr) (errno syscall.Errno, err error) {
	err = s.connect(to)
	bad, isBad := err.(badAddr)
	switch {
	case err == nil:
		return 0, nil
	case isBad:
		return 0, s.fail("connect_ex", to, bad.error)
	case errors.As(err, &errno):
		return hostErrno(errno), nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, loop.ErrAgain):
		return hostErrno(syscall.EAGAIN), nil
	case errors.Is(err, net.ErrClosed):
		return noSocket, nil
	}
	return 0, s.fail("connect_ex", to, err)
}

package sock

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

// backlogRetry is how soon a connect is tried again that waits for room in a Unix listener's
// backlog, which makes no edge.
const backlogRetry = time.Millisecond

// tryConnect starts a connection, and from then on asks what has become of it by the same call:
// that tells in every state, and leaves the socket as a blocking connect would.
//
// But Bluetooth's connect tells nothing of the kind when it is called again.
func tryConnect(o *op, sysfd int) (loop.Outcome, error) {
	err := o.s.sysConnect(sysfd, o.sa[:o.salen], o.started)
	switch err {
	case nil:
		o.s.fd.Renewed()
		return loop.Outcome{}, nil
	case syscall.EISCONN:
		if o.started {
			o.s.fd.Renewed()
			return loop.Outcome{}, nil
		}
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
		o.started = true
		return loop.Outcome{}, loop.ErrAgain
	case syscall.EAGAIN:
		if o.s.timeout.Load() < 0 {
			return loop.Outcome{Retry: backlogRetry}, loop.ErrAgain
		}
	}
	return loop.Outcome{}, err
}

// sysConnect is connect(2), which may have been called before if again is true. Of IP and AF_UNIX
// another connect tells the failure of the last; AF_VSOCK answers EALREADY for ever after one that
// was refused, or begins again (vsock_connect of net/vmw_vsock/af_vsock.c). There SO_ERROR tells,
// and it does in the other families too.
func (s *core) sysConnect(sysfd int, sa []byte, again bool) error {
	if s.has(quirkConnectOnce) {
		return s.connectOnce(sysfd, sa)
	}
	if again && s.family != AF_INET && s.family != AF_INET6 && s.family != AF_UNIX && (s.typ == SOCK_STREAM || s.typ == SOCK_SEQPACKET) {
		if err := sysSockError(sysfd); err != nil {
			return err
		}
	}
	return sysConnect(sysfd, sa)
}

// connectOnce calls connect(2) once, and then asks in another way what has become of it, with the
// results that another connect(2) has elsewhere.
func (s *core) connectOnce(sysfd int, sa []byte) error {
	if s.flags.Load()&isConnecting == 0 {
		err := sysConnect(sysfd, sa)
		if err == syscall.EINPROGRESS {
			s.flags.Or(isConnecting)
		}
		return err
	}
	err := sysConnected(sysfd)
	if err == loop.ErrAgain {
		return syscall.EALREADY
	}
	s.flags.And(^uint32(isConnecting))
	return err
}

// Connect wraps connect(2). The host of to is resolved first if it is a name; the first address
// counts.
//
// A non-blocking socket returns EINPROGRESS, and connects; a later Connect returns EALREADY until
// it has, then nil once or the failure, then EISCONN. After a timeout or a cancel the socket goes
// on connecting too: close it. A Unix listener whose backlog is full makes a blocking Connect wait,
// and any other return ErrWouldBlock.
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
		return s.run(o)
	}
	// Blind, since an earlier connect that is in progress must not keep this one from the system's
	// answer. But the lane learns.
	c := loop.Call{Lane: loop.Write, Blind: true}
	if err := s.fd.Begin(&c); err != nil {
		return err
	}
	err := s.sysConnect(c.Sysfd, o.sa[:o.salen], true)
	learned := err
	if err == syscall.EINPROGRESS || err == syscall.EALREADY {
		learned = loop.ErrAgain
	}
	c.Blind = false
	if again, _ := s.fd.End(&c, loop.Outcome{}, learned); again {
		s.fd.End(&c, loop.Outcome{}, nil) // an edge came meanwhile: the lane is not blocked
	}
	if err == nil {
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

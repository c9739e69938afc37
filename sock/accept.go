package sock

import (
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

// acceptRetry is how long an accept first waits for descriptors that have run out; it doubles up to
// a second.
const acceptRetry = 5 * time.Millisecond

func tryAccept(o *op, sysfd int) (loop.Outcome, error) {
	sa, salen := &o.sa, &o.salen
	*salen = uint32(len(sa))
	if o.s.has(quirkNamelessPeer) {
		// Its accepted sockets have no names: asked for one, accept4 fails with ECONNABORTED, and
		// the connection is lost.
		sa, salen, o.salen = nil, nil, 0
	}
	newfd, err := sysAccept(sysfd, sa, salen)
	if err == loop.ErrAgain && o.HungUp && (o.Timeout != 0 || o.s.fd.Watcher() != nil) && sysReadsEnded(sysfd) {
		err = syscall.EINVAL // it was shut down: as a blocking call says, while this one would say EAGAIN for ever
	}
	if errno, ok := err.(syscall.Errno); ok && outOfResources(errno) {
		// The connection stays in the backlog, and makes no second edge: the lane is tried again
		// after a while. Nothing else needs to know, the connections there are least of all.
		o.cause = errno
		return loop.Outcome{Retry: acceptRetry, Cause: errno}, loop.ErrAgain
	}
	if o.newfd = newfd; err != nil {
		out := loop.Outcome{}
		if err == syscall.ECONNABORTED { // that connection is gone, and others may be there
			out.Ops = 1
		}
		return out, err
	}
	return loop.Outcome{N: 1}, nil
}

func outOfResources(errno syscall.Errno) bool {
	return errno == syscall.EMFILE || errno == syscall.ENFILE || errno == syscall.ENOBUFS || errno == syscall.ENOMEM
}

// Accept wraps accept4(2): the next connection, and the peer's address. The new socket is
// close-on-exec, of the listener's family, type and proto; it has the default timeout. Accept of a
// view returns the socket in the same view.
//
// When descriptors have run out (EMFILE, ENFILE, ENOBUFS, ENOMEM), Accept does not fail: it backs
// off, 5 ms at first and up to a second, says so in the log, and goes on once there are some. Only
// a non-blocking socket without a Handler returns the error.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed, EINVAL if it is not listening.
func (s *Socket) Accept() (*Socket, Addr, error) {
	o := s.newOp(loop.Read, tryAccept)
	err := s.run(o)
	c, from, err := s.accepted(o, err)
	o.done()
	if err != nil {
		return nil, Addr{}, err
	}
	return View{s.who}.of(c), from, nil
}

// accepted makes of an accept what its caller gets. The socket is in no view.
func (s *core) accepted(o *op, err error) (*Socket, Addr, error) {
	var from Addr
	if err == loop.ErrAgain && o.cause != nil && !s.hasHandler() {
		err = o.cause
	}
	if err == nil {
		if from, err = s.decode(o.sa[:o.salen]); err != nil {
			sysClose(o.newfd)
		}
	}
	if err != nil {
		return nil, Addr{}, s.fail("accept", Addr{}, err)
	}
	c := newSocket(o.newfd, Family(s.family), Type(s.typ), Protocol(s.proto), defaultTimeout.Load())
	if f := s.flags.Load(); f&(hasULP|mayLinger|isShared) != 0 { // options of the listener are the connection's too
		c.flags.Or(f & hasULP)
		c.lingers()
	}
	return c, from, nil
}

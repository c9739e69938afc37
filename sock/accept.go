package sock

import (
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

// acceptRetry is the first wait of an accept after descriptors have run out. The wait doubles, up
// to one second.
const acceptRetry = 5 * time.Millisecond

func tryAccept(o *op, sysfd int) (loop.Outcome, error) {
	sa, salen := &o.sa, &o.salen
	*salen = uint32(len(sa))
	if o.s.has(quirkNamelessPeer) {
		// The sockets that this listener accepts have no names. If the call asks for the name,
		// accept4 fails with ECONNABORTED, and the connection is lost.
		sa, salen, o.salen = nil, nil, 0
	}
	newfd, err := sysAccept(sysfd, sa, salen)
	if err == loop.ErrAgain && o.HungUp && (o.Timeout != 0 || o.s.fd.Watcher() != nil) && sysListenerEnded(sysfd) {
		// The listener was shut down. A blocking call returns EINVAL, this one would return EAGAIN
		// forever. A connection may have come before the shutdown, and after the first accept.
		if newfd, err = sysAccept(sysfd, sa, salen); err == loop.ErrAgain {
			err = syscall.EINVAL
		}
	}
	if errno, ok := err.(syscall.Errno); ok && outOfResources(errno) {
		// The connection stays in the backlog and makes no second edge. So the lane tries again
		// after a while. The connections that are already open need no change.
		o.cause = errno
		return loop.Outcome{Retry: &loop.Retry{After: acceptRetry, Cause: errno}}, loop.ErrAgain
	}
	if o.newfd = newfd; err != nil {
		out := loop.Outcome{}
		if err == syscall.ECONNABORTED { // that connection is gone, but others may be waiting
			out.Ops = 1
		}
		return out, err
	}
	return loop.Outcome{N: 1}, nil
}

// PassesOptions reports whether the connections that the socket accepts get its options of TCP,
// such as TCP_NODELAY and the keep-alive times: a TCP socket on Linux (tcp_create_openreq_child of
// net/ipv4/tcp_minisocks.c). It is false for Multipath TCP. Where it is false, the program sets the
// options of each connection.
func (s *Socket) PassesOptions() bool {
	return runtime.GOOS == "linux" && s.isTCP() && (s.proto == 0 || s.proto == IPPROTO_TCP)
}

func outOfResources(errno syscall.Errno) bool {
	return errno == syscall.EMFILE || errno == syscall.ENFILE || errno == syscall.ENOBUFS || errno == syscall.ENOMEM
}

// Accept wraps accept4(2). It returns the next connection and the address of the peer.
//
// The new socket is close-on-exec. It has the family, type and protocol of the listener, and the
// default timeout. On a view, Accept returns the socket in the same view.
//
// Accept does not fail when descriptors run out (EMFILE, ENFILE, ENOBUFS, ENOMEM). It logs this and
// tries again after 5 ms; the wait doubles, up to 1 s. Only a non-blocking socket without a Handler
// returns the error.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed, EINVAL if the socket is not
// listening.
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

// accepted makes the results of Accept from a finished operation. The new socket is in no view.
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
	c := newSocket(o.newfd, Family(s.family), Type(s.typ), Protocol(s.proto), DefaultTimeout())
	if f := s.flags.Load(); f&(hasULP|mayLinger|isShared) != 0 { // the connection inherits the options of the listener
		c.flags.Or(f & hasULP)
		c.lingers()
	}
	return c, from, nil
}

package sock

import (
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// Attempt makes a system call of the caller's own on the socket, and waits as the other methods do:
// in this goroutine, in a task (In), until a context ends (With), for the socket's timeout.
//
// try makes one call on the descriptor, which is non-blocking. It returns EAGAIN (or ErrWouldBlock)
// if the socket is not ready in direction d; Attempt then waits, and calls try again. Any other
// result ends the operation. try must not block, must not close the descriptor, and may run on the
// loop's goroutine. The Outcome says how many bytes and operations the call moved, and what else
// the loop can use; its zero value is right for most calls.
//
// op names the operation in errors: "op family: text".
//
// Errors: what try returns, ErrWouldBlock in non-blocking mode, os.ErrDeadlineExceeded,
// net.ErrClosed, the cause of the context.
func (s *Socket) Attempt(op string, d loop.Direction, try func(sysfd int) (loop.Outcome, error)) error {
	o := s.newOp(d, tryOwn)
	o.own = try
	err := s.run(o)
	o.done()
	return s.fail(op, Addr{}, err)
}

// TryRecv is one recv(2) for the try function of Attempt, on the descriptor that Attempt gives it.
// It never waits. The Outcome has the number of bytes in N: 0 and no error is the end of a stream.
// Its Drained says that the socket is empty now. try may pass the Outcome on, if it leaves nothing
// of its own to do.
//
// Errors: loop.ErrAgain if nothing is there; else the errno. OpError gives it the usual form.
func (s *Socket) TryRecv(sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if err := cInt("flags", flags); err != nil {
		return loop.Outcome{}, err
	}
	return recvOnce(s.core, sysfd, p, flags)
}

// TrySend is one send(2) for the try function of Attempt, as TryRecv is one recv(2). N is how much
// of p went, which may be less than all.
func (s *Socket) TrySend(sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if err := cInt("flags", flags); err != nil {
		return loop.Outcome{}, err
	}
	return sendOnce(s.core, sysfd, p, flags)
}

// Attempt is Socket.Attempt.
func (a Async) Attempt(name string, d loop.Direction, try func(sysfd int) (loop.Outcome, error)) loop.Future[struct{}] {
	return start(a.s, name, d, func(_ *op, sysfd int) (loop.Outcome, error) { return callOwn(try, sysfd) }, nil, 0, nil, fillNothing)
}

// AttemptAsync is Async.Attempt for a system call that has a result: the future has what the last
// try returned.
func AttemptAsync[T any](s *Socket, name string, d loop.Direction, try func(sysfd int) (T, loop.Outcome, error)) loop.Future[T] {
	var result T
	call := func(sysfd int) (out loop.Outcome, err error) {
		result, out, err = try(sysfd)
		return out, err
	}
	return start(s.base(), name, d, func(_ *op, sysfd int) (loop.Outcome, error) { return callOwn(call, sysfd) }, nil, 0, nil,
		func(*op) (T, error) { return result, nil })
}

func tryOwn(o *op, sysfd int) (loop.Outcome, error) { return callOwn(o.own, sysfd) }

func callOwn(try func(int) (loop.Outcome, error), sysfd int) (loop.Outcome, error) {
	out, err := try(sysfd)
	if err == syscall.EAGAIN || err == ErrWouldBlock {
		err = loop.ErrAgain
	}
	return out, err
}

// SyscallConn gives raw access to the descriptor: syscall.Conn's method. Control runs a function
// while the descriptor stays open. Read and Write run a function again each time the socket may be
// ready, until it returns true; they wait as Attempt does.
//
// Error: net.ErrClosed.
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	return rawConn{s}, s.do("syscallconn", func(int) error { return nil })
}

var _ syscall.Conn = (*Socket)(nil)

type rawConn struct{ s *Socket }

func (c rawConn) Control(fn func(fd uintptr)) error {
	return c.s.do("raw-control", func(sysfd int) error {
		fn(uintptr(sysfd))
		c.s.lingers() // fn may have set that, and the other
		c.s.learnULP(sysfd)
		return nil
	})
}

func (c rawConn) Read(fn func(fd uintptr) (done bool)) error {
	return c.attempt("raw-read", loop.Read, fn)
}

func (c rawConn) Write(fn func(fd uintptr) (done bool)) error {
	return c.attempt("raw-write", loop.Write, fn)
}

// attempt calls fn at once, whatever the lane remembers, and waits only when fn has found nothing:
// the contract of syscall.RawConn. Programs look by it whether something is there (connCheck of
// database drivers).
func (c rawConn) attempt(op string, d loop.Direction, fn func(uintptr) bool) error {
	o := c.s.newOp(d, tryOwn)
	o.Blind = true
	o.own = func(sysfd int) (loop.Outcome, error) {
		if !fn(uintptr(sysfd)) {
			return loop.Outcome{}, loop.ErrAgain
		}
		return loop.Outcome{}, nil
	}
	err := c.s.run(o)
	o.done()
	return c.s.fail(op, Addr{}, err)
}

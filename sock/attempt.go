package sock

import (
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// Attempt makes a system call of the caller's own on the socket. It waits like the other methods:
// in this goroutine, in a task (In), until a context ends (With), up to the timeout of the socket.
//
// try makes one call on the descriptor, which is non-blocking. It returns EAGAIN (WSAEWOULDBLOCK on
// Windows) or ErrWouldBlock if the socket is not ready in direction d. Attempt then waits and calls
// try again. Any other result ends the operation. try must not block and must not close the
// descriptor. It may run on the loop's goroutine.
//
// The Outcome is the number of bytes and operations of the call, and hints for the loop. Its zero
// value is right for most calls. op is the name of the operation in errors: "op family: text".
//
// Errors: the error of try, ErrWouldBlock in non-blocking mode, os.ErrDeadlineExceeded,
// net.ErrClosed, the cause of the context; a *loop.PanicError if try panics; an *ArgError for a nil
// try and for a d that is neither loop.Read nor loop.Write.
func (s *Socket) Attempt(op string, d loop.Direction, try func(sysfd int) (loop.Outcome, error)) error {
	if err := badAttempt(d, try == nil); err != nil {
		return s.fail(op, Addr{}, err)
	}
	o := s.newOp(d, tryOwn)
	o.own = try
	err := s.run(o)
	o.done()
	return s.fail(op, Addr{}, err)
}

// badAttempt returns the error for a wrong argument of Attempt.
func badAttempt(d loop.Direction, noTry bool) error {
	switch {
	case d != loop.Read && d != loop.Write:
		return &ArgError{ArgUnknown, "d", d, "must be loop.Read or loop.Write"}
	case noTry:
		return &ArgError{ArgMissing, "try", nil, "must not be nil"}
	}
	return nil
}

// Call returns an operation in direction d, for Begin and End. These are the parts of Attempt, for
// a package whose attempts are frequent: they need no function value and no object of a pool. The
// loop.Call stays on the caller's stack.
//
//	c := s.Call(loop.Read)
//	for {
//		if err = s.Begin(&c); err != nil {
//			break
//		}
//		var out loop.Outcome
//		out, err = attempt(c.Sysfd)
//		if s.End(&c, &out, err); err != loop.ErrAgain {
//			break
//		}
//	}
//	err = s.OpError(op, addr, err)
//
// The rules for the function of Attempt hold for the attempt, and it returns loop.ErrAgain and not
// EAGAIN. It must not panic: the lane would stay taken.
//
// Errors of Begin: those of loop.FD.Begin, without addresses.
func (s *Socket) Call(d loop.Direction) loop.Call { return s.call(d, 0) }

// Begin waits until an attempt may be made. See Call.
func (s *Socket) Begin(c *loop.Call) error { return s.fd.Begin(c) }

// End takes the result of an attempt. After loop.ErrAgain the operation goes on with Begin. See
// Call.
func (s *Socket) End(c *loop.Call, out *loop.Outcome, err error) {
	s.fd.End(c, out, err)
	runtime.KeepAlive(s)
}

// TryRecv makes one recv(2) inside the try function of Attempt, or between Begin and End. sysfd is
// the descriptor that the attempt gets. TryRecv never waits.
//
// The field N of the Outcome is the number of bytes; 0 without an error is the end of a stream.
// Drained says that the socket is empty now. If try has no more work after the call, it may return
// this Outcome.
//
// Errors: loop.ErrAgain if nothing is available; otherwise the errno. OpError gives it the usual
// form.
func (s *Socket) TryRecv(sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if err := cInt("flags", flags); err != nil {
		return loop.Outcome{}, err
	}
	return recvOnce(s.core, sysfd, p, flags)
}

// TrySend makes one send(2) inside the try function of Attempt, as TryRecv makes one recv(2). N is
// the number of bytes sent, which may be less than len(p).
func (s *Socket) TrySend(sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if err := cInt("flags", flags); err != nil {
		return loop.Outcome{}, err
	}
	return sendOnce(s.core, sysfd, p, flags)
}

// Attempt is Socket.Attempt with a future.
func (a Async) Attempt(name string, d loop.Direction, try func(sysfd int) (loop.Outcome, error)) loop.Future[struct{}] {
	if err := badAttempt(d, try == nil); err != nil {
		return loop.SettledOn(&a.s.fd, struct{}{}, a.s.fail(name, Addr{}, err))
	}
	return start(a.s, name, d, func(_ *op, sysfd int) (loop.Outcome, error) { return callOwn(try, sysfd) }, nil, 0, nil, fillNothing)
}

// AttemptAsync is Async.Attempt for a system call that has a result. The value of the future is the
// result of the last try.
func AttemptAsync[T any](s *Socket, name string, d loop.Direction, try func(sysfd int) (T, loop.Outcome, error)) loop.Future[T] {
	var result T
	if err := badAttempt(d, try == nil); err != nil {
		return loop.SettledOn(&s.fd, result, s.fail(name, Addr{}, err))
	}
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
	if isAgain(err) || err == ErrWouldBlock {
		err = loop.ErrAgain
	}
	return out, err
}

// SyscallConn gives raw access to the descriptor. It implements syscall.Conn.
//
// Control runs a function while the descriptor stays open. Read and Write call a function each time
// the socket may be ready, until the function returns true. They wait as Attempt does. A nil
// function is an *ArgError.
//
// Error: net.ErrClosed.
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	return rawConn{s}, s.do("syscallconn", func(int) error { return nil })
}

var _ syscall.Conn = (*Socket)(nil)

type rawConn struct{ s *Socket }

func (c rawConn) Control(fn func(fd uintptr)) error {
	if fn == nil {
		return c.missing("raw-control")
	}
	sysfd, err := c.s.fd.Acquire()
	if err != nil {
		return c.s.fail("raw-control", Addr{}, err)
	}
	defer func() { // also after a panic in fn
		c.s.fd.Release()
		runtime.KeepAlive(c.s)
	}()
	fn(uintptr(sysfd))
	c.s.lingers() // fn may have set SO_LINGER or TCP_ULP
	c.s.learnULP(sysfd)
	return nil
}

func (c rawConn) missing(op string) error {
	return c.s.fail(op, Addr{}, &ArgError{ArgMissing, "fn", nil, "must not be nil"})
}

func (c rawConn) Read(fn func(fd uintptr) (done bool)) error {
	return c.attempt("raw-read", loop.Read, fn)
}

func (c rawConn) Write(fn func(fd uintptr) (done bool)) error {
	return c.attempt("raw-write", loop.Write, fn)
}

// attempt calls fn at once, without regard to the readiness that the lane has cached. It waits only
// after fn returned false. This is the contract of syscall.RawConn. Programs use it to test whether
// data is available (connCheck of database drivers).
func (c rawConn) attempt(op string, d loop.Direction, fn func(uintptr) bool) error {
	if fn == nil {
		return c.missing(op)
	}
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

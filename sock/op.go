package sock

import (
	"runtime"
	"sync"

	"github.com/polluxio/pollux/loop"
)

// An op is a pending socket operation: its arguments, its progress, and the function that tries it.
// All operations share this type, so they share one pool and a wait allocates nothing.
type op struct {
	loop.Op
	s   *core // the waiting call keeps its Socket alive
	try func(*op, int) (loop.Outcome, error)

	p     []byte
	flags int
	n     int // bytes moved so far

	sa    sockaddr // the address to, or from
	salen uint32

	newfd   int                                   // of accept
	started bool                                  // connect is in progress
	doubted bool                                  // a receive with MSG_WAITALL has found an unknown error ahead
	cause   error                                 // why an accept backed off
	own     func(sysfd int) (loop.Outcome, error) // of Attempt
}

// Try makes one attempt, for the loop.
func (o *op) Try(sysfd int) (loop.Outcome, error) { return o.try(o, sysfd) }

func makeOp() *op {
	o := new(op)
	o.Attempt = o
	return o
}

var ops = sync.Pool{New: func() any { return makeOp() }}

// newOp takes an op from the pool; done returns it.
func (s *Socket) newOp(d loop.Direction, try func(*op, int) (loop.Outcome, error)) *op {
	return ops.Get().(*op).prepare(s.core, d, try)
}

func (o *op) prepare(s *core, d loop.Direction, try func(*op, int) (loop.Outcome, error)) *op {
	o.s, o.Lane, o.try, o.newfd = s, d, try, -1
	return o
}

func (o *op) done() {
	o.s, o.p, o.cause, o.own = nil, nil, nil, nil
	o.flags, o.n, o.salen, o.started, o.doubted, o.Blind = 0, 0, 0, false, false, false
	ops.Put(o)
}

// run makes the operation. It waits as the socket's mode and the view require.
func (s *Socket) run(o *op) error {
	o.Waiter, o.Timeout = s.who, s.patience(o.flags)
	err := s.fd.Do(&o.Call, o)
	runtime.KeepAlive(s)
	return err
}

// call returns the loop.Call of an operation that needs no op: the caller makes it between FD.Begin
// and FD.End.
func (s *Socket) call(d loop.Direction, flags int) loop.Call {
	return loop.Call{Waiter: s.who, Lane: d, Timeout: s.patience(flags), Blind: d == loop.Read && flags&blindFlags != 0}
}

// An attempt is one system call that sends or receives p.
type attempt func(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error)

// transfer calls once until it succeeds or fails, and waits between two attempts as c requires. It
// allocates nothing.
func (s *Socket) transfer(name string, c *loop.Call, p []byte, flags int, once attempt) (n int, err error) {
	if err := cInt("flags", flags); err != nil {
		return 0, s.fail(name, Addr{}, err)
	}
	for {
		if err = s.fd.Begin(c); err != nil {
			break
		}
		var out loop.Outcome
		out, err = once(s.core, c.Sysfd, p, flags)
		if err == loop.ErrAgain && c.Lane == loop.Read {
			err = s.receiveEnd(c, flags, &out)
		}
		n = out.N
		if s.fd.End(c, &out, err); err != loop.ErrAgain {
			break
		}
	}
	runtime.KeepAlive(s)
	return n, s.failIn(name, err)
}

// taken counts a receive that has taken something other than bytes: an empty datagram, or one error
// of a datagram socket, which may have several in its queue.
func (s *core) taken() int {
	if s.ends() {
		return 0
	}
	return 1
}

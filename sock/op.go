package sock

import (
	"context"
	"runtime"
	"sync"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// sockaddr is room for an address as the system has it.
type sockaddr [families.MaxSockaddr]byte

// An op is a socket operation under way: its arguments, what has come of it so far, and how it is tried. One type serves all,
// so that all share a pool and waiting allocates nothing.
type op struct {
	loop.Op
	s   *core // whose Socket is kept alive by who waits
	try func(*op, int) (loop.Outcome, error)

	p     []byte
	flags int
	n     int // bytes moved so far

	sa    sockaddr // the address to, or from
	salen uint32

	newfd   int                                   // of accept
	started bool                                  // connect is in progress
	doubted bool                                  // a receive with MSG_WAITALL has found an error ahead, and did not know which
	cause   error                                 // why an accept backed off
	own     func(sysfd int) (loop.Outcome, error) // of Attempt
}

// Try is the loop's view.
func (o *op) Try(sysfd int) (loop.Outcome, error) { return o.try(o, sysfd) }

func makeOp() *op {
	o := new(op)
	o.Attempt = o
	return o
}

var ops = sync.Pool{New: func() any { return makeOp() }}

// newOp takes an op from the pool; done gives it back.
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

// run makes the operation, and waits as the mode and the view say.
func (s *Socket) run(o *op) error {
	o.Deadline = s.deadline(o.flags)
	err := s.fd.Do(s.who, &o.Op)
	runtime.KeepAlive(s)
	return err
}

// hot says that the shortest way is open: an attempt by Enter, at once and without an op. A context has to be looked at first.
func (s *Socket) hot() (t *loop.Task, ok bool) {
	if s.who == nil {
		return nil, true
	}
	t, ok = s.who.(*loop.Task)
	return t, ok
}

// task is whose wait the operation's would be: a task's, or the calling goroutine's if that is nil.
//
// Error: the cause of a context that has ended.
func (s *Socket) task() (t *loop.Task, err error) {
	if s.who == nil {
		return nil, nil
	}
	var ctx context.Context
	switch who := s.who.(type) {
	case *loop.Task:
		return who, nil
	case *loop.TaskContext:
		t, ctx = who.Task, who.Context
	case context.Context:
		ctx = who
	}
	if ctx != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return t, err
}

func (s *Socket) mustNotWait(flags int) bool { return s.timeout.Load() == 0 || flags&msgDontwait != 0 }

// enter is FD.Enter, for an attempt that is the only one if the mode says so.
func (s *Socket) enter(d loop.Direction, blind bool, flags int) (sysfd int, err error) {
	if s.mustNotWait(flags) {
		return s.fd.EnterNow(d, blind)
	}
	return s.fd.Enter(d, blind)
}

// direct makes one attempt of once without an op. With loop.ErrAgain the operation has still to be made, by run.
func (s *Socket) direct(d loop.Direction, p []byte, flags int, once func(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error)) (int, error) {
	if flags != int(int32(flags)) {
		return 0, cInt("flags", flags)
	}
	t, ok := s.hot()
	if !ok {
		return 0, loop.ErrAgain
	}
	blind := flags&blindFlags != 0
	sysfd, err := s.enter(d, blind, flags)
	if err != nil {
		return 0, err
	}
	out, err := once(s.core, sysfd, p, flags)
	if err == nil && !blind {
		s.fd.Done(d, out.N, out.Drained)
		if t != nil {
			t.Spend(out.N)
		}
		runtime.KeepAlive(s)
		return out.N, nil
	}
	retry := s.fd.Leave(d, blind, out, err)
	runtime.KeepAlive(s)
	if t != nil && err == nil {
		t.Spend(out.N)
	}
	if retry && s.mustNotWait(flags) {
		// No run will follow to find the edge that came.
		return s.direct(d, p, flags, once)
	}
	return out.N, err
}

// transfer is direct, and run if that was not enough and the mode allows to wait.
func (s *Socket) transfer(name string, d loop.Direction, p []byte, flags int,
	once func(*core, int, []byte, int) (loop.Outcome, error), try func(*op, int) (loop.Outcome, error)) (int, error) {
	n, err := 0, error(loop.ErrAgain)
	if flags&MSG_WAITALL == 0 || flags != int(int32(flags)) { // which it refuses
		if n, err = s.direct(d, p, flags, once); err == nil {
			return n, nil
		}
	}
	if err == loop.ErrAgain && (s.timeout.Load() != 0 && flags&msgDontwait == 0 || s.who != nil || flags&MSG_WAITALL != 0) {
		o := s.newOp(d, try)
		o.p, o.flags, o.Blind = p, flags, flags&blindFlags != 0
		err = o.part(s.run(o))
		n = o.n
		o.done()
	}
	return n, s.fail(name, Addr{}, err)
}

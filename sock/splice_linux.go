package sock

import (
	"context"
	"math"
	"runtime"
	"sync"

	"github.com/polluxio/pollux/loop"

	"golang.org/x/sys/unix"
)

// spliceSize is the most that one call moves, and the size of each pipe: the kernel's own limit for
// an unprivileged process, /proc/sys/fs/pipe-max-size.
const spliceSize = 1 << 20

// A pipe holds bytes in the kernel between two sockets.
type pipe struct {
	read, write int
	held        int // bytes in it
}

// pipes holds the empty, unused pipes. A pipe that sync.Pool drops is closed by its finalizer.
var pipes sync.Pool

func takePipe() (*pipe, error) {
	if p, ok := pipes.Get().(*pipe); ok {
		return p, nil
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	// If the user already has too many pipes, a smaller one works too.
	unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, spliceSize)
	p := &pipe{read: fds[0], write: fds[1]}
	runtime.SetFinalizer(p, (*pipe).close)
	return p, nil
}

// release returns an empty pipe to the pool. A pipe with bytes must not serve another connection.
func (p *pipe) release() {
	if p.held == 0 {
		pipes.Put(p)
		return
	}
	runtime.SetFinalizer(p, nil)
	p.close()
}

func (p *pipe) close() {
	unix.Close(p.read)
	unix.Close(p.write)
}

// A splicing is a running Splice.
//
//	fill: wait until from is readable ──▶ pipe ──▶ drain: wait until s is writable, until the pipe is empty ─┐
//	  ▲                                                                                                      │
//	  └──────────────────────────────────────────────────────────────────────────────────────────────────────┘
type splicing struct {
	pipe  *pipe // nil while no bytes are in the pipe and from has none
	left  int64
	moved int // bytes of the last attempt
}

// splice is Splice by splice(2). With errNoSplice the rest has to be copied.
//
// For a goroutine a task of the loop does the work. So the goroutine waits once, for the end, and
// not for each part: to wake it costs more than to move a part.
func (s *Socket) splice(from *Socket, count int64) (n int64, err error) {
	if s.who.Task() != nil || from.who.Task() != nil || s.patience(0) == 0 || from.patience(0) == 0 || loop.MayBlock() != nil {
		return s.spliceHere(from, count)
	}
	l := s.Loop()
	if l == nil {
		if l = from.Loop(); l == nil {
			r, err := loop.Default()
			if err != nil {
				return 0, s.fail("splice", Addr{}, err)
			}
			l = r.Next()
		}
	}
	task := l.Go(func(t *loop.Task) { n, err = s.In(t).spliceHere(from.In(t), count) })
	if failed := task.Wait(context.Background()); failed != nil {
		return n, s.fail("splice", Addr{}, failed)
	}
	return n, err
}

// spliceHere is splice on the caller's goroutine.
func (s *Socket) spliceHere(from *Socket, count int64) (n int64, err error) {
	x := splicing{left: count}
	if count < 0 {
		x.left = math.MaxInt64
	}
	defer func() {
		if x.pipe != nil {
			x.pipe.release()
		}
	}()
	fill, drain := x.fill, x.drain
	for x.left > 0 {
		if err := from.attempt("recv", loop.Read, fill); err != nil || x.moved == 0 {
			return n, err
		}
		for x.pipe.held > 0 {
			if err = s.attempt("sendall", loop.Write, drain); err == errNoSplice {
				err = x.empty(s, &n)
				if err == nil {
					err = errNoSplice
				}
				return n, err
			}
			if err != nil {
				return n, err
			}
			n += int64(x.moved)
		}
	}
	return n, nil
}

// attempt is Attempt; it does not wrap errNoSplice. In direction Read it ends where Recv ends.
func (s *Socket) attempt(op string, d loop.Direction, try func(sysfd int) (loop.Outcome, error)) error {
	o := s.newOp(d, tryOwn)
	if d == loop.Read {
		o.try = tryOwnReceive
	}
	o.own = try
	err := s.run(o)
	o.done()
	if err == errNoSplice {
		return err
	}
	return s.fail(op, Addr{}, err)
}

// tryOwnReceive is tryOwn for a call that receives. Nothing more can come from some sockets that
// return EAGAIN, such as an SCTP association that has ended.
func tryOwnReceive(o *op, sysfd int) (loop.Outcome, error) {
	out, err := callOwn(o.own, sysfd)
	if err == loop.ErrAgain {
		err = o.s.receiveEnd(&o.Call, o.flags, &out)
	}
	return out, err
}

// fill moves bytes into the pipe. If from has none, it gives the pipe back before it waits. If the
// process has no descriptors left for a pipe, the bytes are copied.
func (x *splicing) fill(sysfd int) (out loop.Outcome, err error) {
	if x.pipe == nil {
		if x.pipe, err = takePipe(); err != nil {
			return out, errNoSplice
		}
	}
	x.moved, err = spliceCall(sysfd, x.pipe.write, int(min(x.left, spliceSize)))
	if err == loop.ErrAgain {
		x.pipe.release()
		x.pipe = nil
		return out, err
	}
	x.pipe.held += x.moved
	x.left -= int64(x.moved)
	return loop.Outcome{N: x.moved}, err
}

// drain moves bytes out of the pipe.
func (x *splicing) drain(sysfd int) (loop.Outcome, error) {
	n, err := spliceCall(x.pipe.read, sysfd, x.pipe.held)
	x.moved = n
	x.pipe.held -= n
	return loop.Outcome{N: n}, err
}

// empty sends the bytes in the pipe through the program's memory.
func (x *splicing) empty(s *Socket, n *int64) error {
	p := copies.Get()
	defer copies.Put(p)
	for x.pipe.held > 0 {
		got, err := unix.Read(x.pipe.read, p)
		if err != nil {
			return err
		}
		x.pipe.held -= got
		sent, err := s.Sendall(p[:got], 0)
		if *n += int64(sent); err != nil {
			return err
		}
	}
	return nil
}

// spliceCall is sysSplice; tests replace it to count calls.
var spliceCall = sysSplice

// sysSplice wraps splice(2) with non-blocking pipe and sockets. No flag of the call prevents
// SIGPIPE; Go ignores that signal.
func sysSplice(from, to, n int) (int, error) {
	for {
		n, err := unix.Splice(from, nil, to, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != unix.EINTR {
			return int(max(n, 0)), sysErrorOf(err)
		}
	}
}

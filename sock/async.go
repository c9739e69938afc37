package sock

import (
	"context"
	"net"

	"github.com/polluxio/pollux/loop"
)

// Async is a socket whose operations return futures and never wait. The future ends according to
// the mode of the socket, by Cancel, or by Close. A buffer belongs to the operation until its
// future is settled.
//
// Async ignores the context or the task that With or In gave to the socket. Give them to the
// future's Wait and Await.
type Async struct{ s *Socket }

// Async returns a view of the same socket whose operations return futures.
func (s *Socket) Async() Async { return Async{s.base()} }

// Received holds the bytes that Async.Recvfrom received, and the address of the sender.
type Received struct {
	Data []byte
	From Addr
}

// ReceivedInto holds the number of bytes that Async.RecvfromInto received, and the address of the
// sender.
type ReceivedInto struct {
	N    int
	From Addr
}

// Accepted holds a new connection and the address of its peer.
type Accepted struct {
	Socket *Socket
	From   Addr
}

// An asyncOp is an op with its future and a function that makes the result.
type asyncOp[T any] struct {
	op
	keep *Socket // keeps the socket from the garbage collector
	out  T
	fill func(*op) (T, error)
}

// Try implements loop.Attempt.
func (a *asyncOp[T]) Try(sysfd int) (loop.Outcome, error) {
	out, err := a.op.Try(sysfd)
	if err == nil || out.N > 0 { // after a part was sent, the result has both the count and the error
		v, failed := a.fill(&a.op)
		a.out = v
		if err == nil {
			err = failed
		}
	}
	return out, err
}

// start starts an operation and returns its future.
func start[T any](s *Socket, name string, d loop.Direction, try func(*op, int) (loop.Outcome, error),
	p []byte, flags int, to *Addr, fill func(*op) (T, error)) loop.Future[T] {
	a := &asyncOp[T]{fill: fill, keep: s}
	if err := cInt("flags", flags); err != nil {
		return loop.SettledOn(&s.fd, a.out, s.fail(name, Addr{}, err))
	}
	a.Attempt = a
	a.prepare(s.core, d, try)
	a.p, a.flags, a.Blind = p, flags, d == loop.Read && flags&blindFlags != 0
	var addr Addr
	if to != nil {
		addr = *to
	}
	fail := func(err error) error { return s.fail(name, addr, a.part(err)) }
	a.Wrap = func(err error, sysfd int) error {
		if a.started { // a connect that ended early
			s.flags.And(^uint32(connectWaits))
		}
		// Only the first attempt returns ErrAgain here. It holds no lock.
		if err == loop.ErrAgain && a.cause != nil && !s.hasHandler() {
			err = a.cause // as in accepted
		}
		return s.failOn(sysfd, name, addr, a.part(err))
	}
	if to != nil {
		if addr.NeedsHost() {
			return startResolved(s, name, a, addr)
		}
		if err := s.encode(&a.op, addr); err != nil {
			return loop.SettledOn(&s.fd, a.out, fail(err))
		}
	}
	a.Timeout = s.patience(flags)
	return loop.Start(&s.fd, nil, &a.Op, &a.out)
}

// startResolved is start after the host of an address is resolved.
func startResolved[T any](s *Socket, name string, a *asyncOp[T], addr Addr) loop.Future[T] {
	return resolved(s, func(s *Socket) (T, error) {
		if err := s.encode(&a.op, addr); err != nil {
			return a.out, s.fail(name, addr, err)
		}
		a.Timeout = s.patience(a.flags)
		return loop.Start(&s.fd, nil, &a.Op, &a.out).Wait(s.who.Context())
	})
}

// resolved returns the future of a call that must first look up a name. The call runs on a
// goroutine of its own. Cancel ends the call, and the future is settled when the call has returned:
// until then the call may use its buffer.
func resolved[T any](s *Socket, call func(*Socket) (T, error)) loop.Future[T] {
	r, err := loop.Default()
	if err != nil {
		return loop.Settled(*new(T), err)
	}
	promise := loop.NewPromise[T](r.Next())
	ctx, cancel := context.WithCancelCause(context.Background())
	promise.CancelBy(cancel)
	go func() {
		defer cancel(nil)
		promise.ResolveWith(call(s.With(ctx)))
	}()
	return promise.Future()
}

func fillN(o *op) (int, error)          { return o.n, nil }
func fillNothing(*op) (struct{}, error) { return struct{}{}, nil }
func fillBytes(o *op) ([]byte, error)   { return o.p[:min(o.n, len(o.p))], nil }
func fillAccepted(o *op) (Accepted, error) {
	c, from, err := o.s.accepted(o, nil)
	return Accepted{c, from}, err
}

func fillReceived(o *op) (Received, error) {
	from, err := o.s.decode(o.sa[:o.salen])
	return Received{o.p[:min(o.n, len(o.p))], from}, err
}

func fillReceivedInto(o *op) (ReceivedInto, error) {
	from, err := o.s.decode(o.sa[:o.salen])
	return ReceivedInto{o.n, from}, err
}

// transfer starts an operation with one buffer. If the first attempt is enough, the future is
// settled at once, without an allocation.
func (a Async) transfer(name string, d loop.Direction, p []byte, flags int, once attempt,
	try func(*op, int) (loop.Outcome, error)) loop.Future[int] {
	if flags&MSG_WAITALL == 0 {
		c := a.s.call(d, flags)
		c.Timeout = 0 // the future waits
		n, err := a.s.transfer(name, &c, p, flags, once)
		if err != ErrWouldBlock || a.s.patience(flags) == 0 {
			return loop.SettledOn(&a.s.fd, n, err)
		}
	}
	return start(a.s, name, d, try, p, flags, nil, fillN)
}

// RecvInto is Socket.RecvInto with a future.
func (a Async) RecvInto(p []byte, flags int) loop.Future[int] {
	if len(p) == 0 {
		return loop.SettledOn(&a.s.fd, 0, nil)
	}
	return a.transfer("recv", loop.Read, p, flags, recvOnce, tryRecv)
}

// Recv is Socket.Recv with a future.
func (a Async) Recv(n, flags int) loop.Future[[]byte] {
	p, err := a.s.buffer("recv", n)
	if n == 0 || err != nil {
		return loop.SettledOn(&a.s.fd, p, err)
	}
	return start(a.s, "recv", loop.Read, tryRecv, p, flags, nil, fillBytes)
}

// Recvfrom is Socket.Recvfrom with a future.
func (a Async) Recvfrom(n, flags int) loop.Future[Received] {
	p, err := a.s.buffer("recvfrom", n)
	if err != nil {
		return loop.SettledOn(&a.s.fd, Received{}, err)
	}
	return start(a.s, "recvfrom", loop.Read, tryRecvfrom, p, flags, nil, fillReceived)
}

// RecvfromInto is Socket.RecvfromInto with a future.
func (a Async) RecvfromInto(p []byte, flags int) loop.Future[ReceivedInto] {
	return start(a.s, "recvfrom", loop.Read, tryRecvfrom, p, flags, nil, fillReceivedInto)
}

// Send is Socket.Send with a future.
func (a Async) Send(p []byte, flags int) loop.Future[int] {
	return a.transfer("send", loop.Write, p, flags, sendOnce, trySend)
}

// Sendall is Socket.Sendall with a future. After an error, the value is the number of bytes sent.
func (a Async) Sendall(p []byte, flags int) loop.Future[int] {
	return start(a.s, "sendall", loop.Write, trySendall, p, flags, nil, fillN)
}

// Sendto is Socket.Sendto with a future.
func (a Async) Sendto(p []byte, flags int, to Addr) loop.Future[int] {
	return start(a.s, "sendto", loop.Write, trySendto, p, flags, &to, fillN)
}

// Accept is Socket.Accept with a future.
func (a Async) Accept() loop.Future[Accepted] {
	return start(a.s, "accept", loop.Read, tryAccept, nil, 0, nil, fillAccepted)
}

// Connect is Socket.Connect with a future.
func (a Async) Connect(to Addr) loop.Future[struct{}] {
	if a.s.patience(0) == 0 {
		if to.NeedsHost() {
			return resolved(a.s, func(s *Socket) (struct{}, error) { return struct{}{}, s.Connect(to) })
		}
		return loop.SettledOn(&a.s.fd, struct{}{}, a.s.Connect(to))
	}
	return start(a.s, "connect", loop.Write, tryConnect, nil, 0, &to, fillNothing)
}

// inTask runs call in a task of the socket's loop and returns its future.
func (a Async) inTask(name string, call func(*Socket) (int64, error)) loop.Future[int64] {
	l := a.s.Loop()
	if l == nil {
		r, err := loop.Default()
		if err != nil {
			return loop.Settled[int64](0, a.s.fail(name, Addr{}, err))
		}
		l = r.Next()
	}
	promise := loop.NewPromise[int64](l)
	ctx, cancel := context.WithCancelCause(context.Background())
	promise.CancelBy(cancel)
	task := l.Go(func(t *loop.Task) {
		defer cancel(nil)
		promise.ResolveWith(call(a.s.In(t).With(ctx)))
	})
	if task.Done().Settled() { // the task does not run if the loop is closed
		promise.Reject(a.s.fail(name, Addr{}, net.ErrClosed))
	}
	return promise.Future()
}

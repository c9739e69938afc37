package sock

import (
	"github.com/polluxio/pollux/loop"
)

// Message holds the result of Async.Recvmsg.
type Message struct {
	Data      []byte
	Ancillary []Control
	Flags     int // MSG_* flags that the system set
	From      Addr
}

// MessageInto holds the result of Async.RecvmsgInto: the number of bytes, and the other fields of
// Message.
type MessageInto struct {
	N         int
	Ancillary []Control
	Flags     int
	From      Addr
}

// An asyncMsg is a msgOp with its future and a function that makes the result.
type asyncMsg[T any] struct {
	msgOp
	keep *Socket // keeps the socket from the garbage collector
	out  T
	fill func(*msgOp) (T, error)
}

// Try implements loop.Attempt.
func (a *asyncMsg[T]) Try(sysfd int) (loop.Outcome, error) {
	out, err := a.msgOp.Try(sysfd)
	if err == nil || out.N > 0 { // a part, for MSG_WAITALL
		v, failed := a.fill(&a.msgOp)
		a.out = v
		if err == nil {
			err = failed
		}
	}
	return out, err
}

// startMsg starts a message operation and returns its future. bad is the error of control. An error
// of the address to comes first.
func startMsg[T any](s *Socket, name string, d loop.Direction, buffers [][]byte, control []byte, bad error, flags int, to Addr,
	fill func(*msgOp) (T, error)) loop.Future[T] {
	a := &asyncMsg[T]{fill: fill, keep: s}
	a.Attempt = a
	fail := func(err error) error { return s.fail(name, to, a.part(err)) }
	a.Wrap = func(err error, sysfd int) error {
		if a.started { // as in start
			s.flags.And(^uint32(connectWaits))
		}
		return s.failOn(sysfd, name, to, a.part(err))
	}
	if err := a.begin(s, d, buffers, flags); err != nil {
		return loop.SettledOn(&s.fd, a.out, fail(err))
	}
	a.control = control
	if to.NeedsHost() {
		return resolved(s, func(s *Socket) (T, error) {
			if err := a.address(s, to, bad); err != nil {
				return a.out, fail(err)
			}
			return loop.Start(&s.fd, nil, &a.Op, &a.out).Wait(s.who.Context())
		})
	}
	if err := a.address(s, to, bad); err != nil {
		return loop.SettledOn(&s.fd, a.out, fail(err))
	}
	return loop.Start(&s.fd, nil, &a.Op, &a.out)
}

// address encodes the destination, if there is one, and makes the remaining checks. The timeout
// begins here.
func (o *msgOp) address(s *Socket, to Addr, bad error) error {
	if !to.IsZero() {
		if err := s.encode(&o.op, to); err != nil {
			return err
		}
	}
	if err := countBuffers(o.buffers); err != nil {
		return err
	}
	o.Timeout = s.patience(o.flags)
	return bad
}

// Sendmsg is Socket.Sendmsg with a future. It copies the control items before it returns, but not
// the buffers.
func (a Async) Sendmsg(buffers [][]byte, ancillary []Control, flags int, to Addr) loop.Future[int] {
	control, bad := AppendControl(nil, ancillary...)
	return startMsg(a.s, "sendmsg", loop.Write, buffers, control, bad, flags, to, func(o *msgOp) (int, error) { return o.n, nil })
}

// Recvmsg is Socket.Recvmsg with a future.
//
// The result contains the received descriptors, and the caller must close them. Cancel does not
// lose them: it either comes before the message is taken or has no effect. A result that the caller
// never reads is lost, with the descriptors in it.
func (a Async) Recvmsg(bufsize, ancbufsize, flags int) loop.Future[Message] {
	p, control, err := a.s.messageRoom(bufsize, ancbufsize)
	if err != nil {
		return loop.SettledOn(&a.s.fd, Message{}, err)
	}
	return startMsg(a.s, "recvmsg", loop.Read, [][]byte{p}, control, nil, flags, Addr{}, func(o *msgOp) (Message, error) {
		m, err := o.message()
		return Message{p[:min(m.N, len(p))], m.Ancillary, m.Flags, m.From}, err
	})
}

// RecvmsgInto is Socket.RecvmsgInto with a future. See Recvmsg for descriptors.
func (a Async) RecvmsgInto(buffers [][]byte, ancbufsize, flags int) loop.Future[MessageInto] {
	_, control, err := a.s.messageRoom(0, ancbufsize)
	if err != nil {
		return loop.SettledOn(&a.s.fd, MessageInto{}, err)
	}
	return startMsg(a.s, "recvmsg", loop.Read, buffers, control, nil, flags, Addr{}, (*msgOp).message)
}

// message returns the result of a receive. The control items point into o.control.
func (o *msgOp) message() (m MessageInto, err error) {
	m = MessageInto{N: o.n, Flags: o.seen}
	if m.From, err = o.sender(); err != nil {
		return m, err
	}
	m.Ancillary, err = ParseControl(o.control[:o.got])
	return m, err
}

package sock

import (
	"github.com/polluxio/pollux/loop"
)

// Message is what Recvmsg has received.
type Message struct {
	Data      []byte
	Ancillary []Control
	Flags     int // MSG_* that the system set
	From      Addr
}

// MessageInto is what RecvmsgInto has received: how much, and what Message has.
type MessageInto struct {
	N         int
	Ancillary []Control
	Flags     int
	From      Addr
}

// An asyncMsg is a msgOp with its result, and what makes that of what the op did.
type asyncMsg[T any] struct {
	msgOp
	keep *Socket // not to be collected before
	out  T
	fill func(*msgOp) (T, error)
}

// Try is the loop's view.
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

// startMsg starts an operation that nobody waits for. bad is what is wrong with control, which is
// told after what is wrong with to.
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

// address takes where it goes, if anywhere, and makes the rest of the checks: the time begins.
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

// Sendmsg is Socket.Sendmsg. The items are copied before it returns; the buffers are not.
func (a Async) Sendmsg(buffers [][]byte, ancillary []Control, flags int, to Addr) loop.Future[int] {
	control, bad := AppendControl(nil, ancillary...)
	return startMsg(a.s, "sendmsg", loop.Write, buffers, control, bad, flags, to, func(o *msgOp) (int, error) { return o.n, nil })
}

// Recvmsg is Socket.Recvmsg.
//
// Descriptors that came are in the result, and the caller's to close. They are not lost by Cancel,
// which either comes before the message is taken or does nothing; a result that nobody asks for is
// lost with what is in it.
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

// RecvmsgInto is Socket.RecvmsgInto. For descriptors see Recvmsg.
func (a Async) RecvmsgInto(buffers [][]byte, ancbufsize, flags int) loop.Future[MessageInto] {
	_, control, err := a.s.messageRoom(0, ancbufsize)
	if err != nil {
		return loop.SettledOn(&a.s.fd, MessageInto{}, err)
	}
	return startMsg(a.s, "recvmsg", loop.Read, buffers, control, nil, flags, Addr{}, (*msgOp).message)
}

// message is what a receive has brought, with the items that point into o.control.
func (o *msgOp) message() (m MessageInto, err error) {
	m = MessageInto{N: o.n, Flags: o.seen}
	if m.From, err = o.sender(); err != nil {
		return m, err
	}
	m.Ancillary, err = ParseControl(o.control[:o.got])
	return m, err
}

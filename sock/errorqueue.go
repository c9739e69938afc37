package sock

import (
	"sync"

	"github.com/polluxio/pollux/loop"
)

// A QueuedMessage is the result of RecvError: one entry of the error queue.
type QueuedMessage struct {
	N     int          // bytes of the packet that were put into the buffer
	Flags int          // MSG_ERRQUEUE, and MSG_TRUNC if the packet was longer
	To    Addr         // destination of the packet; the zero Addr if the system does not report it
	Err   QueuedError  // what happened to the packet
	Times Timestamping // when the packet was sent, if Err.Origin is SO_EE_ORIGIN_TIMESTAMPING
}

// errorRoom is the space for the ancillary data of an entry, in bytes: the error and the address of
// its sender (60 with IPv6), three times (64), and the messages that other options add.
const errorRoom = 512

var errorRooms = sync.Pool{New: func() any { return new([errorRoom]byte) }}

// RecvError takes one entry from the error queue of the socket. If the queue is empty, it waits for
// an entry. It wraps recvmsg(2) with MSG_ERRQUEUE: ip(7). p receives the part of the packet that
// the system has kept. p may be empty. RecvError allocates nothing.
//
// The system queues ICMP errors if the option IP_RECVERR or IPV6_RECVERR is set (see SetRecvErr),
// and timestamps of sent packets if SO_TIMESTAMPING asks for them. It always queues the end of a
// send with MSG_ZEROCOPY. If an ICMP error comes before the queue is empty, another call gets it
// too, once: that Send or Recv fails with Errno, and it has sent or received nothing.
//
// Errors: those of Recvmsg; errors.ErrUnsupported on all systems except Linux. A QueuedError is
// part of the result and not an error of the call.
func (s *Socket) RecvError(p []byte) (QueuedMessage, error) {
	if msgErrqueue == 0 {
		return QueuedMessage{}, s.fail("recvmsg", Addr{}, lacks("MSG_ERRQUEUE"))
	}
	room := errorRooms.Get().(*[errorRoom]byte)
	defer errorRooms.Put(room)
	o, err := s.newMsgOp(loop.Read, nil, msgErrqueue|msgCloexec)
	if err != nil {
		return QueuedMessage{}, s.fail("recvmsg", Addr{}, err)
	}
	defer o.done()
	o.one[0] = p
	o.buffers, o.control = o.one[:], room[:]
	if err = s.runMsg(o); err != nil {
		return QueuedMessage{}, s.fail("recvmsg", Addr{}, err)
	}
	m, err := o.queued()
	return m, s.fail("recvmsg", Addr{}, err)
}

// RecvError is Socket.RecvError with a future as its result.
func (a Async) RecvError(p []byte) loop.Future[QueuedMessage] {
	if msgErrqueue == 0 {
		return loop.SettledOn(&a.s.fd, QueuedMessage{}, a.s.fail("recvmsg", Addr{}, lacks("MSG_ERRQUEUE")))
	}
	return startMsg(a.s, "recvmsg", loop.Read, [][]byte{p}, make([]byte, errorRoom), nil, msgErrqueue|msgCloexec, Addr{}, (*msgOp).queued)
}

// queued returns the entry that was received.
func (o *msgOp) queued() (m QueuedMessage, err error) {
	m = QueuedMessage{N: min(o.n, len(o.buffers[0])), Flags: o.seen &^ msgCloexec}
	if m.To, err = o.s.decode(o.sa[:o.salen]); err != nil {
		return m, err
	}
	for c, bad := range ControlMessages(o.control[:o.got]) {
		if bad != nil {
			return m, bad
		}
		if e, ok := c.QueuedError(); ok {
			m.Err = e
		} else if t, ok := c.Timestamping(); ok {
			m.Times = t
		}
	}
	return m, nil
}

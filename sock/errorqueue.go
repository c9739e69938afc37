package sock

import (
	"sync"

	"github.com/polluxio/pollux/loop"
)

// A QueuedMessage is what RecvError has received.
type QueuedMessage struct {
	N     int          // bytes of the packet in question that were put into the buffer
	Flags int          // MSG_ERRQUEUE, and MSG_TRUNC if there were more
	To    Addr         // where the packet was going; the zero Addr where the system does not say
	Err   QueuedError  // what became of it
	Times Timestamping // when it went, if Err.Origin is SO_EE_ORIGIN_TIMESTAMPING
}

// errorRoom holds the ancillary data of an entry: the error and who is to blame (60 bytes with
// IPv6), three times (64), and what other options make come with it.
const errorRoom = 512

var errorRooms = sync.Pool{New: func() any { return new([errorRoom]byte) }}

// RecvError takes an entry from the socket's error queue, and waits for one, by recvmsg(2) with
// MSG_ERRQUEUE: ip(7). p gets what the packet in question carried, as far as the system has kept
// it; it may be empty. It allocates nothing.
//
// ICMP errors are queued if the option IP_RECVERR or IPV6_RECVERR is set, see SetRecvErr;
// timestamps of packets sent, if SO_TIMESTAMPING asks for them; the end of sends with MSG_ZEROCOPY
// always. An ICMP error is told to a call of another kind too, once, if one comes before the queue
// is empty: a Send or a Recv then fails with Errno, and nothing was sent or received.
//
// Errors: those of Recvmsg; errors.ErrUnsupported on any system but Linux. A QueuedError is no
// error of the call: it is in the result.
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

// RecvError is Socket.RecvError.
func (a Async) RecvError(p []byte) loop.Future[QueuedMessage] {
	if msgErrqueue == 0 {
		return loop.SettledOn(&a.s.fd, QueuedMessage{}, a.s.fail("recvmsg", Addr{}, lacks("MSG_ERRQUEUE")))
	}
	return startMsg(a.s, "recvmsg", loop.Read, [][]byte{p}, make([]byte, errorRoom), nil, msgErrqueue|msgCloexec, Addr{}, (*msgOp).queued)
}

// queued is the entry that came.
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

package sock

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/polluxio/pollux/loop"
)

// A Datagram is one message of RecvBatch and SendBatch. The caller keeps a slice of Datagrams and
// reuses it for each batch.
type Datagram struct {
	// Buffers are the bytes to send, gathered without a copy, or the buffers to receive into,
	// filled in turn. At most IOV_MAX buffers. No buffers make a message of no bytes.
	Buffers [][]byte

	// Control is the ancillary data to send, made by AppendControl, or the buffer to receive
	// ancillary data.
	Control []byte

	// Addr is the destination of SendBatch. The zero Addr means the connected peer. RecvBatch sets
	// it to the sender, or to the zero Addr if the system reports no sender.
	Addr Addr

	// Segment is the size of each datagram in bytes, 1 to 65507 (UDP only); the last datagram may
	// be shorter. With a Segment above 0, SendBatch sends the bytes as several datagrams of that
	// size. RecvBatch sets it on a socket with SetUDPGRO: the bytes came as datagrams of that size.
	// 0 means one datagram.
	Segment int

	// N is the number of bytes sent or received.
	N int

	// ControlN is the number of bytes received into Control. To read them:
	// ParseControl(m.Control[:m.ControlN]).
	ControlN int

	// Flags are the MSG_* flags that the system set on a received message.
	Flags int
}

// batchCall is the largest number of messages in one system call. More messages would delay the
// other sockets of a loop.
const batchCall = 64

// A batch is the state of a RecvBatch or a SendBatch in progress.
type batch struct {
	ms    []Datagram
	flags int
	done  int // number of finished messages
	off   int // bytes of ms[done] already sent, with Segment

	names   []sockaddr // address of each message, in the form of the system
	namelen []uint32   // 0: no address
	plain   bool       // the kernel refused to cut the messages of this batch
	vec     batchVec
}

// release drops the caller's memory and keeps the batch's own buffers.
func (b *batch) release() {
	b.ms, b.flags, b.done, b.off, b.plain = nil, 0, 0, 0, false
	b.names, b.namelen = b.names[:0], b.namelen[:0]
	b.vec.release()
}

// A batchOp is the operation of a batch.
type batchOp struct {
	op
	batch
}

var batchOps = sync.Pool{New: func() any {
	o := new(batchOp)
	o.op.Attempt = o
	return o
}}

// Try implements loop.Attempt.
func (o *batchOp) Try(sysfd int) (loop.Outcome, error) {
	if o.Lane == loop.Read {
		return o.receive(o.s, &o.Call, sysfd)
	}
	return o.send(o.s, sysfd)
}

// begin checks the arguments of a batch and starts it.
func (b *batch) begin(s *core, ms []Datagram, flags int) error {
	b.ms, b.flags = ms, flags
	if err := cInt("flags", flags); err != nil {
		return err
	}
	if s.ofType(SOCK_STREAM) {
		return &ArgError{ArgType, "type", Type(s.typ), "a batch needs a socket that keeps messages apart, and a stream does not"}
	}
	for i := range ms {
		if err := countBuffers(ms[i].Buffers); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

// RecvBatch wraps recvmmsg(2). It receives up to len(ms) messages, at most 64, with one system
// call. It waits for the first message and not for more. n is the number of messages received:
// their N, Addr, Flags, ControlN and Segment are set.
//
// If a message does not fit into its buffers, it is cut and Flags contains MSG_TRUNC. If ms is
// empty, RecvBatch returns at once. It allocates nothing. On systems other than Linux it makes one
// call for each message.
//
// Errors: an *ArgError for a SOCK_STREAM socket; an error for the address of a sender that cannot
// be decoded (the n messages are valid, and that message has the zero Addr); otherwise as Recvmsg.
func (s *Socket) RecvBatch(ms []Datagram, flags int) (n int, err error) {
	return s.batch("recvmmsg", loop.Read, ms, flags)
}

// SendBatch wraps sendmmsg(2). It sends the messages in order, 64 with each system call, until all
// are sent. The timeout is for the whole batch. n is the number of messages sent: their N is set.
// After an error the caller may go on with ms[n:], or skip ms[n].
//
// On Linux, a UDP socket sends consecutive messages of one size to one address through the network
// stack together, without a copy (UDP_SEGMENT, GSO, Linux 4.18). If the kernel or the network card
// refuses this, they are sent one by one. On systems other than Linux, SendBatch makes one call for
// each message.
//
// If ms is empty, SendBatch returns at once. It allocates nothing. In non-blocking mode a full
// queue is ErrWouldBlock, with n less than len(ms).
//
// Errors: an *ArgError for a SOCK_STREAM socket, for a Segment on a socket that is not UDP, and for
// a Segment above 65507; otherwise as Sendmsg.
func (s *Socket) SendBatch(ms []Datagram, flags int) (n int, err error) {
	return s.batch("sendmmsg", loop.Write, ms, flags)
}

func (s *Socket) batch(name string, d loop.Direction, ms []Datagram, flags int) (n int, err error) {
	o := batchOps.Get().(*batchOp)
	o.prepare(s.core, d, nil)
	defer func() {
		o.s, o.Blind = nil, false
		o.release()
		batchOps.Put(o)
	}()
	if err = o.begin(s.core, ms, flags); err == nil && d == loop.Write {
		err = o.address(s, &o.op)
	}
	if err != nil || len(ms) == 0 {
		return 0, s.fail(name, Addr{}, err)
	}
	o.Blind = d == loop.Read && flags&blindFlags != 0
	o.Waiter, o.Timeout = s.who, s.patience(flags)
	err = s.fd.Do(&o.Call, o)
	runtime.KeepAlive(s)
	return o.batch.done, s.fail(name, o.failedAt(d, err), err)
}

// failedAt returns the address of the message that could not be sent.
func (b *batch) failedAt(d loop.Direction, err error) Addr {
	if d == loop.Write && err != nil && b.done < len(b.ms) {
		return b.ms[b.done].Addr
	}
	return Addr{}
}

// address encodes the addresses of all messages. It does not encode an address again that equals
// the address of the message before. o has room for one address.
func (b *batch) address(s *Socket, o *op) error {
	for i := range b.ms {
		m := &b.ms[i]
		m.N = 0
		if m.Segment != 0 && !s.isUDP() {
			return &ArgError{ArgType, "segment", m.Segment, "only a UDP socket can cut a message into datagrams"}
		}
		if m.Segment < 0 || m.Segment > maxDatagram {
			return &ArgError{ArgRange, "segment", m.Segment, fmt.Sprintf("must be 0-%d", maxDatagram)}
		}
		o.salen = 0
		switch {
		case m.Addr.IsZero():
		case i > 0 && m.Addr == b.ms[i-1].Addr:
			o.salen = b.namelen[i-1]
		default:
			if err := s.encode(o, m.Addr); err != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
		}
		b.names, b.namelen = append(b.names, o.sa), append(b.namelen, o.salen)
	}
	return nil
}

// maxDatagram is the largest payload of a UDP datagram over IPv4, in bytes.
const maxDatagram = 65535 - 20 - 8

func (s *core) isUDP() bool {
	return s.ofType(SOCK_DGRAM) && (s.inFamily(AF_INET) || s.inFamily(AF_INET6)) &&
		(s.proto == 0 || s.proto == IPPROTO_UDP)
}

// receive makes one attempt to receive.
func (b *batch) receive(s *core, c *loop.Call, sysfd int) (loop.Outcome, error) {
	out, err := b.receiveSome(s, sysfd)
	if err == loop.ErrAgain {
		if err = s.receiveEnd(c, b.flags, &out); err == nil { // as recvmmsg(2), which returns messages of 0 bytes then
			m := &b.ms[0]
			m.N, m.Addr, m.Flags, m.ControlN, m.Segment = 0, Addr{}, 0, 0, 0
			b.done, out = 1, loop.Outcome{Ops: 1}
		}
	}
	return out, err
}

// send makes one attempt: one system call with as many messages as it takes.
func (b *batch) send(s *core, sysfd int) (loop.Outcome, error) {
	before := b.done
	n, err := b.sendSome(s, sysfd)
	out := loop.Outcome{N: n, Ops: b.done - before}
	switch {
	case err == nil && b.done < len(b.ms):
		out.More = true
		return out, loop.ErrAgain
	case err == loop.ErrAgain && s.inFamily(AF_UNIX) && b.namelen[b.done] > 0:
		out.Retry = &queueRetry // as in op.again
	default:
		out.Retry = s.again(err)
	}
	return out, err
}

// sent marks all bytes as sent up to byte off of message next.
func (b *batch) sent(next, off int) {
	for ; b.done < next; b.done++ {
		m := &b.ms[b.done]
		m.N = length(m.Buffers)
	}
	if b.off = off; off > 0 {
		b.ms[next].N = off
	}
}

// RecvBatch is Socket.RecvBatch with a future. The messages and their buffers belong to the
// operation until the future is settled.
func (a Async) RecvBatch(ms []Datagram, flags int) loop.Future[int] {
	return a.batch("recvmmsg", loop.Read, ms, flags)
}

// SendBatch is Socket.SendBatch with a future. The messages and their buffers belong to the
// operation until the future is settled. After an error, the value is the number of messages sent.
func (a Async) SendBatch(ms []Datagram, flags int) loop.Future[int] {
	for i := range ms {
		if ms[i].Addr.NeedsHost() {
			return resolved(a.s, func(s *Socket) (int, error) { return s.SendBatch(ms, flags) })
		}
	}
	return a.batch("sendmmsg", loop.Write, ms, flags)
}

func (a Async) batch(name string, d loop.Direction, ms []Datagram, flags int) loop.Future[int] {
	b := new(batch)
	err := b.begin(a.s.core, ms, flags)
	if err == nil && d == loop.Write {
		err = b.address(a.s, new(op))
	}
	if err != nil || len(ms) == 0 {
		return loop.SettledOn(&a.s.fd, 0, a.s.fail(name, Addr{}, err))
	}
	try := func(o *op, sysfd int) (loop.Outcome, error) {
		if d == loop.Read {
			return b.receive(a.s.core, &o.Call, sysfd)
		}
		return b.send(a.s.core, sysfd)
	}
	return start(a.s, name, d, try, nil, flags, nil, func(*op) (int, error) { return b.done, nil })
}

package sock

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/polluxio/pollux/loop"
)

// A Datagram is one message of RecvBatch and SendBatch. The caller keeps a slice of them and uses
// it again for each batch.
type Datagram struct {
	// Buffers are the bytes to send, gathered without copying; or the room to receive into, filled
	// in turn. At most IOV_MAX; none are a message of no bytes.
	Buffers [][]byte

	// Control is ancillary data to send, as AppendControl makes it; or the room to receive some.
	Control []byte

	// Addr is the address to send to, the peer's if it is the zero Addr. RecvBatch sets it to the
	// sender, or to the zero Addr where the system reports none.
	Addr Addr

	// Segment, above 0, makes SendBatch send the bytes as datagrams of that many bytes each, of
	// which the last may have fewer (UDP only, 1 to 65507). RecvBatch sets it on a socket with
	// SetUDPGRO: the bytes came as datagrams of that size. 0 is one datagram.
	Segment int

	// N is how many bytes were sent or received.
	N int

	// ControlN is how many bytes of Control were received: ParseControl(m.Control[:m.ControlN]).
	ControlN int

	// Flags are the MSG_* flags that the system set on a received message.
	Flags int
}

// batchCall is how many messages one system call takes at most. More would hold up the other
// sockets of a loop.
const batchCall = 64

// A batch is a RecvBatch or a SendBatch under way.
type batch struct {
	ms    []Datagram
	flags int
	done  int // messages that are over
	off   int // bytes of ms[done] that are sent, with Segment

	names   []sockaddr // of each message, as the system has it
	namelen []uint32   // 0: no address
	plain   bool       // the kernel has refused to cut what this batch sends
	vec     batchVec
}

// release lets go of what belongs to the caller, and keeps the room.
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

// Try is the loop's view.
func (o *batchOp) Try(sysfd int) (loop.Outcome, error) {
	if o.Lane == loop.Read {
		return o.receive(o.s, sysfd)
	}
	return o.send(o.s, sysfd)
}

// begin checks the arguments of a batch.
func (b *batch) begin(s *core, ms []Datagram, flags int) error {
	b.ms, b.flags = ms, flags
	if err := cInt("flags", flags); err != nil {
		return err
	}
	if s.ofType(SOCK_STREAM) {
		return &ArgError{ArgType, "type", Type(s.typ), "a batch needs a socket with messages, and a stream has none"}
	}
	for i := range ms {
		if err := countBuffers(ms[i].Buffers); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
	}
	return nil
}

// RecvBatch wraps recvmmsg(2): it receives up to len(ms) messages, at most 64, with one system
// call. It waits until there is one, and does not wait for more. It reports how many of ms are set:
// their N, Addr, Flags, ControlN and Segment.
//
// A message without room for its bytes is cut and has MSG_TRUNC in Flags. No messages at all return
// at once. It allocates nothing. On systems other than Linux it makes a call for each message.
//
// Errors: an *ArgError for a SOCK_STREAM socket; a sender's address that cannot be read (the
// messages up to n are valid, and that one has the zero Addr); else as Recvmsg.
func (s *Socket) RecvBatch(ms []Datagram, flags int) (n int, err error) {
	return s.batch("recvmmsg", loop.Read, ms, flags)
}

// SendBatch wraps sendmmsg(2): it sends the messages in order, 64 with each system call. It goes on
// until all are sent, and the timeout is for the whole. It reports how many were sent; their N is
// set. After an error the caller may go on with ms[n:], or leave ms[n] out.
//
// On a UDP socket of Linux, messages of one size to one address that follow each other go through
// the kernel's network stack together (UDP_SEGMENT, GSO of Linux 4.18), without being copied here.
// Where the kernel or the network card refuses that, they go one by one. On systems other than
// Linux there is a call for each message.
//
// No messages at all return at once. It allocates nothing. In non-blocking mode a full queue is
// ErrWouldBlock, with n less than len(ms).
//
// Errors: an *ArgError for a SOCK_STREAM socket, and for a Segment on a socket that is not UDP or
// beyond 65507; else as Sendmsg.
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

// failedAt is the address of the message that could not be sent.
func (b *batch) failedAt(d loop.Direction, err error) Addr {
	if d == loop.Write && err != nil && b.done < len(b.ms) {
		return b.ms[b.done].Addr
	}
	return Addr{}
}

// address encodes the addresses of all messages. One that is that of the message before is not
// encoded again. o is room for one.
func (b *batch) address(s *Socket, o *op) error {
	for i := range b.ms {
		m := &b.ms[i]
		m.N = 0
		if m.Segment != 0 && !s.isUDP() {
			return &ArgError{ArgType, "segment", m.Segment, "only a UDP socket cuts a message into datagrams"}
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

// maxDatagram is how many bytes a UDP datagram over IPv4 can carry.
const maxDatagram = 65535 - 20 - 8

func (s *core) isUDP() bool {
	return s.ofType(SOCK_DGRAM) && (s.inFamily(AF_INET) || s.inFamily(AF_INET6)) &&
		(s.proto == 0 || s.proto == IPPROTO_UDP)
}

// send makes one attempt: it sends what the next system call takes.
func (b *batch) send(s *core, sysfd int) (loop.Outcome, error) {
	before := b.done
	n, err := b.sendSome(s, sysfd)
	out := loop.Outcome{N: n, Ops: b.done - before}
	switch {
	case err == nil && b.done < len(b.ms):
		out.More = true
		return out, loop.ErrAgain
	case err == loop.ErrAgain && s.inFamily(AF_UNIX) && b.namelen[b.done] > 0:
		out.Retry = fullRetry // as in trySendto
	}
	return s.again(out, err)
}

// sent moves on by n bytes in all of the messages from b.done, up to message next.
func (b *batch) sent(next, off int) {
	for ; b.done < next; b.done++ {
		m := &b.ms[b.done]
		m.N = length(m.Buffers)
	}
	if b.off = off; off > 0 {
		b.ms[next].N = off
	}
}

// RecvBatch is Socket.RecvBatch. The messages and their buffers are the operation's until its
// future is settled.
func (a Async) RecvBatch(ms []Datagram, flags int) loop.Future[int] {
	return a.batch("recvmmsg", loop.Read, ms, flags)
}

// SendBatch is Socket.SendBatch. The messages and their buffers are the operation's until its
// future is settled, and after an error the value is how many were sent.
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
	try := func(_ *op, sysfd int) (loop.Outcome, error) {
		if d == loop.Read {
			return b.receive(a.s.core, sysfd)
		}
		return b.send(a.s.core, sysfd)
	}
	return start(a.s, name, d, try, nil, flags, nil, func(*op) (int, error) { return b.done, nil })
}

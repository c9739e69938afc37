package sock

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// IOV_MAX is the maximum number of buffers for one Sendmsg or RecvmsgInto: <limits.h>. All systems
// that define it have the same number.
const IOV_MAX = 1024

// A msgOp is an op with several buffers and ancillary data.
type msgOp struct {
	op
	buffers [][]byte
	control []byte // data to send, or space to receive
	got     int    // bytes of ancillary data received
	seen    int    // MSG_* flags that the system set
	vec     msgVec
	room    []byte    // reused by the next Sendmsg, for its ancillary data
	one     [1][]byte // for buffers with a single element
	parts   [][]byte  // reused by the next SendallBuffers: the buffers of one call
}

var msgOps = sync.Pool{New: func() any {
	o := new(msgOp)
	o.Attempt = o
	return o
}}

func (s *Socket) newMsgOp(d loop.Direction, buffers [][]byte, flags int) (*msgOp, error) {
	o := msgOps.Get().(*msgOp)
	if err := o.begin(s, d, buffers, flags); err != nil {
		o.done()
		return nil, err
	}
	return o, nil
}

func (o *msgOp) begin(s *Socket, d loop.Direction, buffers [][]byte, flags int) error {
	o.prepare(s.core, d, nil)
	o.buffers, o.flags, o.Blind = buffers, flags, flags&blindFlags != 0 && d == loop.Read
	return cInt("flags", flags)
}

// countBuffers returns an error for too many buffers. The system's own error says only that the
// message is too long.
func countBuffers(buffers [][]byte) error {
	if len(buffers) > IOV_MAX {
		return fmt.Errorf("%d buffers, at most %d: %w", len(buffers), IOV_MAX, syscall.EMSGSIZE)
	}
	return nil
}

func (o *msgOp) done() {
	o.s, o.buffers, o.control, o.salen, o.got, o.seen, o.n = nil, nil, nil, 0, 0, 0, 0
	o.Blind, o.doubted, o.started, o.one[0] = false, false, false, nil
	o.vec.clear()
	msgOps.Put(o)
}

// Try makes one attempt. The loop calls it.
func (o *msgOp) Try(sysfd int) (loop.Outcome, error) {
	if o.Lane == loop.Read {
		return o.tryRecvmsg(sysfd)
	}
	if over, out, err := o.opening(sysfd, o.n+length(o.buffers)); over {
		return out, err
	}
	sent := o.n
	err := sysSendmsg(sysfd, o)
	n := o.n
	o.n = sent
	n, err = o.opened(n, err)
	if o.n += n; o.started {
		o.buffers, o.control = skip(o.buffers, n), nil
	}
	return loop.Outcome{N: n, Retry: o.again(err)}, err
}

// Sendmsg sends the buffers as one message, with ancillary data: it wraps sendmsg(2). It does not
// copy the buffers together. to is the destination. The zero Addr sends to the peer. n is the
// number of bytes sent. On a stream n may be smaller than the total; the ancillary data was sent
// with the first bytes. It allocates nothing.
//
// Without buffers it sends a message of 0 bytes. Errors: EMSGSIZE for more than IOV_MAX buffers, an
// *ArgError for ancillary data that is too long, EISCONN for an address on a connected stream,
// EDESTADDRREQ for no address on an unconnected datagram socket; else as Sendto.
func (s *Socket) Sendmsg(buffers [][]byte, ancillary []Control, flags int, to Addr) (n int, err error) {
	if len(buffers) <= fewBuffers && len(ancillary) == 0 && to.IsZero() && flags == int(int32(flags)) {
		n, err = s.sendFew(buffers, flags)
		return n, s.fail("sendmsg", to, err)
	}
	o, err := s.newMsgOp(loop.Write, buffers, flags)
	if err != nil {
		return 0, s.fail("sendmsg", to, err)
	}
	defer o.done()
	return s.sendmsg(o, ancillary, to)
}

// SendmsgBuffers is Sendmsg with encoded ancillary data, which AppendControl has made. Use it to
// send the same ancillary data with many messages.
func (s *Socket) SendmsgBuffers(buffers [][]byte, control []byte, flags int, to Addr) (n int, err error) {
	o, err := s.newMsgOp(loop.Write, buffers, flags)
	if err != nil {
		return 0, s.fail("sendmsg", to, err)
	}
	defer o.done()
	o.control = control
	return s.sendmsg(o, nil, to)
}

// mostRoom is the largest buffer for ancillary data that an op keeps for reuse, in bytes.
const mostRoom = 4096

func (s *Socket) sendmsg(o *msgOp, ancillary []Control, to Addr) (n int, err error) {
	if !to.IsZero() {
		if err := s.encode(&o.op, to); err != nil {
			return 0, s.fail("sendmsg", to, err)
		}
	}
	if err := countBuffers(o.buffers); err != nil {
		return 0, s.fail("sendmsg", to, err)
	}
	if len(ancillary) > 0 {
		if o.control, err = AppendControl(o.room[:0], ancillary...); err != nil {
			return 0, s.fail("sendmsg", to, err)
		}
		if cap(o.control) <= mostRoom {
			o.room = o.control
		}
	}
	err = s.runMsg(o)
	return o.n, s.fail("sendmsg", to, err)
}

// runMsg performs the operation, and waits as the mode and the view say.
func (s *Socket) runMsg(o *msgOp) error {
	o.Waiter, o.Timeout = s.who, s.patience(o.flags)
	err := s.fd.Do(&o.Call, o)
	if o.started {
		s.flags.And(^uint32(connectWaits))
	}
	runtime.KeepAlive(s)
	return err
}

// length returns the number of bytes in the buffers.
func length(buffers [][]byte) (n int) {
	for _, p := range buffers {
		n += len(p)
	}
	return n
}

// fewBuffers is the number of buffers whose vector fits on the stack.
const fewBuffers = 16

// sendFew is Sendmsg for the most common kind of message: few buffers, no ancillary data, no
// address. It needs no op.
func (s *Socket) sendFew(buffers [][]byte, flags int) (n int, err error) {
	c := s.call(loop.Write, flags)
	c.Blind = false
	for {
		if err = s.fd.Begin(&c); err != nil {
			break
		}
		n, err = sysSendFew(c.Sysfd, buffers, s.sendFlags(flags))
		out := loop.Outcome{N: n, Retry: s.again(err)}
		if s.fd.End(&c, &out, err); err != loop.ErrAgain {
			break
		}
	}
	runtime.KeepAlive(s)
	return n, err
}

// Recvmsg receives a message: it wraps recvmsg(2). bufsize is the maximum length of data in bytes.
// ancbufsize is the space for ancillary data in bytes (see CMSG_SPACE and CMSG_LEN). msgFlags are
// the MSG_* flags that the system set. The address is that of the sender, or the zero Addr if the
// system names no sender.
//
// MSG_TRUNC means that a datagram was cut, and MSG_CTRUNC that ancillary data was cut. Descriptors
// that come with SCM_RIGHTS are close-on-exec only with MSG_CMSG_CLOEXEC, as in Python. At the end
// of a stream data is empty and the error is nil.
//
// Errors: an *ArgError for a negative size; a *ControlError together with the data that could be
// read; else as Recvfrom.
func (s *Socket) Recvmsg(bufsize, ancbufsize, flags int) (data []byte, ancillary []Control, msgFlags int, from Addr, err error) {
	p, control, err := s.messageRoom(bufsize, ancbufsize)
	if err != nil {
		return nil, nil, 0, Addr{}, err
	}
	n, ancillary, msgFlags, from, err := s.recvmsg([][]byte{p}, control, flags)
	return p[:min(n, len(p))], ancillary, msgFlags, from, err
}

// messageRoom checks the sizes, and returns space for a message and its ancillary data.
func (s *Socket) messageRoom(bufsize, ancbufsize int) (p, control []byte, err error) {
	if bufsize < 0 {
		return nil, nil, s.fail("recvmsg", Addr{}, &ArgError{ArgRange, "bufsize", bufsize, "negative buffer size in recvmsg()"})
	}
	if ancbufsize < 0 || ancbufsize > maxControl {
		return nil, nil, s.fail("recvmsg", Addr{}, &ArgError{ArgRange, "ancbufsize", ancbufsize, "invalid ancillary data buffer length"})
	}
	if bufsize > 0 {
		if p, err = s.buffer("recvmsg", bufsize); err != nil {
			return nil, nil, err
		}
	}
	if ancbufsize > 0 {
		control = make([]byte, ancbufsize)
	}
	return p, control, nil
}

// RecvmsgInto is Recvmsg into the buffers of the caller, which are filled one after the other.
// buffers may be empty. n is the number of bytes put into them.
//
// With an ancbufsize of 0 it allocates nothing.
func (s *Socket) RecvmsgInto(buffers [][]byte, ancbufsize, flags int) (n int, ancillary []Control, msgFlags int, from Addr, err error) {
	_, control, err := s.messageRoom(0, ancbufsize)
	if err != nil {
		return 0, nil, 0, Addr{}, err
	}
	return s.recvmsg(buffers, control, flags)
}

func (s *Socket) recvmsg(buffers [][]byte, control []byte, flags int) (n int, ancillary []Control, msgFlags int, from Addr, err error) {
	n, got, msgFlags, from, err := s.RecvmsgBuffers(buffers, control, flags)
	if err != nil || got == 0 {
		return n, nil, msgFlags, from, err
	}
	ancillary, bad := ParseControl(control[:got])
	return n, ancillary, msgFlags, from, s.fail("recvmsg", Addr{}, bad)
}

// RecvmsgBuffers is RecvmsgInto with the caller's own space for ancillary data. got is the number
// of bytes used in control. ParseControl reads them. It allocates nothing.
func (s *Socket) RecvmsgBuffers(buffers [][]byte, control []byte, flags int) (n, got, msgFlags int, from Addr, err error) {
	if err := countBuffers(buffers); err != nil {
		return 0, 0, 0, Addr{}, s.fail("recvmsg", Addr{}, err)
	}
	o, err := s.newMsgOp(loop.Read, buffers, flags)
	if err != nil {
		return 0, 0, 0, Addr{}, s.fail("recvmsg", Addr{}, err)
	}
	defer o.done()
	o.control = control
	err = o.part(s.runMsg(o))
	if err == nil {
		from, err = o.sender()
	}
	return o.n, o.got, o.seen, from, s.fail("recvmsg", Addr{}, err)
}

// sender returns the address of the sender. If the address cannot be decoded, the call fails, and
// sender closes the descriptors that came with the message.
func (o *msgOp) sender() (Addr, error) {
	from, err := o.s.decode(o.sa[:o.salen])
	if err != nil {
		CloseRights(o.control[:o.got])
		o.got = 0
	}
	return from, err
}

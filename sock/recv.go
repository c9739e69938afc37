package sock

import (
	"runtime"
	"time"

	"github.com/polluxio/pollux/loop"
)

func (s *core) isTCP() bool {
	return s.ofType(SOCK_STREAM) && (s.inFamily(AF_INET) || s.inFamily(AF_INET6)) && s.proto != protoSCTP
}

// recvOnce is one recv(2) that does not block.
func recvOnce(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if s.holdsReads(flags) {
		return loop.Outcome{}, loop.ErrAgain
	}
	n, err := sysRecvfrom(sysfd, p, s.recvFlags(flags), nil, nil)
	if err != nil {
		return loop.Outcome{Ops: s.taken()}, err
	}
	return loop.Outcome{N: n, Ops: s.taken(), Drained: flags&(blindFlags|MSG_WAITALL) == 0 && s.hasDrained(n, len(p), flags)}, nil
}

// hasDrained says whether to have received n of at most room bytes proves that there is no more. A
// short read has emptied a TCP socket, unless a protocol above it (TLS) makes records of the bytes, or
// may have been put there by the owner of a duplicate. One of another kind may hold more: a Unix
// stream stops at credentials and descriptors, and a datagram ends where it ends, as does a message of
// SCTP; of MPTCP nothing is said. Urgent data stops a read too: the loop sees its event, and does not
// believe a short read any more.
func (s *core) hasDrained(n, room, flags int) bool {
	return n < room && n > 0 && flags&MSG_TRUNC == 0 && s.isTCP() && (s.proto == 0 || s.proto == IPPROTO_TCP) &&
		s.flags.Load()&(hasULP|isShared) == 0
}

// noMore says of a receive that came to nothing whether nothing will come any more, since the socket was shut down: a blocking call ends
// then, and so do ours, but to the system no call of ours is one, and of datagrams it goes on saying EAGAIN.
func (s *core) noMore(c *loop.Call, err error) bool {
	return err == loop.ErrAgain && c.HungUp && c.Timeout != 0 && !s.holdsReads(0) && sysReadsEnded(c.Sysfd)
}

// recvFlags are those for the system. Of a stream MSG_WAITALL is our own affair, see received; AF_VSOCK fails with ENOMEM for
// a buffer that is larger than its own (__vsock_stream_recvmsg of net/vmw_vsock/af_vsock.c).
func (s *core) recvFlags(flags int) int {
	if flags&blindFlags == 0 && s.fillsAll(flags) {
		flags &^= MSG_WAITALL
	}
	return flags
}

// fillsAll reports whether a receive with these flags goes on until its buffer is full. SCTP ends it
// with a message, whatever the flags say.
func (s *core) fillsAll(flags int) bool {
	return flags&MSG_WAITALL != 0 && s.ofType(SOCK_STREAM) && s.proto != protoSCTP
}

func tryRecv(o *op, sysfd int) (loop.Outcome, error) {
	if out, over, err := o.ahead(sysfd); over {
		return out, err
	}
	out, err := recvOnce(o.s, sysfd, o.p[min(o.n, len(o.p)):], o.flags)
	if o.s.noMore(&o.Call, err) {
		out, err = loop.Outcome{}, nil
	}
	return o.received(sysfd, out, err)
}

func tryRecvfrom(o *op, sysfd int) (loop.Outcome, error) {
	if out, over, err := o.ahead(sysfd); over {
		return out, err
	}
	if o.s.holdsReads(o.flags) {
		return loop.Outcome{}, loop.ErrAgain
	}
	salen := o.salen // of the part before
	o.salen = uint32(len(o.sa))
	n, err := sysRecvfrom(sysfd, o.p[min(o.n, len(o.p)):], o.s.recvFlags(o.flags), &o.sa, &o.salen)
	if o.s.noMore(&o.Call, err) {
		err, o.salen = nil, 0
	}
	if o.n > 0 && n == 0 {
		o.salen = salen // the end has no sender, and an error says nothing of one
	}
	return o.received(sysfd, loop.Outcome{N: n, Ops: o.s.taken()}, err)
}

// ahead says whether a receive with MSG_WAITALL is over, or has to wait, without an attempt, since all that there is for its next part is
// an error. TCP tells that once: it is for the call after this one, which has bytes to tell of.
func (o *op) ahead(sysfd int) (out loop.Outcome, over bool, err error) {
	if o.flags&MSG_PEEK != 0 {
		o.n = 0 // it looks at all of it again
	}
	if o.n == 0 || o.flags&MSG_WAITALL == 0 || !o.s.isTCP() {
		return out, false, nil
	}
	ready, broken, doubt := sysAhead(sysfd)
	switch {
	case !ready:
		return out, true, loop.ErrAgain
	case doubt && !o.doubted: // a reset that is being worked on is more than that in a moment
		o.doubted = true
		return loop.Outcome{Retry: resetRetry}, true, loop.ErrAgain
	}
	o.doubted = false
	return out, broken, nil
}

// resetRetry is more than the system needs to work on a reset.
const resetRetry = time.Millisecond

// received goes on until the buffer is full if that was asked for. The system cannot do it, since to it every call is one that must
// not wait.
func (o *op) received(sysfd int, out loop.Outcome, err error) (loop.Outcome, error) {
	o.n += out.N
	if err == nil && o.n < len(o.p) && o.looksOn(sysfd) {
		return out, loop.ErrAgain
	}
	all := o.s.fillsAll(o.flags) && !o.Blind && o.Timeout != 0
	if all && err == nil && out.N > 0 && o.n < len(o.p) {
		return loop.Outcome{N: out.N, More: true}, loop.ErrAgain
	}
	return out, err
}

// looksOn says whether MSG_PEEK with MSG_WAITALL, which has not seen all that it wants, waits for more: TCP alone does so, until the end of
// the stream.
func (o *op) looksOn(sysfd int) bool {
	const all = MSG_PEEK | MSG_WAITALL
	return o.flags&all == all && o.n > 0 && o.s.isTCP() && o.Timeout != 0 && !sysEnded(sysfd)
}

// part makes what MSG_WAITALL has received until a timeout or a cancel the result, as the system does: no byte is lost.
func (o *op) part(err error) error {
	if o.flags&MSG_WAITALL != 0 && o.n > 0 && o.Lane == loop.Read {
		return nil
	}
	return err
}

// RecvInto wraps recv(2); in Python, socket.recv_into.
//
// It reports the bytes put into p. 0 and no error is the end of a stream, or an empty datagram. A datagram longer than p is cut,
// and the rest is lost; with MSG_TRUNC in flags its whole length is reported. An empty p returns at once and touches nothing, whatever the state of the socket.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed, ENOTCONN, ECONNRESET, and what else the system says.
func (s *Socket) RecvInto(p []byte, flags int) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, _, err := s.receive(p, nil, flags)
	return n, err
}

// receive is recv(2) into p or, if that is nil, into what b lends when there is reason to.
func (s *Socket) receive(p []byte, b *Buffers, flags int) (int, []byte, error) {
	if flags != int(int32(flags)) || flags&(blindFlags|MSG_WAITALL) != 0 {
		return s.receiveAll(p, b, flags)
	}
	c := s.call(loop.Read, flags)
	err := s.fd.Begin(&c)
	for again := true; again && err == nil; {
		n, got, failed := s.receiveOnce(c.Sysfd, p, b, flags)
		if failed == loop.ErrAgain && s.noMore(&c, failed) {
			failed = nil
		}
		out := loop.Outcome{N: n, Ops: s.taken(), Drained: s.hasDrained(n, len(got), flags)}
		if again, err = s.fd.End(&c, out, failed); failed == nil && err == nil {
			runtime.KeepAlive(s)
			return n, got, nil
		}
	}
	runtime.KeepAlive(s)
	return 0, nil, s.fail("recv", Addr{}, err)
}

// receiveOnce is one attempt of receive; got is nil at the end of the stream and without success. It is a function of its own so that what
// waits has a small stack: that is what a thousand connections cost in the processor's caches.
//
//go:noinline
func (s *Socket) receiveOnce(sysfd int, p []byte, b *Buffers, flags int) (n int, got []byte, err error) {
	if s.holdsReads(flags) {
		return 0, nil, loop.ErrAgain
	}
	if b != nil {
		p = b.Get()
	}
	n, err = sysRecvfrom(sysfd, p, flags, nil, nil)
	if b != nil && (err != nil || n == 0 && s.ends()) {
		b.Put(p)
		p = nil
	}
	return n, p, err
}

// receiveAll is receive for what looks at something else than the lane, or wants the buffer full.
func (s *Socket) receiveAll(p []byte, b *Buffers, flags int) (n int, _ []byte, err error) {
	if b != nil {
		p = b.Get()
	}
	if flags&MSG_WAITALL == 0 || flags != int(int32(flags)) {
		n, err = s.transfer("recv", s.call(loop.Read, flags), p, flags, recvOnce)
	} else {
		o := s.newOp(loop.Read, tryRecv)
		o.p, o.flags, o.Blind = p, flags, flags&blindFlags != 0
		err = s.fail("recv", Addr{}, o.part(s.run(o)))
		n = o.n
		o.done()
	}
	if b != nil && (err != nil || n == 0 && s.ends()) {
		b.Put(p)
		p = nil
	}
	return n, p, err
}

// ends says that to receive nothing is the end, and no empty datagram.
func (s *core) ends() bool {
	return !s.ofType(SOCK_DGRAM) && !s.ofType(SOCK_RDM) && !s.ofType(SOCK_RAW)
}

// Recv wraps recv(2): at most n bytes, 0 of them at the end of a stream. See RecvInto.
// n 0 returns at once; an n above the 2 GiB that a call can move counts as 64 MiB.
//
// Error: an *ArgError if n is negative.
func (s *Socket) Recv(n, flags int) ([]byte, error) {
	p, err := s.buffer("recv", n)
	if err != nil {
		return nil, err
	}
	n, err = s.RecvInto(p, flags)
	return p[:min(n, len(p))], err // with MSG_TRUNC n is the length of the datagram
}

// maxBuffer is what one call can take on Linux: MAX_RW_COUNT, 2 GiB less a page (<linux/fs.h>).
// plenty is more than a socket holds.
const (
	maxBuffer = 1<<31 - 4096
	plenty    = 64 << 20
)

// buffer is for a receive of at most n bytes. If that is more than any system gives at once, it has
// room for what there can be.
func (s *Socket) buffer(name string, n int) ([]byte, error) {
	if n < 0 {
		return nil, s.fail(name, Addr{}, &ArgError{ArgRange, "bufsize", n, "negative buffersize in " + name})
	}
	if n > maxBuffer {
		n = plenty
	}
	return make([]byte, n), nil
}

// RecvfromInto wraps recvfrom(2); in Python, socket.recvfrom_into.
//
// It reports the bytes put into p and the sender, which is the zero Addr where the system names none: on a connected TCP socket,
// a Unix pair. Otherwise as RecvInto, but an empty p makes the call too: it takes a datagram and drops it.
func (s *Socket) RecvfromInto(p []byte, flags int) (int, Addr, error) {
	if err := cInt("flags", flags); err != nil {
		return 0, Addr{}, s.fail("recvfrom", Addr{}, err)
	}
	o := s.newOp(loop.Read, tryRecvfrom)
	o.p, o.flags, o.Blind = p, flags, flags&blindFlags != 0
	err := o.part(s.run(o))
	n := o.n
	var from Addr
	if err == nil {
		from, err = s.decode(o.sa[:o.salen])
	}
	o.done()
	return n, from, s.fail("recvfrom", Addr{}, err)
}

// Recvfrom wraps recvfrom(2): at most n bytes, and the sender. See RecvfromInto.
//
// Error: an *ArgError if n is negative.
func (s *Socket) Recvfrom(n, flags int) ([]byte, Addr, error) {
	p, err := s.buffer("recvfrom", n)
	if err != nil {
		return nil, Addr{}, err
	}
	n, from, err := s.RecvfromInto(p, flags)
	return p[:min(n, len(p))], from, err
}

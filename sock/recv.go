package sock

import (
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

func (s *core) isTCP() bool {
	return s.ofType(SOCK_STREAM) && (s.inFamily(AF_INET) || s.inFamily(AF_INET6)) && s.proto != protoSCTP
}

// recvOnce makes one non-blocking recv(2).
func recvOnce(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error) {
	if s.holdsReads(flags) {
		return loop.Outcome{}, loop.ErrAgain
	}
	n, err := sysRecvfrom(sysfd, p, s.recvFlags(flags), nil, nil)
	if err != nil {
		out := loop.Outcome{Ops: s.taken()}
		if err == loop.ErrAgain && s.has(quirkAlgorithm) {
			out.Retry = &queueRetry
		}
		return out, err
	}
	return loop.Outcome{N: n, Ops: s.taken(), Drained: flags&(blindFlags|MSG_WAITALL) == 0 && s.hasDrained(n, len(p), flags)}, nil
}

// hasDrained reports whether receiving n of at most room bytes proves that the queue is empty.
//
// A short read has emptied a TCP socket, with two exceptions: a protocol above it (TLS) delivers
// records, and the owner of a duplicate may have set such a protocol. Other sockets may hold more
// after a short read: a Unix stream stops at credentials and descriptors, a datagram or an SCTP
// message has its own end, and MPTCP promises nothing. Urgent data stops a read too; the loop sees
// its event and then trusts no short read.
func (s *core) hasDrained(n, room, flags int) bool {
	return n < room && n > 0 && flags&MSG_TRUNC == 0 && s.isTCP() && (s.proto == 0 || s.proto == IPPROTO_TCP) &&
		s.flags.Load()&(hasULP|isShared) == 0
}

// receiveEnd returns the result of a receive that got EAGAIN. If nothing can arrive any more, a
// blocking receive ends, and so must ours. The kernel cannot tell that ours should block, and goes
// on returning EAGAIN:
//
//   - for datagrams after a shutdown. A blocking receive returns 0 bytes. On a stream a
//     non-blocking one does so too.
//   - for SCTP without an association, for TIPC without a connection or after a shutdown, also of
//     the sending direction, and for L2CAP and SCO without a connection. A blocking receive returns
//     ENOTCONN. A handler gets it too.
//
// The error queue has no end: a receive with MSG_ERRQUEUE waits on. A Unix socket has none, and the
// kernel ignores the flag.
//
// receiveEnd sets the time of the next try in out where edges do not help: while an association is
// ending, since no edge reports the end (sctp_poll of net/sctp/socket.c), and for AF_ALG.
func (s *core) receiveEnd(c *loop.Call, flags int, out *loop.Outcome) error {
	if flags&msgErrqueue != 0 && !s.inFamily(AF_UNIX) || c.Timeout == 0 && s.fd.Watcher() == nil {
		return loop.ErrAgain
	}
	switch f := s.flags.Load(); {
	case f&connectWaits != 0: // its end decides
	case f&quirkAlgorithm != 0:
		// Each receive makes an edge, with or without a result (af_alg_data_wakeup of
		// crypto/af_alg.c). A send of ours ends the wait at once: see again.
		out.Retry = &queueRetry
	case f&quirkEndOfWait != 0:
		over := f&connectBegun == 0
		if !over { // a handler need not call Connect again
			over, _ = sysConnectOver(c.Sysfd)
		}
		if !over {
			return loop.ErrAgain
		}
		gone, ending := sysNoConnection(c.Sysfd, s.family, s.proto)
		if gone {
			return s.unlessNewer(c.Sysfd, syscall.ENOTCONN)
		}
		if ending {
			out.Retry = &endingRetry
		}
	case !s.ends() && c.HungUp && c.Timeout != 0 && sysReadsEnded(c.Sysfd):
		return s.unlessNewer(c.Sysfd, nil)
	}
	return loop.ErrAgain
}

// unlessNewer returns end, unless something has arrived since the receive that got EAGAIN. The last
// data and the end may arrive together, between that receive and the look at the socket's state.
// The EAGAIN is out of date then, and the data comes before the end: its edge makes the loop try
// again.
func (s *core) unlessNewer(sysfd int, end error) error {
	look := make([]byte, 1) // tipc_recvmsg of net/tipc/socket.c refuses an empty buffer
	if s.inFamily(AF_UNIX) || s.inFamily(AF_INET) || s.inFamily(AF_INET6) {
		look = nil // these have SO_PEEK_OFF: the next look would begin after that byte
	}
	switch _, err := sysRecvfrom(sysfd, look, MSG_PEEK, nil, nil); err {
	case loop.ErrAgain:
		return end
	case nil:
		return loop.ErrAgain
	default:
		return err
	}
}

// recvFlags returns the flags for the system. On a stream this package itself does MSG_WAITALL, see
// received: AF_VSOCK fails with ENOMEM for a buffer larger than its own (__vsock_stream_recvmsg of
// net/vmw_vsock/af_vsock.c).
func (s *core) recvFlags(flags int) int {
	if flags&blindFlags == 0 && s.fillsAll(flags) {
		flags &^= MSG_WAITALL
	}
	return flags
}

// fillsAll reports whether a receive with these flags goes on until its buffer is full. SCTP ends
// it with a message, whatever the flags say.
func (s *core) fillsAll(flags int) bool {
	return flags&MSG_WAITALL != 0 && s.ofType(SOCK_STREAM) && s.proto != protoSCTP
}

func tryRecv(o *op, sysfd int) (loop.Outcome, error) {
	if out, over, err := o.ahead(sysfd); over {
		return out, err
	}
	out, err := recvOnce(o.s, sysfd, o.p[min(o.n, len(o.p)):], o.flags)
	if err == loop.ErrAgain {
		err = o.s.receiveEnd(&o.Call, o.flags, &out)
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
	out := loop.Outcome{N: n, Ops: o.s.taken()}
	if err == loop.ErrAgain {
		if err = o.s.receiveEnd(&o.Call, o.flags, &out); err == nil {
			o.salen = 0
		}
	}
	if o.n > 0 && n == 0 {
		o.salen = salen // the end has no sender, and an error names none
	}
	return o.received(sysfd, out, err)
}

// ahead decides, before an attempt, whether a receive with MSG_WAITALL is over or has to wait. It
// is over if the next part can only be an error. TCP reports an error once; the next call is to get
// it, because this one has bytes to return.
func (o *op) ahead(sysfd int) (out loop.Outcome, over bool, err error) {
	if o.flags&MSG_PEEK != 0 {
		o.n = 0 // MSG_PEEK looks at all bytes again
	}
	if o.n == 0 || o.flags&MSG_WAITALL == 0 || !o.s.isTCP() {
		return out, false, nil
	}
	ready, broken, doubt := sysAhead(sysfd)
	switch {
	case !ready:
		return out, true, loop.ErrAgain
	case doubt && !o.doubted: // a moment later a reset in progress shows more than that
		o.doubted = true
		return loop.Outcome{Retry: &resetRetry}, true, loop.ErrAgain
	}
	o.doubted = false
	return out, broken, nil
}

// resetRetry waits longer than the system needs to finish a reset.
var resetRetry = loop.Retry{After: time.Millisecond}

// received goes on until the buffer is full, if MSG_WAITALL asked for that. The system cannot do
// so, because each of our calls is non-blocking.
func (o *op) received(sysfd int, out loop.Outcome, err error) (loop.Outcome, error) {
	o.n += out.N
	if err == nil && o.n < len(o.p) && o.looksOn(sysfd) {
		return looksAgain(out), loop.ErrAgain
	}
	all := o.s.fillsAll(o.flags) && !o.Blind && o.Timeout != 0
	if all && err == nil && out.N > 0 && o.n < len(o.p) {
		return loop.Outcome{N: out.N, More: true}, loop.ErrAgain
	}
	return out, err
}

// looksOn reports whether a receive with MSG_PEEK and MSG_WAITALL that has seen too little waits
// for more. Only TCP does so, until the end of the stream.
func (o *op) looksOn(sysfd int) bool {
	const all = MSG_PEEK | MSG_WAITALL
	return o.flags&all == all && o.n > 0 && o.s.isTCP() && o.Timeout != 0 && !sysEnded(sysfd)
}

// looksAgain is the outcome of a receive with MSG_PEEK that waits for more than there is.
func looksAgain(out loop.Outcome) loop.Outcome {
	out.Retry = &peekRetry
	return out
}

// peekRetry is the time between two looks on a one-shot poller.
var peekRetry = loop.Retry{After: time.Millisecond, Most: 16 * time.Millisecond, Level: true}

// part returns the bytes that MSG_WAITALL has received before a timeout or a cancel, as the kernel
// does: no byte is lost.
func (o *op) part(err error) error {
	if o.flags&MSG_WAITALL != 0 && o.n > 0 && o.Lane == loop.Read {
		return nil
	}
	return err
}

// RecvInto wraps recv(2); in Python, socket.recv_into.
//
// It returns the number of bytes put into p. 0 with a nil error is the end of a stream, or an empty
// datagram. A datagram longer than p is cut, and the rest is lost; with MSG_TRUNC in flags the
// result is its whole length. An empty p returns 0 at once, whatever the state of the socket.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed, ENOTCONN, ECONNRESET, and others of
// the system.
func (s *Socket) RecvInto(p []byte, flags int) (int, error) {
	n, _, err := s.receive(p, nil, flags)
	return n, err
}

// receive makes a recv(2) into p or, if b is not nil, into a buffer of b. It takes that buffer for
// each attempt, so that a waiting receive holds none.
func (s *Socket) receive(p []byte, b *Buffers, flags int) (int, []byte, error) {
	switch {
	case b == nil && len(p) == 0:
		return 0, nil, nil
	case flags != int(int32(flags)) || flags&(blindFlags|MSG_WAITALL) != 0:
		return s.receiveAll(p, b, flags)
	}
	var c loop.Call
	c.Waiter, c.Lane, c.Timeout = s.who, loop.Read, s.patience(flags)
	for {
		if err := s.fd.Begin(&c); err != nil {
			return 0, nil, s.failIn("recv", err)
		}
		n, got, err := s.receiveOnce(c.Sysfd, p, b, flags)
		again, err := s.received(&c, n, len(got), flags, err)
		if again {
			continue
		}
		runtime.KeepAlive(s)
		if err != nil {
			return 0, nil, s.failIn("recv", err)
		}
		return n, got, nil
	}
}

// receiveOnce makes one attempt of receive. got is nil at the end of the stream and after an error.
// It and received are separate functions so that a receive that waits has a small stack: see
// loop.FD.Begin.
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

// received gives the lane back after an attempt that has received n of at most room bytes. It
// returns true if the receive goes on.
func (s *core) received(c *loop.Call, n, room, flags int, err error) (again bool, _ error) {
	out := loop.Outcome{N: n, Ops: s.taken(), Drained: s.hasDrained(n, room, flags)}
	if err == loop.ErrAgain {
		err = s.receiveEnd(c, flags, &out)
	}
	s.fd.End(c, &out, err)
	return err == loop.ErrAgain, err
}

// receiveAll is receive for flags that do not read the head of the queue, and for MSG_WAITALL.
func (s *Socket) receiveAll(p []byte, b *Buffers, flags int) (n int, _ []byte, err error) {
	if b != nil {
		p = b.Get()
	}
	if flags&MSG_WAITALL == 0 || flags != int(int32(flags)) {
		c := s.call(loop.Read, flags)
		n, err = s.transfer("recv", &c, p, flags, recvOnce)
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

// ends reports whether a receive of 0 bytes means the end, and not an empty datagram.
func (s *core) ends() bool {
	return !s.ofType(SOCK_DGRAM) && !s.ofType(SOCK_RDM) && !s.ofType(SOCK_RAW)
}

// Recv wraps recv(2): it returns at most n bytes, and 0 bytes at the end of a stream. See RecvInto.
// With n 0 it returns at once. An n above 2 GiB, the most that a call can move, counts as 64 MiB.
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

// maxBuffer is the most that one call moves on Linux: MAX_RW_COUNT, 2 GiB less a page
// (<linux/fs.h>). plenty is more than a socket holds.
const (
	maxBuffer = 1<<31 - 4096
	plenty    = 64 << 20
)

// buffer makes a buffer for a receive of at most n bytes. If no system returns that much at once,
// the buffer has room for the most that can arrive.
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
// It returns the number of bytes put into p, and the sender. The sender is the zero Addr where the
// system gives none: on a connected TCP socket or a Unix pair. Everything else is as for RecvInto,
// with one difference: an empty p makes the call, which takes a datagram and drops it.
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

// Recvfrom wraps recvfrom(2): it returns at most n bytes, and the sender. See RecvfromInto.
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

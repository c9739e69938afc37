package sock

import (
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

// fullRetry is how soon a send is tried again that waits for a queue which makes no edge when it drains: that of another Unix
// socket.
const fullRetry = time.Millisecond

func (s *core) sendto(sysfd int, p []byte, flags int, sa []byte) (int, error) {
	return sysSendto(sysfd, p, s.sendFlags(flags), sa)
}

// sendOnce is one send(2) that does not block. No SIGPIPE comes of it.
func sendOnce(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error) {
	n, err := s.sendto(sysfd, p, flags, nil)
	return s.again(loop.Outcome{N: n}, err)
}

func trySend(o *op, sysfd int) (loop.Outcome, error) {
	out, err := sendOnce(o.s, sysfd, o.p, o.flags)
	o.n = out.N
	return out, err
}

// again is for a send that would block on an ISO-TP socket, because a message is under way: Linux before 6.3 makes no edge at its end.
func (s *core) again(out loop.Outcome, err error) (loop.Outcome, error) {
	if err == loop.ErrAgain && s.has(quirkSilentSend) {
		out.Retry = fullRetry
	}
	return out, err
}

func trySendall(o *op, sysfd int) (loop.Outcome, error) {
	n, err := o.s.sendto(sysfd, o.p[o.n:], o.flags, nil)
	o.n += n
	if err == nil && o.n < len(o.p) {
		return loop.Outcome{N: n, More: true}, loop.ErrAgain
	}
	return o.s.again(loop.Outcome{N: n}, err)
}

func trySendto(o *op, sysfd int) (loop.Outcome, error) {
	n, err := o.s.sendto(sysfd, o.p, o.flags, o.sa[:o.salen])
	o.n, err = n, o.fastOpen(err)
	out := loop.Outcome{N: n}
	if err == loop.ErrAgain && o.s.inFamily(AF_UNIX) {
		// It is the receiver's queue that is full, and only a connected sender gets an edge when it drains.
		out.Retry = fullRetry
	}
	return o.s.again(out, err)
}

// fastOpen goes on after a send with MSG_FASTOPEN that had no cookie: it connects, without data, and once that is done the data is sent as
// any other. tcp_sendmsg_fastopen of net/ipv4/tcp.c waits for that in a blocking call only, which to the system none of ours is.
func (o *op) fastOpen(err error) error {
	if err != syscall.EINPROGRESS || o.flags&msgFastopen == 0 || o.Timeout == 0 {
		return err
	}
	o.flags &^= msgFastopen
	o.salen = 0
	return loop.ErrAgain
}

// Send wraps send(2). It reports how much of p went, which may be less than all.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed; EPIPE (no signal comes with it), ECONNRESET, EMSGSIZE for a
// datagram too long, EDESTADDRREQ for an unconnected one, and what else the system says.
func (s *Socket) Send(p []byte, flags int) (int, error) {
	return s.transfer("send", s.call(loop.Write, flags), p, flags, sendOnce)
}

// Sendall sends all of p; in Python, socket.sendall. The timeout is for the whole. What others send on the socket meanwhile comes
// before or after, not between.
//
// n is how much went: len(p), or less with an error; in non-blocking mode ErrWouldBlock comes at the first full buffer. An
// empty p makes one call.
//
// Errors: those of Send.
func (s *Socket) Sendall(p []byte, flags int) (n int, err error) {
	if err := cInt("flags", flags); err != nil {
		return 0, s.fail("sendall", Addr{}, err)
	}
	c := s.call(loop.Write, flags)
	c.Blind = false
	err = s.fd.Begin(&c)
	for again := true; again && err == nil; {
		sent, failed := s.sendto(c.Sysfd, p[n:], flags, nil)
		n += sent
		out := loop.Outcome{N: sent}
		switch {
		case failed != nil:
			out, failed = s.again(out, failed)
		case n < len(p):
			out.More, failed = true, loop.ErrAgain
		}
		again, err = s.fd.End(&c, out, failed)
	}
	runtime.KeepAlive(s)
	return n, s.fail("sendall", Addr{}, err)
}

// Sendto wraps sendto(2): a datagram to an address, whose host is resolved first if it is a name; with MSG_FASTOPEN it connects a TCP
// socket too, and a non-blocking one that has no cookie yet returns EINPROGRESS with nothing sent. Otherwise as Send.
//
// Errors: an *families.AddrError for a bad address, a *GaiError for a host that is not found.
func (s *Socket) Sendto(p []byte, flags int, to Addr) (int, error) {
	if err := cInt("flags", flags); err != nil {
		return 0, s.fail("sendto", to, err)
	}
	o := s.newOp(loop.Write, trySendto)
	o.p, o.flags = p, flags
	err := s.encode(o, to)
	if err == nil {
		err = s.run(o)
	}
	n := o.n
	o.done()
	return n, s.fail("sendto", to, err)
}

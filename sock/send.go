package sock

import (
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
)

// Times of the next try where readiness makes no edge. queueRetry is for a send that waits for
// another socket's queue, which makes no edge when it drains. The send is tried again after a
// millisecond, and this time doubles up to 32 ms. So the wait ends soon after there is room, with
// at most 32 calls a second.
var (
	queueRetry  = loop.Retry{After: time.Millisecond, Most: 32 * time.Millisecond, Edgeless: true}
	fullRetry   = loop.Retry{After: time.Millisecond, Most: 32 * time.Millisecond}
	endingRetry = loop.Retry{After: time.Millisecond, Most: 32 * time.Millisecond, Edges: true}
	silentRetry = loop.Retry{After: time.Millisecond, Edges: true}
	slowRetry   = loop.Retry{After: time.Millisecond}
)

func (s *core) sendto(sysfd int, p []byte, flags int, sa []byte) (int, error) {
	return sysSendto(sysfd, p, s.sendFlags(flags), sa)
}

// sendOnce makes one non-blocking send(2). It raises no SIGPIPE.
func sendOnce(s *core, sysfd int, p []byte, flags int) (loop.Outcome, error) {
	n, err := s.sendto(sysfd, p, flags, nil)
	return loop.Outcome{N: n, Retry: s.again(err)}, err
}

func trySend(o *op, sysfd int) (loop.Outcome, error) {
	out, err := sendOnce(o.s, sysfd, o.p, o.flags)
	o.n = out.N
	return out, err
}

// again returns the time of the next try after a send that returned err: not nil if the send would
// block, on a socket where not every change to writable makes an edge. After a send to an AF_ALG
// socket, a receive that waits is tried again: its lane ignores edges.
func (s *core) again(err error) *loop.Retry {
	switch f := s.flags.Load(); {
	case err == nil && f&quirkAlgorithm != 0:
		s.fd.Stir()
	case err != loop.ErrAgain:
	case f&quirkPeerQueue != 0:
		return &queueRetry
	case f&quirkSilentSend != 0:
		return &fullRetry
	case f&quirkSilentEnd != 0:
		return &silentRetry // up to a second: room makes an edge
	}
	return nil
}

func trySendall(o *op, sysfd int) (loop.Outcome, error) {
	n, err := o.s.sendto(sysfd, o.p[o.n:], o.flags, nil)
	o.n += n
	if err == nil && o.n < len(o.p) {
		return loop.Outcome{N: n, More: true}, loop.ErrAgain
	}
	return loop.Outcome{N: n, Retry: o.s.again(err)}, err
}

func trySendto(o *op, sysfd int) (loop.Outcome, error) {
	if over, out, err := o.opening(sysfd, len(o.p)); over {
		return out, err
	}
	n, err := o.s.sendto(sysfd, o.p[o.n:], o.flags, o.sa[:o.salen])
	n, err = o.opened(n, err)
	o.n += n
	return loop.Outcome{N: n, Retry: o.again(err)}, err
}

// again is again of the socket for a send to an address.
func (o *op) again(err error) *loop.Retry {
	if err == loop.ErrAgain && o.s.inFamily(AF_UNIX) && o.salen > 0 {
		return &queueRetry // only a connected sender gets an edge when the queue drains
	}
	return o.s.again(err)
}

// Fast open. A send with MSG_FASTOPEN that may wait goes on until the connection is made. The
// kernel does so only in a blocking call (tcp_sendmsg_fastopen of net/ipv4/tcp.c), and our calls
// are non-blocking. Without a cookie the send connects first and then sends. With a cookie the
// first bytes go with the SYN, and the send waits for the result of the connect.

// opening comes before a send: it ends a connect that an earlier attempt has begun. over is true if
// the connect failed or still goes on, or if all of total was sent already.
func (o *op) opening(sysfd, total int) (over bool, out loop.Outcome, err error) {
	switch {
	case o.flags&msgFastopen != 0:
		o.s.connects()
	case o.started:
		if out, err = o.s.connectEnd(sysfd, o.sa[:o.salen]); err != nil {
			if err != loop.ErrAgain {
				o.n = 0 // the bytes sent with the SYN reached no connection
			}
			return true, out, err
		}
		o.started, o.salen = false, 0
		return o.n > 0 && o.n == total, loop.Outcome{N: o.n}, nil
	}
	return false, out, nil
}

// opened comes after a send: if the send has begun a connect, it goes on after the connect.
func (o *op) opened(n int, err error) (int, error) {
	if o.flags&msgFastopen == 0 {
		if o.n > 0 && err == loop.ErrAgain {
			return 0, nil // a part went with the SYN
		}
		return n, err
	}
	begun := err == syscall.EINPROGRESS || err == nil && n > 0
	o.s.connected(begun)
	if !begun || o.Timeout == 0 {
		return n, err
	}
	o.flags &^= msgFastopen
	o.started = true
	o.s.flags.Or(connectWaits)
	return n, loop.ErrAgain
}

// Send wraps send(2). It returns how many bytes of p were sent, which may be less than len(p).
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed; EPIPE (without a signal),
// ECONNRESET, EMSGSIZE for a datagram that is too long, EDESTADDRREQ for an unconnected socket, and
// others of the system.
func (s *Socket) Send(p []byte, flags int) (int, error) {
	c := s.call(loop.Write, flags)
	return s.transfer("send", &c, p, flags, sendOnce)
}

// Sendall sends all of p; in Python, socket.sendall. The timeout is for the whole call. Bytes of
// other senders on the same socket go before or after p, never between its parts.
//
// n is how many bytes were sent: len(p), or less with an error. In non-blocking mode the error at
// the first full buffer is ErrWouldBlock. An empty p makes one system call.
//
// Errors: those of Send.
func (s *Socket) Sendall(p []byte, flags int) (n int, err error) {
	if err := cInt("flags", flags); err != nil {
		return 0, s.failIn("sendall", err)
	}
	var c loop.Call
	c.Waiter, c.Lane, c.Timeout = s.who, loop.Write, s.patience(flags)
	for {
		if err = s.fd.Begin(&c); err != nil {
			break
		}
		var sent int
		sent, err = s.sendRest(&c, p[n:], flags)
		if n += sent; err != loop.ErrAgain {
			break
		}
	}
	runtime.KeepAlive(s)
	return n, s.failIn("sendall", err)
}

// sendRest makes one attempt of Sendall to send p, the bytes that are left. It returns ErrAgain as
// long as bytes are left.
func (s *Socket) sendRest(c *loop.Call, p []byte, flags int) (n int, err error) {
	n, err = s.sendto(c.Sysfd, p, flags, nil)
	out := loop.Outcome{N: n}
	switch {
	case err == nil && n < len(p):
		out.More, err = true, loop.ErrAgain
	case err != nil || s.has(quirkAlgorithm):
		out.Retry = s.again(err)
	}
	s.fd.End(c, &out, err)
	return n, err
}

// Sendto wraps sendto(2): it sends a datagram to an address. A host name is resolved first. With
// MSG_FASTOPEN it also connects a TCP socket; a non-blocking one that has no cookie yet returns
// EINPROGRESS with nothing sent. Everything else is as for Send.
//
// Errors: a *families.AddrError for a bad address, a *GaiError for a host that is not found.
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
	if o.started {
		s.flags.And(^uint32(connectWaits))
	}
	o.done()
	return n, s.fail("sendto", to, err)
}

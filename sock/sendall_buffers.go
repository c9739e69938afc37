package sock

import (
	"runtime"

	"github.com/polluxio/pollux/loop"
)

// SendallBuffers is Sendall for several buffers, which it gathers without a copy, as writev(2)
// does. On a stream it sends all of them, in as few system calls as IOV_MAX allows. Bytes of other
// senders never come between them. Empty buffers are allowed; no buffers send nothing.
//
// n is how many bytes were sent: the length of all buffers together, or less with an error. It
// allocates nothing.
//
// Errors: those of Sendall; an *ArgError if the socket is not a stream, because its messages would
// be cut.
func (s *Socket) SendallBuffers(buffers [][]byte, flags int) (n int64, err error) {
	if Type(s.typ) != SOCK_STREAM {
		err := &ArgError{ArgType, "type", s.Type(), "only a stream can send a part of the buffers: use Sendmsg"}
		return 0, s.fail("sendmsg", Addr{}, err)
	}
	o, err := s.newMsgOp(loop.Write, nil, flags)
	if err != nil {
		return 0, s.fail("sendmsg", Addr{}, err)
	}
	defer o.done()
	c := s.call(loop.Write, flags)
	c.Blind = false
	left := unsent{buffers: buffers}
	if left.advance(0); len(left.buffers) == 0 {
		return 0, s.do("sendmsg", func(int) error { return nil }) // net.ErrClosed, and nothing else
	}
	for {
		if err = s.fd.Begin(&c); err != nil {
			break
		}
		o.buffers = left.next(o.parts[:0])
		o.parts = o.buffers
		err = sysSendmsg(c.Sysfd, o)
		out := loop.Outcome{N: o.n}
		n += int64(o.n)
		left.advance(o.n)
		switch {
		case err == nil && len(left.buffers) > 0:
			out.More, err = true, loop.ErrAgain
		default:
			out.Retry = s.again(err)
		}
		if s.fd.End(&c, &out, err); err != loop.ErrAgain {
			break
		}
	}
	clear(o.parts)
	runtime.KeepAlive(s)
	return n, s.fail("sendmsg", Addr{}, err)
}

// An unsent is the rest of a list of buffers: the first off bytes of the first buffer are sent.
type unsent struct {
	buffers [][]byte
	off     int
}

// next appends what one call can send to parts.
func (u *unsent) next(parts [][]byte) [][]byte {
	parts = append(parts, u.buffers[:min(len(u.buffers), IOV_MAX)]...)
	parts[0] = parts[0][u.off:]
	return parts
}

// advance notes that n bytes were sent. It drops empty buffers at the front.
func (u *unsent) advance(n int) {
	n += u.off
	for len(u.buffers) > 0 && n >= len(u.buffers[0]) {
		n -= len(u.buffers[0])
		u.buffers = u.buffers[1:]
	}
	u.off = n
}

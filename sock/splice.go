package sock

import (
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// Splice sends what it receives from another stream socket: up to the end of that stream, or at
// most count bytes if count is not -1. It returns how many bytes were sent, with an error too. The
// end of the stream ends it early and is not an error.
//
// On Linux the bytes go from socket to socket by splice(2), through a kernel pipe and not through
// the program's memory. On other systems, and for a family that the kernel cannot splice, they are
// copied. While Splice waits for data it holds neither a pipe nor a buffer.
//
// Both waits use s's view, each with the timeout of its own socket. Bytes of other senders on s may
// come between the parts. Splice does not shut s down at the end: see Shutdown.
//
// Errors: an *ArgError if a socket is nil or not SOCK_STREAM, or if count is negative and not -1;
// those of Recv on from and of Sendall on s. Bytes that were received and not sent are lost then.
func (s *Socket) Splice(from *Socket, count int64) (n int64, err error) {
	switch {
	case from == nil:
		err = &ArgError{ArgMissing, "from", from, "must not be nil"}
	case !s.ofType(SOCK_STREAM):
		err = &ArgError{ArgType, "type", s.Type(), "only SOCK_STREAM sockets can be spliced"}
	case !from.ofType(SOCK_STREAM):
		err = &ArgError{ArgType, "from", from.Type(), "only SOCK_STREAM sockets can be spliced"}
	case count < -1:
		err = &ArgError{ArgRange, "count", count, "must be -1 for all, or 0 or more"}
	}
	if err != nil {
		return 0, s.fail("splice", Addr{}, err)
	}
	return s.move(&Socket{from.core, s.who, from}, count)
}

// move is Splice in which each socket waits in its own view.
func (s *Socket) move(from *Socket, count int64) (n int64, err error) {
	n, err = s.splice(from, count)
	if err == errNoSplice {
		var more int64
		more, err = s.copyFrom(from, count-n, count < 0)
		n += more
	}
	runtime.KeepAlive(from)
	return n, err
}

// errNoSplice is returned if the system cannot splice sockets of this kind.
var errNoSplice = syscall.EINVAL

// copyFrom is Splice through the program's memory: count bytes, or all. It receives no byte beyond
// the count, which is left to the next reader.
func (s *Socket) copyFrom(from *Socket, count int64, all bool) (n int64, err error) {
	for all || n < count {
		b := copies
		if !all && count-n < copySize {
			b = NewBuffers(int(count - n))
		}
		p, err := from.RecvBuffer(b, 0)
		if err != nil || p == nil {
			return n, err
		}
		m, err := s.Sendall(p, 0)
		b.Put(p)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Splice is Socket.Splice. After an error the value is how many bytes were sent.
func (a Async) Splice(from *Socket, count int64) loop.Future[int64] {
	return a.inTask("splice", func(s *Socket) (int64, error) { return s.Splice(from, count) })
}

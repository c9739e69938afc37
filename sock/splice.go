package sock

import (
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// Splice sends what it receives from another stream socket, up to the end of that stream or, if
// count is not -1, up to count bytes. It reports the bytes sent, with an error too. The end of the
// stream ends it early, and is no error.
//
// On Linux the bytes go by splice(2) from socket to socket, through a pipe of the kernel's and not
// through the program's memory. Elsewhere, and for a family that the kernel does not splice, they
// are copied. While it waits for from to send something, it holds neither a pipe nor a buffer.
//
// Both sockets are waited for in s's view, each for its own timeout. What others send on s
// meanwhile may come in between. It does not shut s down at the end: see Shutdown.
//
// Errors: an *ArgError if a socket is nil or no SOCK_STREAM, or if count is negative and not -1;
// those of Recv from one and of Sendall to the other. What was received and not sent is lost then.
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

// errNoSplice says that the system does not splice sockets of this kind.
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

package sock

import (
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

// SetDeadline sets the deadlines of both directions: SetReadDeadline and SetWriteDeadline.
//
// Error: net.ErrClosed.
func (s *Socket) SetDeadline(t time.Time) error {
	err := s.setDeadline(loop.Read, t)
	if err == nil {
		err = s.setDeadline(loop.Write, t)
	}
	return s.fail("setdeadline", Addr{}, err)
}

// SetReadDeadline sets the instant from which receiving and accepting fail with
// os.ErrDeadlineExceeded, also where something is there; the zero Time is none. It may be moved at
// any time, also into the past, and counts at once for operations that wait: in a goroutine, in a
// task, until a context ends, or for a future. Nothing that is in the socket is lost: a later
// deadline lets operations go on.
//
// A handler gets a call of Readable when the deadline has passed. What arrived until it moved on
// makes no further call: the program that moves it calls Readable itself, on the loop.
//
// The timeout of SetTimeout counts for each operation beside it; the earlier of the two ends the
// wait. All views of a socket have the same deadlines. A duplicate (Dup), or a socket that Accept
// returns, begins with none.
//
// Error: net.ErrClosed.
func (s *Socket) SetReadDeadline(t time.Time) error {
	return s.fail("setreaddeadline", Addr{}, s.setDeadline(loop.Read, t))
}

// SetWriteDeadline is SetReadDeadline for sending and connecting. A handler gets a call of Writable
// when it has passed, and goes on by a call of its own too. Sendall and Sendfile may end in the
// middle, and return how much went.
//
// Error: net.ErrClosed.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return s.fail("setwritedeadline", Addr{}, s.setDeadline(loop.Write, t))
}

func (s *core) setDeadline(d loop.Direction, t time.Time) error {
	at := timeouts.Never
	if !t.IsZero() {
		// A Time that has a monotonic reading keeps it: a change of the system's clock moves no
		// deadline of time.Now().Add.
		at = s.fd.Now().Add(time.Until(t))
	}
	return s.fd.SetDeadline(d, at)
}

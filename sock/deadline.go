package sock

import (
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

// SetDeadline sets the deadlines of both directions, as SetReadDeadline and SetWriteDeadline do.
//
// Error: net.ErrClosed.
func (s *Socket) SetDeadline(t time.Time) error {
	err := s.setDeadline(loop.Read, t)
	if err == nil {
		err = s.setDeadline(loop.Write, t)
	}
	return s.fail("setdeadline", Addr{}, err)
}

// SetReadDeadline sets the time after which receives and accepts fail with os.ErrDeadlineExceeded,
// even if data is available. The zero Time means no deadline. The deadline may be moved at any
// time, also into the past. It takes effect at once for pending operations: in a goroutine, in a
// task, with a context, or with a future. Data in the socket is never lost: after a later deadline,
// operations go on.
//
// A handler gets a call of Readable when the deadline has passed. Data that arrives between then
// and the new deadline makes no further call. So the program that moves the deadline must call
// Readable itself, on the loop.
//
// The timeout of SetTimeout applies to each operation in addition; the earlier of the two ends the
// wait. All views of a socket share its deadlines. A duplicate (Dup) and a socket from Accept begin
// without a deadline.
//
// Error: net.ErrClosed.
func (s *Socket) SetReadDeadline(t time.Time) error {
	return s.fail("setreaddeadline", Addr{}, s.setDeadline(loop.Read, t))
}

// SetWriteDeadline is SetReadDeadline for sends and connects. A handler gets a call of Writable
// when the deadline has passed. The program that moves the deadline must call Writable itself.
// Sendall and Sendfile may stop in the middle; they return the number of bytes sent.
//
// Error: net.ErrClosed.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return s.fail("setwritedeadline", Addr{}, s.setDeadline(loop.Write, t))
}

func (s *core) setDeadline(d loop.Direction, t time.Time) error {
	at := timeouts.Never
	if !t.IsZero() {
		// A Time with a monotonic reading keeps it: a change of the system's clock does not move a
		// deadline of time.Now().Add.
		left := time.Until(t) // before Now is read, so that the deadline is not early
		at = s.fd.Now().Add(left)
	}
	return s.fd.SetDeadline(d, at)
}

package tlsconn

import (
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// An outbox holds records that the socket has not taken yet. Encryption cannot be undone: a record
// that was made must be sent before the next one. So the bytes that the socket does not take are
// kept here.
type outbox struct {
	mu   sync.Mutex
	rest []byte      // mu; nil while there is nothing
	sent int         // mu; bytes that the socket has taken while there is a rest, since the last flush
	left atomic.Bool // there is a rest; set with mu
}

// put sends the records that add makes, and keeps a copy of the bytes that the socket does not
// take. Only one add runs at a time, so records are sent in the order in which they were made.
//
// Errors: that of add, after its records were sent; those of the socket.
func (b *outbox) put(s *sock.Socket, sysfd int, add func() ([]byte, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, failed := add()
	if err := b.send(s, sysfd, p); err != nil {
		return err
	}
	return failed
}

// post sends records, and keeps a copy of the bytes that the socket does not take.
// Error: that of the socket.
func (b *outbox) post(s *sock.Socket, sysfd int, p []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.send(s, sysfd, p)
}

// send is post. mu is held.
func (b *outbox) send(s *sock.Socket, sysfd int, p []byte) error {
	for len(b.rest) == 0 && len(p) > 0 {
		out, err := s.TrySend(sysfd, p, 0)
		if err == loop.ErrAgain {
			break
		}
		if err != nil {
			return s.OpError("send", sock.Addr{}, err)
		}
		b.sent += out.N
		p = p[out.N:]
	}
	if b.rest = append(b.rest, p...); len(b.rest) > 0 {
		b.left.Store(true)
	} else {
		b.sent = 0
	}
	return nil
}

// flush sends the kept bytes. n is the number of bytes sent since the last flush.
//
// Errors: loop.ErrAgain if some are still unsent; those of the socket.
func (b *outbox) flush(s *sock.Socket, sysfd int) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.retry(s, sysfd)
}

// retry is flush. mu is held.
func (b *outbox) retry(s *sock.Socket, sysfd int) (n int, err error) {
	for len(b.rest) > 0 && err == nil {
		var out loop.Outcome
		out, err = s.TrySend(sysfd, b.rest, 0)
		b.sent += out.N
		b.rest = b.rest[out.N:]
	}
	if len(b.rest) == 0 {
		b.rest = nil
		b.left.Store(false)
	}
	n, b.sent = b.sent, 0
	if err != loop.ErrAgain {
		err = s.OpError("send", sock.Addr{}, err)
	}
	return n, err
}

// pending says whether something is left.
func (b *outbox) pending() bool { return b.left.Load() }

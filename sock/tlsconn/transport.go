package tlsconn

import (
	"io"
	"net"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A transport is the net.Conn from which crypto/tls reads, and to which it writes.
//
// During the handshake its calls wait as the view does that makes the handshake. After that they
// never wait: they run within an attempt on a lane of the socket, and the socket waits.
//
//   - A Read that would have to wait returns a Temporary error. crypto/tls keeps its part of the
//     record, and the next Read continues (conn.go, readRecordOrCCS).
//   - A Write never returns that it would have to wait, because crypto/tls takes such a connection
//     for broken. The bytes that the socket does not take go into the outbox.
type transport struct {
	s       *sock.Socket // in the handshake, the view that waits; then the socket
	sysfd   int          // immutable; open during an attempt
	waits   bool         // changes only at the end of the handshake
	out     outbox
	fin     bool // read lane; the stream has ended
	drained bool // read lane; the last receive of this attempt has emptied the socket
	enough  bool // read lane; this attempt has some text
	got     int  // read lane; bytes received in this attempt
	records int  // read lane; records received since crypto/tls was known to hold none
	flight  flight
}

// empty says that after a Read with text, which has not filled its buffer, neither crypto/tls nor
// the socket has anything for another Read: the socket was drained of one record, which was read.
func (t *transport) empty() bool { return t.drained && t.records == 1 && t.flight.whole() }

// begin is called at the start of each attempt on the read lane.
func (t *transport) begin() { t.drained, t.enough, t.got = false, false, 0 }

func (t *transport) Read(p []byte) (int, error) {
	var n int
	var err error
	switch {
	case t.waits:
		p = p[:t.flight.room(len(p))]
		n, err = t.s.RecvInto(p, 0)
		t.flight.received(p[:n])
	case t.drained && t.enough:
		return 0, sock.ErrWouldBlock // without text only EAGAIN counts: a FIN may be behind
	default:
		var out loop.Outcome
		out, err = t.s.TryRecv(t.sysfd, p, 0)
		n, t.drained = out.N, out.Drained
		t.records += t.flight.pass(p[:n])
	}
	switch {
	case err == loop.ErrAgain:
		t.drained = true
		return 0, sock.ErrWouldBlock
	case err != nil && !t.waits:
		return 0, t.s.OpError("recv", sock.Addr{}, err)
	case err != nil:
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		t.fin = true
		return 0, io.EOF
	}
	t.got += n
	return n, nil
}

func (t *transport) Write(p []byte) (int, error) {
	if t.waits {
		if notes := t.flight.notes; notes != nil {
			notes.sent = append(notes.sent, p...)
		}
		return t.s.Sendall(p, 0)
	}
	if err := t.out.post(t.s, t.sysfd, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close does nothing. Conn closes the socket.
func (t *transport) Close() error { return nil }

func (t *transport) LocalAddr() net.Addr  { return address(t.s.Getsockname()) }
func (t *transport) RemoteAddr() net.Addr { return address(t.s.Getpeername()) }

// address returns the zero Addr if the socket has no address any more.
func address(a sock.Addr, _ error) net.Addr { return a }

// Deadlines are those of the socket.
func (t *transport) SetDeadline(time.Time) error      { return nil }
func (t *transport) SetReadDeadline(time.Time) error  { return nil }
func (t *transport) SetWriteDeadline(time.Time) error { return nil }

var _ net.Conn = (*transport)(nil)

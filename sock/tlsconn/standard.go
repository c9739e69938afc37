package tlsconn

import (
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// standard is crypto/tls as the record layer.
type standard struct {
	tc    *tls.Conn
	t     *transport
	ended bool  // write lane; close was called
	why   error // the reason why it is not the layer of the Config
}

var _ layer = (*standard)(nil)

// read reads from crypto/tls until p is full or crypto/tls has no more. Bytes that crypto/tls holds
// make no edge, so the lane may be blocked only if it holds none.
func (l *standard) read(_ *sock.Socket, _ int, p []byte) (n int, out loop.Outcome, err error) {
	t := l.t
	t.begin()
	for n < len(p) && err == nil {
		var m int
		m, err = l.tc.Read(p[n:])
		n += m
		t.enough = n > 0
		if err == nil && n < len(p) && t.empty() {
			t.records = 0
			return n, loop.Outcome{N: t.got, Drained: true}, nil
		}
	}
	out.N = t.got
	switch {
	case err == nil:
	case errors.Is(err, sock.ErrWouldBlock):
		t.records = 0 // crypto/tls has asked for more
		out.Drained = t.drained
		if err = loop.ErrAgain; n > 0 {
			err = nil
		}
	case err == io.EOF && t.fin:
		err = io.ErrUnexpectedEOF // crypto/tls does not tell the end of the stream from close_notify
	}
	return n, out, err
}

// errEnded is the error of a write after close_notify.
var errEnded = net.ErrClosed

// One attempt encrypts at most recordsAtOnce bytes of plaintext: a full record.
const recordsAtOnce = 16 << 10

func (l *standard) write(_ *sock.Socket, _ int, p []byte) (n int, out loop.Outcome, err error) {
	t := l.t
	if t.out.pending() {
		out.N, err = t.out.flush(t.s, t.sysfd)
	}
	if err != nil || len(p) == 0 {
		return 0, out, err
	}
	if l.ended {
		return 0, out, errEnded
	}
	n, err = l.tc.Write(p[:min(len(p), recordsAtOnce)])
	if err != nil {
		return n, out, err
	}
	return sentPart(&t.out, t.s, t.sysfd, n, len(p), out)
}

func (l *standard) close(_ *sock.Socket, _ int) (out loop.Outcome, err error) {
	l.ended = true
	if err = l.tc.CloseWrite(); err != nil {
		return out, err
	}
	out.N, err = l.t.out.flush(l.t.s, l.t.sysfd)
	return out, err
}

func (l *standard) pending() bool              { return l.t.out.pending() }
func (l *standard) state() tls.ConnectionState { return l.tc.ConnectionState() }

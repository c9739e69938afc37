package tlsconn

import (
	"crypto/fips140"
	"crypto/tls"
	"errors"
	"io"
	"sync"

	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// compact is the record layer of package tlsrecord. An idle one has no buffer: incoming exists only
// while it holds a part of a record, or plaintext that was not read.
type compact struct {
	record  tlsrecord.Conn
	in      *incoming // read lane; nil if there is nothing in it
	out     outbox
	summary summary
}

var _ layer = (*compact)(nil)

var errFIPS = errors.New("in FIPS 140-3 mode, records are left to crypto/tls")

// newCompact takes over from the crypto/tls connection tc over t. The error is the reason if it
// cannot.
func newCompact(t *transport, tc *tls.Conn, client bool) (layer, error) {
	if fips140.Enabled() {
		return nil, errFIPS
	}
	state := tc.ConnectionState()
	p, err := t.params(&state, client)
	if err != nil {
		return nil, err
	}
	l := new(compact)
	if err := l.record.Init(p); err != nil {
		return nil, err
	}
	l.summary.set(&state)
	return l, nil
}

// incoming has the bytes that were received and not read.
type incoming struct {
	room     []byte
	from, to int    // the part of room that was not opened
	text     []byte // plaintext that was not read; in room, before from
}

// Each of the incomings has room for a record of any length, and for a few small ones behind it.
var incomings = sync.Pool{New: func() any { return &incoming{room: make([]byte, 32<<10)} }}

// An idle connection keeps up to fewBytes of a record in a block of its own.
const fewBytes = 512

// take returns the incoming to use for a read.
func (l *compact) take() *incoming {
	in := l.in
	if in != nil && len(in.room) > fewBytes {
		return in
	}
	full := incomings.Get().(*incoming)
	full.from, full.to, full.text = 0, 0, nil
	if in != nil {
		full.to = copy(full.room, in.room)
	}
	return full
}

// keep ends a read. It keeps memory only for the bytes that are left.
func (l *compact) keep(in *incoming) {
	switch left := in.room[in.from:in.to]; {
	case len(in.text) > 0 || len(left) > fewBytes:
		l.in = in
		return
	case len(left) > 0:
		few := append([]byte(nil), left...)
		l.in = &incoming{room: few, to: len(few)}
	default:
		l.in = nil
	}
	in.text = nil
	incomings.Put(in)
}

func (l *compact) read(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	if l.in == nil && len(p) >= tlsrecord.MaxRecord {
		if n, out, err = l.readHere(s, sysfd, p); n > 0 || err != nil {
			return n, out, err
		}
	}
	in := l.take()
	drained := false
	for n < len(p) && err == nil {
		if len(in.text) > 0 {
			m := copy(p[n:], in.text)
			n += m
			in.text = in.text[m:]
			continue
		}
		text, size, failed := l.open(s, sysfd, in.room[in.from:in.to])
		if size > 0 || failed != nil {
			in.text, err = text, failed
			in.from += size
			continue
		}
		if drained && n > 0 {
			err = loop.ErrAgain // without text only EAGAIN ends the attempt: a FIN may be behind
			continue
		}
		if in.from > 0 {
			in.to = copy(in.room, in.room[in.from:in.to])
			in.from = 0
		}
		var got loop.Outcome
		got, err = receive(s, sysfd, in.room[in.to:])
		in.to += got.N
		out.N += got.N
		drained = got.Drained
	}
	out.Drained = err == loop.ErrAgain
	l.keep(in)
	if n > 0 && err == loop.ErrAgain {
		err = nil
	}
	return n, out, err
}

// readHere is read while nothing waits, for a p that has room for any record: what is received is
// opened in p itself. Without text it returns 0 and no error, and read goes on.
func (l *compact) readHere(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	out, err = receive(s, sysfd, p)
	left := p[:out.N]
	for err == nil {
		text, size, failed := l.open(s, sysfd, left)
		if size == 0 && failed == nil {
			break
		}
		err = failed
		n += copy(p[n:], text) // text is not before p[n:]
		left = left[size:]
	}
	if len(left) > 0 && err == nil {
		l.in = l.take()
		l.in.to = copy(l.in.room, left)
		l.keep(l.in)
	}
	out.Drained = out.Drained && err == nil // the next read returns the error, and must not wait
	return n, out, err
}

// receive makes one recv(2). Errors: loop.ErrAgain; io.ErrUnexpectedEOF at the end of the stream.
func receive(s *sock.Socket, sysfd int, p []byte) (out loop.Outcome, err error) {
	out, err = s.TryRecv(sysfd, p, 0)
	switch {
	case err == nil && out.N == 0:
		err = io.ErrUnexpectedEOF
	case err != nil && err != loop.ErrAgain:
		err = s.OpError("recv", sock.Addr{}, err)
	}
	return out, err
}

// open opens the record that p begins with, and sends what it asks for. size is the length of the
// record, or 0 if p has only a part of it.
func (l *compact) open(s *sock.Socket, sysfd int, p []byte) (text []byte, size int, err error) {
	size, err = l.record.Size(p)
	switch {
	case err != nil:
		size = 0
	case size == 0 || size > len(p):
		return nil, 0, nil
	default:
		text, err = l.record.Open(p[:size])
	}
	if l.record.Replies() {
		failed := l.send(s, sysfd, func(room []byte) ([]byte, error) { return l.record.Reply(room) })
		if err == nil {
			err = failed
		}
	}
	return text, size, err
}

// One attempt encrypts at most textAtOnce bytes of the text: two full records.
const textAtOnce = 2 * tlsrecord.MaxPlaintext

// sealed has buffers for encrypted records.
var sealed = sync.Pool{New: func() any {
	p := make([]byte, 0, textAtOnce+4*tlsrecord.Overhead)
	return &p
}}

// send sends the records that add appends to room.
func (l *compact) send(s *sock.Socket, sysfd int, add func(room []byte) ([]byte, error)) error {
	room := sealed.Get().(*[]byte)
	defer sealed.Put(room)
	return l.out.put(s, sysfd, func() ([]byte, error) { return add((*room)[:0]) })
}

func (l *compact) write(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	b := &l.out
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rest) > 0 {
		out.N, err = b.retry(s, sysfd)
	}
	if err != nil || len(p) == 0 {
		return 0, out, err
	}
	n = min(len(p), textAtOnce)
	if err = l.seal(s, sysfd, p[:n]); err != nil {
		return 0, out, err
	}
	if len(b.rest) > 0 {
		out.N += b.sent
		b.sent = 0
		return n, out, loop.ErrAgain
	}
	out.N += n
	out.More = n < len(p)
	if out.More {
		err = loop.ErrAgain
	}
	return n, out, err
}

// seal sends p as records. The mutex of the outbox is held.
func (l *compact) seal(s *sock.Socket, sysfd int, p []byte) error {
	var records []byte
	var failed error
	if len(p) <= tlsrecord.MaxShort {
		records, failed = l.record.SealShort(p) // all that is in use then is near the keys
	} else {
		room := sealed.Get().(*[]byte)
		defer sealed.Put(room)
		records, failed = l.record.Seal((*room)[:0], p)
	}
	if err := l.out.send(s, sysfd, records); err != nil {
		return err
	}
	return failed
}

// sentPart ends an attempt that has put n of size bytes of plaintext into b.
func sentPart(b *outbox, s *sock.Socket, sysfd int, n, size int, out loop.Outcome) (_ int, _ loop.Outcome, err error) {
	if !b.pending() {
		out.N += n
	} else {
		var sent int
		sent, err = b.flush(s, sysfd)
		out.N += sent
	}
	if err == nil && n < size {
		out.More, err = true, loop.ErrAgain
	}
	return n, out, err
}

func (l *compact) close(s *sock.Socket, sysfd int) (out loop.Outcome, err error) {
	if err = l.send(s, sysfd, l.record.CloseNotify); err != nil {
		return out, err
	}
	out.N, err = l.out.flush(s, sysfd)
	return out, err
}

func (l *compact) pending() bool { return l.out.pending() }

func (l *compact) state() tls.ConnectionState {
	return l.summary.state(l.record.Version(), l.record.Suite())
}

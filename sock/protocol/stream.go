package protocol

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Stream stands between a Transport and its socket and transforms the bytes, as TLS does.
// *tlsconn.Conn is one. Its calls never wait once WatchReady was called.
type Stream interface {
	// WatchReady makes the handshake on the loop l. Then it calls w as the watcher of a socket:
	// Ready once at the end of the handshake, and each time that Read or Write may succeed. Closed
	// is the last call and comes once, even after a failed handshake. See sock.Socket.WatchReady.
	// sock.Socket.CallWatcher calls w too.
	WatchReady(l *loop.Loop, w loop.Watcher) error
	// UnwatchReady ends WatchReady after the handshake, so that another loop can watch. w gets no
	// further call.
	UnwatchReady()
	// Read reads into p. Errors: sock.ErrWouldBlock; io.EOF at the end of the peer's stream.
	Read(p []byte) (n int, err error)
	// Write takes n bytes of p: all of them, or fewer with an error. Error: sock.ErrWouldBlock;
	// Ready is called later.
	Write(p []byte) (n int, err error)
	// Pending reports whether the socket has not yet taken all bytes that Write and CloseWrite have
	// produced.
	Pending() bool
	// CloseWrite ends the sending of this side.
	CloseWrite() error
}

var errSecuring = errors.New("protocol: the handshake of the connection is not over")

// ErrEarlyData is the reason that Lost gets if the peer has sent bytes behind its request for
// Secure. These bytes came without protection, and an attacker may have inserted them (RFC 3207,
// 6).
var ErrEarlyData = errors.New("protocol: plaintext came before the handshake")

// Secure puts the connection behind a Stream, as STARTTLS does. Once all earlier writes are sent,
// the handshake begins: the loop calls fn with the socket. Later writes are kept until the
// handshake is over. Then Data gets the bytes that the Stream reads. Lost gets the error of a
// failed handshake.
//
//	t.WriteString("220 go ahead\r\n")
//	t.Secure(func(s *sock.Socket) (protocol.Stream, error) { return tlsconn.Server(s, cfg) })
//
// If the peer has sent bytes that Data has not used, the connection ends with ErrEarlyData.
//
// Errors: net.ErrClosed after Close and once the connection is lost; an *OptionError for a nil fn,
// for a connection that has a Stream already, and for a socket of messages.
func (t *Transport) Secure(fn func(s *sock.Socket) (Stream, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.flags&(closing|halfClosing|finished|upgrading|broken) != 0:
		return errClosed
	case fn == nil:
		return &OptionError{"Secure", nil, "must make a Stream"}
	case t.flags&(securing|secured) != 0:
		return &OptionError{"Secure", t.socket, "must not be behind a Stream already"}
	case !t.isStream():
		return &OptionError{"Secure", t.socket, "must be of type SOCK_STREAM"}
	}
	if t.flags&corked != 0 {
		t.uncork(t.home)
	}
	t.more().secure = fn
	t.flags |= securing
	t.attend()
	return nil
}

// Stream returns the Stream of the connection, such as a *tlsconn.Conn, or nil.
func (t *Transport) Stream() Stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.extra.Load(); x != nil {
		return x.stream
	}
	return nil
}

// startStream begins the handshake. mu is held, and is given up. Loop only.
func (t *Transport) startStream(h *home) {
	x := t.extra.Load()
	if len(x.in) > 0 {
		t.finish(h, ErrEarlyData)
		return
	}
	fn := x.secure
	x.secure = nil
	t.flags |= secured
	t.steps |= viaStream
	t.mu.Unlock()
	t.socket.Unwatch()
	err := errGoexit
	defer func() {
		v := recover()
		if v != nil {
			err = &loop.PanicError{Value: v, Stack: debug.Stack()}
		}
		if err == nil {
			return
		}
		// Nothing watches the socket: the loop would not end the connection.
		t.mu.Lock()
		if x.stream == nil {
			t.flags &^= secured
		}
		t.flags |= finished
		x.reason = fmt.Errorf("protocol: secure: %w", err)
		t.mu.Unlock()
		t.socket.Close()
		t.Closed(err)
		if v != nil {
			panic(v) // for the log of the loop
		}
	}()
	stream, failed := fn(t.socket)
	if failed == nil && stream == nil {
		failed = &OptionError{"Secure", nil, "must make a Stream"}
	}
	if failed == nil {
		t.mu.Lock()
		x.stream = stream
		t.mu.Unlock()
		failed = stream.WatchReady(h.loop, t)
	}
	err = failed
}

// caught makes a panic of a Stream's method the error of the method, because mu is held during its
// call.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = &loop.PanicError{Value: v, Stack: debug.Stack()}
	}
}

// handshaked goes on after the handshake. It returns false if that is yet to begin: what was
// written before goes first. Loop only.
func (t *Transport) handshaked(h *home, r pollux.Ready, f flags) bool {
	if t.steps&viaStream == 0 {
		t.enroll(h)
		if r&pollux.Writable != 0 || f&flushing != 0 {
			t.flush(h)
		}
		t.mu.Lock()
		t.flags |= f & ending // for the first call after the handshake
		t.mu.Unlock()
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flags &^= securing
	x := t.extra.Load()
	later := x.later
	x.later = nil
	x.size -= len(later)
	h.buffered.Add(-int64(len(later)))
	if len(later) > 0 {
		t.send(later)
	}
	return true
}

// keepForLater keeps what is written before the handshake is over. mu is held.
func (t *Transport) keepForLater(p []byte) {
	x := t.more()
	x.later = append(x.later, p...)
	x.size += len(p)
	t.home.buffered.Add(int64(len(p)))
}

// recv is one receive: 0 bytes at the end. Loop only.
func (t *Transport) recv(p []byte) (int, error) {
	if t.steps&viaStream == 0 {
		return t.socket.RecvInto(p, 0)
	}
	n, err := t.extra.Load().stream.Read(p)
	if err == io.EOF || n > 0 {
		err = nil // what comes with bytes comes again
	}
	return n, err
}

// give is one send of as much as there is room for. mu is held.
func (t *Transport) give(p []byte) (int, error) {
	if t.flags&secured == 0 {
		return t.socket.Sendall(p, 0)
	}
	return t.giveStream(p)
}

// giveStream is give for a Stream. mu is held.
func (t *Transport) giveStream(p []byte) (n int, err error) {
	defer caught(&err)
	n, err = t.extra.Load().stream.Write(p)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("protocol: Write of the Stream took %d bytes, must be 0 to %d", n, len(p))
	}
	return n, err
}

// sendEach is sendv for a Stream. mu is held.
func (t *Transport) sendEach(buffers [][]byte) error {
	for i, p := range buffers {
		if err := t.send(p); err != nil {
			return err
		}
		if t.queued() {
			for _, p := range buffers[i+1:] {
				t.queue(p)
			}
			return nil
		}
	}
	return nil
}

// endStream ends what this side sends, for the peer's Stream. The end of the socket comes with
// Close: TLS has an end of its own. mu is held.
func (t *Transport) endStream() {
	var err error
	func() {
		defer caught(&err)
		err = t.extra.Load().stream.CloseWrite()
	}()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.failLocked(err)
	}
}

// rewatch lets another loop watch. mu is held; loop only.
func (t *Transport) rewatch(l *loop.Loop) error {
	if t.steps&viaStream != 0 {
		stream := t.extra.Load().stream
		stream.UnwatchReady()
		return stream.WatchReady(l, t)
	}
	t.socket.Unwatch()
	return t.socket.WatchReady(l, t)
}

// readFile reads the next part of the file that is first in the queue, on a goroutine of its own,
// and puts it in front of the file: a Stream has no sendfile(2). mu is held.
func (t *Transport) readFile(c *chunk) {
	t.flags |= sendingFile
	part := *c
	go func() {
		block := getBlock(chunkSize)[:chunkSize]
		if left := part.count - part.went; part.count >= 0 && left < chunkSize {
			block = block[:max(left, 0)]
		}
		n, err := 0, errGoexit
		defer func() {
			if v := recover(); v != nil {
				n, err = 0, &loop.PanicError{Value: v, Stack: debug.Stack()}
			}
			t.readPartOf(block[:n], err, part.done)
		}()
		k, failed := readPart(part.file, block, part.offset, part.went)
		if k < 0 || k > len(block) {
			k, failed = 0, errBadRead
		}
		n, err = k, failed
	}()
}

var errBadRead = errors.New("protocol: the file's Read returned a negative count, or more bytes than its buffer holds")

// readPart fills p from a file, from offset on, of which went bytes were read before.
func readPart(file io.Reader, p []byte, offset, went int64) (n int, err error) {
	if len(p) == 0 {
		return 0, io.EOF
	}
	switch f := file.(type) {
	case io.ReaderAt:
		return f.ReadAt(p, offset+went)
	case io.Seeker:
		if went == 0 && offset != 0 {
			if _, err := f.Seek(offset, io.SeekStart); err != nil {
				return 0, err
			}
		}
	}
	n, err = io.ReadFull(file, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// readPartOf goes on after readFile.
func (t *Transport) readPartOf(block []byte, err error, done *loop.Promise[int64]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flags = t.flags&^sendingFile | flushing
	x := t.extra.Load()
	if x == nil || len(x.out) == 0 || t.flags&finished != 0 {
		putBlock(block)
		done.Reject(errClosed) // drop leaves that to this
		return
	}
	c := &x.out[0]
	c.went += int64(len(block))
	went := c.went
	if err != nil {
		x.files--
		x.next()
	}
	if len(block) > 0 {
		x.size += len(block)
		t.home.buffered.Add(int64(len(block)))
		x.out = append([]chunk{{block: block}}, x.out...)
	} else {
		putBlock(block)
	}
	switch err {
	case nil:
	case io.EOF:
		done.Resolve(went)
	default:
		done.ResolveWith(went, err)
		t.failLocked(err)
	}
	t.socket.CallWatcher()
}

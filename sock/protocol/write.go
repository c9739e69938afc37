package protocol

import (
	"io"
	"net"
	"runtime/debug"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A chunk is a part of what is unsent: bytes in a block, from the first that is unsent on; or a
// file.
type chunk struct {
	block  []byte // all of it, for putBlock; or the program's, if owner is set
	sent   int    // of block
	file   io.Reader
	offset int64
	count  int64
	went   int64 // bytes of file that were read, if it does not go by sendfile
	done   *loop.Promise[int64]

	owner    *loop.Promise[[]byte] // gives block back: WriteBuffer
	zero     bool                  // by MSG_ZEROCOPY
	zeroSent bool                  // a part was sent so: it is the last of zeroCopy.sends
}

// Write sends p, or keeps the bytes that the system does not take yet. It never waits, and the
// caller may use p again when it returns. Within a call of the protocol, Write gathers small
// writes, which go when the call ends.
//
// The result is len(p), or 0 and an error: net.ErrClosed after Close, CloseWrite and Upgrade and
// once the connection is lost; a *LimitError if more than Config.WriteLimit bytes are unsent, which
// also ends the connection; the system's error, after which Lost is called.
//
// On a socket of messages each Write is one message.
func (t *Transport) Write(p []byte) (int, error) {
	t.mu.Lock()
	err := t.write(p)
	t.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

var _ io.Writer = (*Transport)(nil)
var _ io.StringWriter = (*Transport)(nil)

// WriteString is Write for a string.
func (t *Transport) WriteString(s string) (int, error) {
	return t.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// Writev is Write for several buffers. If nothing else is unsent, one system call sends them
// without a copy.
//
// On a socket of messages the buffers are one message.
func (t *Transport) Writev(buffers ...[]byte) (int, error) {
	total := 0
	for _, p := range buffers {
		total += len(p)
	}
	t.mu.Lock()
	err := t.writev(buffers, total)
	t.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return total, nil
}

// AvailableBuffer returns an empty buffer of a few KiB. The caller appends to it and gives it to
// Write, as with bufio.Writer. The buffer is memory of the loop, so a connection needs no buffer of
// its own for its answers. It is valid until the next call of AvailableBuffer on the loop, and at
// most until the call of the protocol ends. Loop only.
func (t *Transport) AvailableBuffer() []byte {
	h := t.home
	if h.scratch == nil {
		h.scratch = make([]byte, 0, scratchSize)
	}
	return h.scratch
}

// unsent reports whether bytes wait in the queue or in the stream. mu is held.
func (t *Transport) unsent() bool {
	x := t.extra.Load()
	return x != nil && (len(x.out) > 0 || x.hasZeroCopy() || t.flags&(secured|securing) == secured && x.stream.Pending())
}

// queued reports whether bytes wait in the queue. mu is held.
func (t *Transport) queued() bool {
	x := t.extra.Load()
	return x != nil && len(x.out) > 0
}

// mayWrite returns the reason why a write must fail, or nil. mu is held.
func (t *Transport) mayWrite() error {
	if t.flags&(closing|halfClosing|finished|upgrading|broken) != 0 {
		return net.ErrClosed
	}
	if x := t.extra.Load(); x != nil && x.size > t.home.cfg.WriteLimit {
		err := &LimitError{"WriteLimit", x.size, t.home.cfg.WriteLimit}
		t.failLocked(err)
		return err
	}
	return nil
}

// write is Write. mu is held.
func (t *Transport) write(p []byte) error {
	if err := t.mayWrite(); err != nil || len(p) == 0 {
		return err
	}
	if t.flags&securing != 0 {
		t.keepForLater(p)
		return nil
	}
	if t.queued() {
		t.queue(p)
		return nil
	}
	if t.flags&corked != 0 && t.isStream() {
		h := t.home
		if len(p) <= corkLargest && len(h.cork)+len(p) <= corkSize {
			h.cork = append(h.cork, p...)
			return nil
		}
		if len(h.cork) > 0 {
			return t.sendv([][]byte{h.takeCork(), p}, true)
		}
	}
	return t.send(p)
}

// takeCork empties the cork. mu of corked is held. The result is valid until the next small write.
func (h *home) takeCork() []byte {
	p := h.cork
	h.cork = h.cork[:0]
	return p
}

// writev is Writev. mu is held.
func (t *Transport) writev(buffers [][]byte, total int) error {
	if err := t.mayWrite(); err != nil || total == 0 {
		return err
	}
	stream := t.isStream()
	switch h := t.home; {
	case t.flags&securing != 0:
		for _, p := range buffers {
			t.keepForLater(p)
		}
		return nil
	case t.queued():
		if !stream {
			t.queue(joined(buffers, total))
			return nil
		}
		for _, p := range buffers {
			t.queue(p)
		}
		return nil
	case stream && t.flags&corked != 0 && total <= corkLargest && len(h.cork)+total <= corkSize:
		for _, p := range buffers {
			h.cork = append(h.cork, p...)
		}
		return nil
	case stream && t.flags&corked != 0 && len(h.cork) > 0:
		if err := t.send(h.takeCork()); err != nil {
			return err
		}
		if t.unsent() {
			for _, p := range buffers {
				t.queue(p)
			}
			return nil
		}
	}
	return t.sendv(buffers, stream)
}

func joined(buffers [][]byte, total int) []byte {
	all := make([]byte, 0, total)
	for _, p := range buffers {
		all = append(all, p...)
	}
	return all
}

// uncork sends the gathered writes. mu is held.
func (t *Transport) uncork(h *home) {
	p := h.takeCork()
	if len(p) == 0 || t.flags&(finished|broken) != 0 {
		return
	}
	if t.queued() {
		t.queue(p)
		return
	}
	t.send(p)
}

// send gives p to the system, and queues the bytes that it does not take. mu is held.
func (t *Transport) send(p []byte) error {
	n, err := t.give(p)
	return t.took(n, err, p[n:])
}

// took records the result of a send: n bytes were sent, and rest was not. mu is held.
func (t *Transport) took(n int, err error, rest []byte) error {
	if n > 0 {
		t.home.sent.Add(uint64(n))
		t.touch(t.home)
	}
	switch {
	case err == nil:
	case err == sock.ErrWouldBlock:
		t.queue(rest)
	default:
		t.failLocked(err)
		return err
	}
	return nil
}

// sendv gives buffers to the system, and queues the bytes that it does not take. mu is held.
func (t *Transport) sendv(buffers [][]byte, stream bool) error {
	for len(buffers) > 0 {
		if t.flags&secured != 0 {
			return t.sendEach(buffers)
		}
		n, err := t.socket.Sendmsg(buffers[:min(len(buffers), sock.IOV_MAX)], nil, 0, sock.Addr{})
		if n > 0 || err == nil {
			t.home.sent.Add(uint64(n))
			t.touch(t.home)
		}
		switch {
		case err != nil && err != sock.ErrWouldBlock:
			t.failLocked(err)
			return err
		case !stream:
			if err != nil {
				t.queue(joined(buffers, totalOf(buffers)))
			}
			return nil
		}
		for len(buffers) > 0 && n >= len(buffers[0]) {
			n -= len(buffers[0])
			buffers = buffers[1:]
		}
		if len(buffers) == 0 || n == 0 && err == nil {
			continue
		}
		// A part was sent. Sendall continues until the socket is full, so that an edge reports
		// when it has room again.
		if err := t.send(buffers[0][n:]); err != nil {
			return err
		}
		if buffers = buffers[1:]; t.queued() {
			for _, p := range buffers {
				t.queue(p)
			}
			return nil
		}
	}
	return nil
}

func totalOf(buffers [][]byte) (n int) {
	for _, p := range buffers {
		n += len(p)
	}
	return n
}

// queue keeps a copy of p until the socket is writable. mu is held.
func (t *Transport) queue(p []byte) {
	if len(p) == 0 && t.isStream() {
		return
	}
	x, h := t.more(), t.home
	x.size += len(p)
	h.buffered.Add(int64(len(p)))
	if !t.isStream() {
		x.out = append(x.out, chunk{block: append(getBlock(len(p)), p...)})
		p = nil
	}
	for len(p) > 0 {
		if n := len(x.out); n > 0 {
			last := &x.out[n-1]
			if room := cap(last.block) - len(last.block); last.file == nil && last.owner == nil && room > 0 {
				some := min(room, len(p))
				last.block = append(last.block, p[:some]...)
				p = p[some:]
				continue
			}
		}
		size := min(max(len(p), min(2*x.size, chunkSize)), chunkSize)
		x.out = append(x.out, chunk{block: getBlock(size)})
	}
	if x.size > h.cfg.HighWater && t.flags&paused == 0 {
		t.flags |= paused | tellPaused
	}
	t.attend()
}

// attend makes the loop look at what was asked for. mu is held.
func (t *Transport) attend() {
	if t.flags&corked == 0 {
		t.socket.CallWatcher()
	}
}

// flush sends the queue. Loop only.
func (t *Transport) flush(h *home) {
	t.mu.Lock()
	if x := t.extra.Load(); x != nil && x.hasZeroCopy() {
		t.readCompletions(x)
	}
	t.sendQueued(h)
	if t.flags&(tellPaused|tellResumed) != 0 {
		t.tellFlow(h) // before more is read
	}
	t.mu.Unlock()
}

// sendQueued sends the queue, until the socket is full. mu is held; loop only.
func (t *Transport) sendQueued(h *home) {
	x := t.extra.Load()
	if x == nil || t.flags&(finished|broken|sendingFile) != 0 {
		return
	}
	for len(x.out) > 0 {
		c := &x.out[0]
		if c.file != nil {
			t.sendFile(c)
			return
		}
		n, err := t.giveChunk(x, c)
		if n > 0 {
			c.sent += n
			x.size -= n
			x.write = 0 // settle sets it anew
			h.sent.Add(uint64(n))
			h.buffered.Add(-int64(n))
			t.touch(h)
		}
		if err == sock.ErrWouldBlock {
			break
		}
		if err != nil {
			t.failLocked(err)
			return
		}
		x.gave(c)
		x.next()
	}
	t.below(x)
}

// next drops the first chunk after its use.
func (x *extra) next() {
	if c := &x.out[0]; c.owner == nil {
		putBlock(c.block)
	}
	copy(x.out, x.out[1:])
	x.out[len(x.out)-1] = chunk{}
	x.out = x.out[:len(x.out)-1]
}

// below notes that the queue has become shorter. mu is held.
func (t *Transport) below(x *extra) {
	if x.size > t.home.cfg.LowWater || x.files > 0 {
		return
	}
	if t.flags&paused != 0 {
		t.flags &^= paused
		if t.flags&tellPaused != 0 {
			t.flags &^= tellPaused // it was not called yet
		} else {
			t.flags |= tellResumed
		}
		t.socket.CallWatcher() // to read what has come meanwhile
	}
	for _, p := range x.drains {
		p.Resolve(struct{}{})
	}
	x.drains = nil
}

// Drain returns a future that is settled when no more than Config.LowWater bytes are unsent. If the
// connection is lost before, the future has an error. A producer writes and then waits for Drain: a
// goroutine by Wait, a task by Await.
func (t *Transport) Drain() loop.Future[struct{}] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flags&finished != 0 {
		return loop.Settled(struct{}{}, error(net.ErrClosed))
	}
	x := t.extra.Load()
	if x == nil || x.size <= t.home.cfg.LowWater && x.files == 0 {
		return loop.Settled(struct{}{}, nil)
	}
	p := loop.NewPromise[struct{}](t.home.loop)
	x.drains = append(x.drains, p)
	return p.Future()
}

// SendFile sends count bytes of a file from offset, after all earlier writes and before all later
// ones. A count of -1 means everything up to the end of the file. The file belongs to the
// connection until the future is settled. Its value is the number of bytes sent. sendfile(2) sends
// a regular file without a copy, on a goroutine, so that the disk holds up no loop. Reading pauses
// meanwhile. See sock.Socket.Sendfile.
//
// Errors: an *OptionError for a nil file, for a negative offset, and for a count below 1 other than
// -1: nothing is sent then, and the connection goes on. After those of Write and of
// sock.Socket.Sendfile it ends, and after a *loop.PanicError of the file too.
func (t *Transport) SendFile(file io.Reader, offset, count int64) loop.Future[int64] {
	var wrong error
	switch {
	case file == nil:
		wrong = &OptionError{"SendFile", nil, "must have a file"}
	case offset < 0:
		wrong = &OptionError{"SendFile", offset, "must have an offset of 0 or more"}
	case count < 1 && count != -1:
		wrong = &OptionError{"SendFile", count, "must have a count of 1 or more, or -1 for all"}
	}
	if wrong != nil {
		return loop.Settled(int64(0), wrong)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.mayWrite(); err != nil {
		return loop.Settled(int64(0), err)
	}
	if t.flags&securing != 0 {
		return loop.Settled(int64(0), errSecuring)
	}
	if t.flags&corked != 0 {
		t.uncork(t.home)
	}
	x := t.more()
	p := loop.NewPromise[int64](t.home.loop)
	x.out = append(x.out, chunk{file: file, offset: offset, count: count, done: p})
	x.files++
	if len(x.out) == 1 {
		t.sendFile(&x.out[0])
	}
	return p.Future()
}

// sendFile sends the file that is first in the queue. mu is held.
func (t *Transport) sendFile(c *chunk) {
	if t.flags&secured != 0 {
		t.readFile(c)
		return
	}
	t.flags |= sendingFile
	file, offset, count, done := c.file, c.offset, c.count, c.done
	patience := t.home.cfg.WriteTimeout
	if patience == 0 {
		patience = sock.Forever
	}
	t.socket.SetTimeout(patience) // a watched socket has 0, and nothing but this uses it now
	go func() {
		n, err := int64(0), errGoexit
		defer func() { // also after a panic of file: this goroutine is not the program's
			if v := recover(); v != nil {
				err = &loop.PanicError{Value: v, Stack: debug.Stack()}
			}
			t.sentFile(n, err)
			if err != nil {
				done.ResolveWith(n, err)
			} else {
				done.Resolve(n)
			}
		}()
		n, err = t.socket.Sendfile(file, offset, count)
	}()
}

// sentFile continues the queue after a file.
func (t *Transport) sentFile(n int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flags = t.flags&^sendingFile | flushing
	t.socket.SetTimeout(0)
	t.home.sent.Add(uint64(n))
	x := t.extra.Load()
	if x == nil || t.flags&finished != 0 {
		return
	}
	x.files--
	x.next()
	if err != nil {
		t.failLocked(err)
		return
	}
	t.below(x)
	t.socket.CallWatcher() // also during a call of the protocol, which has begun without flushing
}

package protocol

import (
	"time"

	"github.com/polluxio/pollux/sock"
)

// Close ends the connection once everything is sent, or after Config.CloseTimeout. Then Lost is
// called. Data, EOF, Paused and Resumed are not called any more, and later writes fail. A second
// Close does nothing. Close does not wait.
func (t *Transport) Close() { t.close(0) }

// CloseIn is Close with d in place of Config.CloseTimeout: 1 ms to 12 days.
func (t *Transport) CloseIn(d time.Duration) {
	t.close(min(max(d, time.Millisecond), longestTimeout))
}

func (t *Transport) close(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flags&(closing|finished|broken) != 0 {
		return
	}
	if d != 0 {
		t.more().closeTime = d
	}
	t.flags |= closing
	t.attend()
}

// CloseWrite ends the sending once everything is sent: SHUT_WR. The peer sees the end of the stream
// and can still send: Data and EOF are still called. On a socket of messages CloseWrite does the
// same if the family supports it.
func (t *Transport) CloseWrite() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flags&(closing|halfClosing|finished|broken) == 0 {
		t.flags |= halfClosing
		t.attend()
	}
}

// Abort ends the connection at once. Unsent bytes are dropped, and a TCP peer gets a reset (RST).
// Lost gets ErrAborted.
func (t *Transport) Abort() { t.fail(ErrAborted) }

// fail ends the connection because of err.
func (t *Transport) fail(err error) {
	t.mu.Lock()
	t.failLocked(err)
	t.mu.Unlock()
}

// failLocked is fail. mu is held.
func (t *Transport) failLocked(err error) {
	if t.flags&(broken|finished) != 0 {
		return
	}
	t.more().reason = err
	t.flags |= broken
	if t.flags&(securing|secured) == securing|secured {
		go t.socket.Close() // nothing watches it in a handshake; its end calls Closed, which takes mu
		return
	}
	t.attend()
}

// settle does what was asked for, as far as what is unsent allows, and sets the deadlines. mu is
// held, and is given up. Loop only.
func (t *Transport) settle(h *home) {
	switch {
	case t.flags&finished != 0:
		t.mu.Unlock()
		return
	case t.flags&broken != 0:
		t.finish(h, t.extra.Load().reason)
		return
	}
	unsent := t.unsent()
	if !unsent {
		switch {
		case t.flags&upgrading != 0:
			t.handOver(h)
			return
		case t.flags&securing != 0 && t.flags&secured == 0:
			t.startStream(h)
			return
		case t.flags&moving != 0:
			t.migrate(h)
			return
		case t.flags&securing != 0: // what was asked for waits for the handshake
		case t.flags&closing != 0:
			if t.steps&eofSeen != 0 || !t.isStream() || h.cfg.Linger < 0 {
				t.finish(h, nil)
				return
			}
			if t.endWriting(); t.unsent() {
				break // close_notify
			}
			if t.steps&lingering == 0 {
				t.steps |= lingering
				if t.flags&secured != 0 {
					t.socket.Shutdown(sock.SHUT_WR) // behind what the stream has sent as its end
				}
				t.more().close = h.now() + ticksOf(h.cfg.Linger)
				t.drop(h, t.extra.Load())
				t.socket.CallWatcher() // what came before may have made its edge
				h.schedule(t)
			}
		case t.flags&halfClosing != 0:
			t.endWriting()
		}
	}
	t.setDeadlines(h, unsent)
	t.less()
	t.mu.Unlock()
}

// endWriting shuts down the sending: SHUT_WR. mu is held.
func (t *Transport) endWriting() {
	if t.steps&eofSent == 0 {
		t.steps |= eofSent
		if t.flags&secured != 0 {
			t.endStream()
			return
		}
		t.socket.Shutdown(sock.SHUT_WR) // a peer that is gone is noticed by reading
	}
}

// finish closes the socket; Closed follows. mu is held, and is given up.
func (t *Transport) finish(h *home, reason error) {
	t.flags |= finished
	x := t.extra.Load()
	if reason == nil {
		t.steps |= wasClosed
	} else {
		x = t.more()
		x.reason = reason
	}
	reset := reason == ErrAborted
	if x != nil {
		reset = reset || x.hasZeroCopy() // so that the kernel lets go of the program's memory
		t.drop(h, x)
	}
	inet := t.isInet()
	t.mu.Unlock()
	if reset && inet {
		t.socket.SetLinger(sock.Linger{On: true})
	}
	t.socket.Close()
}

// drop gives the memory of a connection back that is about to end. mu is held; loop only.
func (t *Transport) drop(h *home, x *extra) {
	h.buffered.Add(-int64(x.size))
	for i := range x.out {
		c := &x.out[i]
		switch {
		case c.owner == nil:
			putBlock(c.block)
		case c.zeroSent: // dropZeroCopy
		default:
			c.owner.Reject(lostError(x.reason))
		}
		if c.done != nil && (i > 0 || t.flags&sendingFile == 0) { // of that one its goroutine tells
			c.done.Reject(lostError(x.reason))
		}
		*c = chunk{}
	}
	x.out, x.size, x.files = x.out[:0], 0, 0
	x.dropZeroCopy()
}

// setDeadlines starts and stops the deadlines for unsent bytes, and, with reading, that for the
// rest of a message. mu is held; loop only.
func (t *Transport) setDeadlines(h *home, unsent bool) {
	x := t.extra.Load()
	if x == nil {
		if t.flags&closing == 0 || !unsent {
			return
		}
		x = t.more()
	}
	set := false
	switch {
	case !unsent || t.flags&sendingFile != 0: // Sendfile has the time itself
		x.write = 0
	case x.write == 0 && h.cfg.WriteTimeout > 0:
		x.write, set = h.now()+ticksOf(h.cfg.WriteTimeout), true
	}
	if t.flags&closing != 0 && t.steps&lingering == 0 && x.close == 0 {
		x.close, set = h.now()+ticksOf(t.closeTime(h, x)), true
	}
	if set {
		h.schedule(t)
	}
	if t.mayReadLocked() {
		t.startRead(h, x)
	} else {
		x.read = 0
	}
}

func (t *Transport) closeTime(h *home, x *extra) time.Duration {
	if x != nil && x.closeTime != 0 {
		return x.closeTime
	}
	return h.cfg.CloseTimeout
}

// nextDeadline returns the time of the connection's next check, if it has one. Loop only.
func (t *Transport) nextDeadline() (at tick, some bool) {
	earlier := func(d tick) {
		if !some || d.before(at) {
			at, some = d, true
		}
	}
	x := t.extra.Load()
	if d := t.idleTimeout(); d > 0 && t.steps&lingering == 0 {
		earlier(tick(t.active.Load()) + ticksOf(d))
	}
	if x != nil {
		for _, d := range [...]tick{x.handshake, x.read, x.write, x.close} {
			if d != 0 {
				earlier(d)
			}
		}
	}
	return at, some
}

// expire ends the connection if one of its deadlines has passed at now, and returns whether it has.
// Loop only.
func (t *Transport) expire(now tick) bool {
	h, x := t.home, t.extra.Load()
	late := func(d tick) bool { return d != 0 && !now.before(d) }
	var err *TimeoutError
	switch d := t.idleTimeout(); {
	case x != nil && late(x.close):
		if t.steps&lingering != 0 {
			t.mu.Lock()
			t.finish(h, nil) // all was sent, and the peer had its time to end
			return true
		}
		err = &TimeoutError{"CloseTimeout", t.closeTime(h, x)}
	case x != nil && late(x.write):
		err = &TimeoutError{"WriteTimeout", h.cfg.WriteTimeout}
	case x != nil && late(x.handshake):
		err = &TimeoutError{"HandshakeTimeout", h.cfg.HandshakeTimeout}
	case x != nil && late(x.read):
		err = &TimeoutError{"ReadTimeout", h.cfg.ReadTimeout}
	case d > 0 && t.steps&lingering == 0 && late(tick(t.active.Load())+ticksOf(d)):
		if t.isSendingFile() {
			t.touch(h)
			return false
		}
		err = &TimeoutError{"IdleTimeout", d}
	default:
		return false
	}
	t.mu.Lock()
	if t.flags&finished != 0 {
		t.mu.Unlock()
		return true
	}
	t.finish(h, err)
	return true
}

func (t *Transport) isSendingFile() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flags&sendingFile != 0
}

// Upgrade passes the socket to other code: to TLS, to a task. Once everything is sent, the loop
// calls fn with the socket, which has no watcher and is blocking as a new one is. rest has the
// bytes that the peer has sent and Data has not used; it belongs to fn. The protocol gets no
// further call. If Data calls Upgrade, rest includes the bytes that this call of Data does not use.
//
// Errors: net.ErrClosed after Close and once the connection is lost; an *OptionError for a nil fn,
// and for a connection with a Stream. Then fn is not called. If the connection is lost before
// everything is sent, the protocol gets Lost, and fn is not called either.
func (t *Transport) Upgrade(fn func(s *sock.Socket, rest []byte)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flags&(closing|finished|upgrading|broken) != 0 {
		return errClosed
	}
	if fn == nil {
		return &OptionError{"Upgrade", nil, "must be a function that gets the socket"}
	}
	if t.flags&(securing|secured) != 0 {
		return &OptionError{"Upgrade", "a secured connection", "its socket carries no plaintext: use Transport.Stream"}
	}
	t.more().upgrade = fn
	t.flags |= upgrading
	t.attend()
	return nil
}

// handOver completes an upgrade. mu is held, and is given up. Loop only.
func (t *Transport) handOver(h *home) {
	x := t.extra.Load()
	fn, rest := x.upgrade, x.in
	x.upgrade, x.in = nil, nil
	t.flags |= finished
	drains := x.drains
	x.drains = nil
	t.mu.Unlock()
	t.steps |= isOver
	t.socket.Unwatch()
	t.socket.SetTimeout(sock.DefaultTimeout())
	h.conns.Add(-1)
	h.wheel.remove(t)
	for _, p := range drains {
		p.Resolve(struct{}{})
	}
	h.hub.ended(t)
	fn(t.socket, rest)
}

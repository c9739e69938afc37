package protocol

import (
	"github.com/polluxio/pollux/sock"
)

// A connection receives into the buffer of its loop, and Data gets what is there. What Data leaves
// is kept in a block of the connection's own: it is put in front of what comes next, in the loop's
// buffer again, or, if it is long, what comes next is received behind it.
const ownBlock = 16 << 10

// holdsReading are the flags with which nothing is read.
const holdsReading = noReading | closing | finished | upgrading | moving | broken | sendingFile | securing

// mayRead reports whether Data may be called. Loop only.
func (t *Transport) mayRead() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mayReadLocked()
}

func (t *Transport) mayReadLocked() bool {
	return t.flags&holdsReading == 0 && (t.flags&paused == 0 || t.home.cfg.KeepReading)
}

// receive receives the bytes that have arrived, if readable, and gives them to the protocol. Loop
// only.
func (t *Transport) receive(h *home, readable bool) {
	if t.steps&eofSeen != 0 && t.steps&stopped == 0 {
		return
	}
	if !t.mayRead() {
		if t.steps&lingering != 0 && readable {
			t.discard(h)
		}
		return
	}
	if t.steps&stopped != 0 {
		t.steps &^= stopped
		if !t.deliverRest(h) || t.steps&eofSeen != 0 {
			return
		}
	}
	if t.steps&messages != 0 {
		if readable {
			t.receiveMessage(h)
		}
		return // if there is more, Ready is called again
	}
	for readable {
		room, k, own := t.room(h)
		n, err := t.recv(room)
		if err != nil || n == 0 {
			if err != sock.ErrWouldBlock {
				t.ends(err)
			}
			return
		}
		h.received.Add(uint64(n))
		t.touch(h)
		full := n == len(room) || t.steps&viaStream != 0
		var p []byte
		if own {
			x := t.extra.Load()
			x.in = x.in[:k+n]
			p = x.in
		} else {
			p = h.loop.Buffer()[:k+n]
		}
		used, more := t.feed(p)
		if used < len(p) || k > 0 {
			t.keep(h, p[used:], own, used > 0)
		}
		if !more || !full || !t.mayRead() {
			return // if there is more, Ready is called again
		}
	}
}

// receiveMessage receives a message and gives it to the protocol. Loop only.
func (t *Transport) receiveMessage(h *home) {
	if h.message == nil {
		h.message = make([]byte, max(h.cfg.ReadLimit, len(h.loop.Buffer())))
	}
	n, _, flags, _, err := t.socket.RecvmsgInto([][]byte{h.message}, 0, 0)
	switch {
	case err == sock.ErrWouldBlock:
		return
	case err != nil || n == 0:
		t.ends(err)
		return
	case flags&sock.MSG_TRUNC != 0: // the rest of the message is lost
		t.fail(&LimitError{"ReadLimit", n + 1, len(h.message)})
		return
	}
	h.received.Add(uint64(n))
	t.touch(h)
	h.data = dataCall{lent: h.message[:n], running: true}
	t.protocol.Data(t, h.message[:n])
	h.data.lent, h.data.running = nil, false
}

// room is where the next bytes are received. The first k bytes in front of it are those that Data
// left; own says that this is x.in, and not the loop's buffer.
func (t *Transport) room(h *home) (room []byte, k int, own bool) {
	buf := h.loop.Buffer()
	x := t.extra.Load()
	if x == nil || len(x.in) == 0 {
		if x == nil || x.need <= len(buf) {
			return buf, 0, false
		}
	}
	k = len(x.in)
	if k < ownBlock && x.need <= len(buf) {
		copy(buf, x.in)
		return buf[k:], k, false
	}
	x.in = grow(x.in, max(x.need, k+ownBlock))
	return x.in[k:cap(x.in)], k, true
}

// feed calls Data until it has used p, or needs more. It returns false if Data is not to be called
// any more for now.
func (t *Transport) feed(p []byte) (used int, more bool) {
	switched := 0
	for used < len(p) {
		if x := t.extra.Load(); x != nil && x.need > 0 {
			if len(p)-used < x.need {
				return used, true
			}
			x.need = 0
		}
		call := &t.home.data
		*call = dataCall{lent: p[used:], running: true}
		if x := t.extra.Load(); x != nil {
			call.looked, x.looked = x.looked, 0
		}
		n := t.protocol.Data(t, p[used:])
		if call.rest > 0 && call.used == n {
			t.remember(call.rest)
		}
		call.lent, call.running = nil, false
		if n < 0 || n > len(p)-used {
			t.fail(&DataError{n, len(p) - used})
			return used, false
		}
		if used += n; used == len(p) {
			return used, true
		}
		if !t.mayRead() {
			t.steps |= stopped
			return used, false
		}
		if n == 0 {
			if switched++; call.switches == 0 || switched > mostSwitches {
				return used, true
			}
		}
	}
	return used, true
}

// mostSwitches limits how many protocols in a row may pass the same bytes on by SetProtocol.
const mostSwitches = 16

// remember keeps for the next call of Data how many of the bytes that it leaves Frames has looked
// at.
func (t *Transport) remember(looked int) {
	x := t.extra.Load()
	if x == nil {
		t.mu.Lock()
		x = t.more()
		t.mu.Unlock()
	}
	x.looked = looked
}

// keep keeps what Data left, which is in x.in already if own. progress says that Data used
// something.
func (t *Transport) keep(h *home, rest []byte, own, progress bool) {
	x := t.extra.Load()
	if x == nil {
		t.mu.Lock()
		x = t.more()
		t.mu.Unlock()
	}
	if len(rest) == 0 {
		putBlock(x.in)
		x.in, x.read = nil, 0
		return
	}
	if !own {
		x.in = grow(x.in[:0], len(rest))
	}
	x.in = x.in[:copy(x.in[:cap(x.in)], rest)]
	if len(rest) > h.cfg.ReadLimit && t.steps&stopped == 0 {
		t.fail(&LimitError{"ReadLimit", len(rest), h.cfg.ReadLimit})
		return
	}
	if progress && x.read != 0 {
		x.read = h.now() + ticksOf(h.cfg.ReadTimeout) // the wheel looks again when it comes to it
	}
	t.startRead(h, x)
}

// startRead starts ReadTimeout for what Data left, if it does not run. Loop only.
func (t *Transport) startRead(h *home, x *extra) {
	if d := h.cfg.ReadTimeout; d > 0 && x.read == 0 && len(x.in) > 0 {
		x.read = h.now() + ticksOf(d)
		h.schedule(t)
	}
}

// deliverRest gives the protocol what it left when reading was paused. It returns false if reading
// is to stop again.
func (t *Transport) deliverRest(h *home) bool {
	x := t.extra.Load()
	if x == nil || len(x.in) == 0 {
		return true
	}
	used, more := t.feed(x.in)
	if x = t.extra.Load(); used > 0 {
		t.keep(h, x.in[used:], true, true)
	}
	if more && t.steps&(eofSeen|eofTold) == eofSeen {
		t.ends(nil)
	}
	return more && t.mayRead()
}

// ends handles the end of the peer's stream, or an error.
func (t *Transport) ends(err error) {
	t.steps |= eofSeen
	if err != nil {
		t.fail(err)
		return
	}
	if t.steps&eofTold == 0 {
		t.steps |= eofTold
		t.protocol.EOF(t)
	}
}

// discard drops the bytes that arrive after Close, until the end of the peer's stream.
func (t *Transport) discard(h *home) {
	buf := h.loop.Buffer()
	for {
		n, err := t.recv(buf)
		switch {
		case err == sock.ErrWouldBlock:
			return
		case err != nil || n == 0:
			t.steps |= eofSeen
			return // settle closes it
		case n < len(buf) && t.steps&viaStream == 0:
			return
		}
	}
}

// Need delays the next call of Data until n bytes are there, including the bytes that Data leaves
// now. Use it if the length of a message is known. n applies to one call. Loop only: in Data or
// Made.
//
// If n is more than Config.ReadLimit, the connection ends with a *LimitError.
func (t *Transport) Need(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit := t.home.cfg.ReadLimit; n > limit {
		t.failLocked(&LimitError{"ReadLimit", n, limit})
		return
	}
	t.more().need = max(n, 0)
}

// PauseReading stops the calls of Data until ResumeReading, and Config.ReadTimeout with them. The
// peer notices when the system's buffers are full. A second PauseReading does nothing. A call of
// Data that is running continues.
func (t *Transport) PauseReading() {
	t.mu.Lock()
	if t.flags&noReading == 0 {
		t.flags |= noReading
		t.attend() // to stop ReadTimeout
	}
	t.mu.Unlock()
}

// ResumeReading ends PauseReading. If bytes have arrived, Data is called in the next turn of the
// loop.
func (t *Transport) ResumeReading() {
	t.mu.Lock()
	was := t.flags & noReading
	t.flags &^= noReading
	t.mu.Unlock()
	if was != 0 {
		t.socket.CallWatcher()
	}
}

package protocol

import (
	"errors"
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// WriteBuffer sends p without a copy, after all earlier writes and before all later ones. p belongs
// to the connection until the future is settled. The value of the future is p, when neither the
// connection nor the kernel needs it any more. On a socket of messages p is one message.
//
// With Config.ZeroCopy the kernel sends large buffers from p itself (MSG_ZEROCOPY), and the future
// is settled when the peer has acknowledged the bytes. Otherwise it is settled when the system has
// taken them.
//
// Errors: those of Write, with p as the value if nothing of it was sent; the reason why the
// connection was lost. Then the value is nil, because the kernel may still read p: do not use p
// again.
func (t *Transport) WriteBuffer(p []byte) loop.Future[[]byte] {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.mayWrite()
	if err == nil && t.flags&securing != 0 {
		err = errSecuring
	}
	if err != nil || len(p) == 0 && t.isStream() {
		return loop.Settled(p, err)
	}
	if t.flags&corked != 0 {
		t.uncork(t.home)
	}
	x := t.more()
	owner := loop.NewPromise[[]byte](t.home.loop)
	x.out = append(x.out, chunk{block: p, owner: owner, zero: t.goesByZeroCopy(x, len(p))})
	x.size += len(p)
	t.home.buffered.Add(int64(len(p)))
	if x.size > t.home.cfg.HighWater && t.flags&paused == 0 {
		t.flags |= paused | tellPaused
	}
	if len(x.out) == 1 {
		t.flags |= flushing
		t.socket.CallWatcher() // also during a call of the protocol, which has begun without flushing
	}
	return owner.Future()
}

// A zeroCopy is what a connection knows of its sends by MSG_ZEROCOPY. The kernel numbers them from
// 0 on, and reports the end of each in the socket's error queue (msg_zerocopy.rst of the kernel's
// documentation).
type zeroCopy struct {
	next  uint32     // number of the next send
	sends []zeroSend // that have not ended, in order
	off   bool       // the kernel copies all the same, or cannot
}

// A zeroSend is a buffer whose sends have the numbers first to last.
type zeroSend struct {
	first, last uint32
	left        int  // sends that have not ended
	open        bool // more may come: the buffer is first in the queue
	p           []byte
	owner       *loop.Promise[[]byte]
}

// goesByZeroCopy says whether n bytes are worth MSG_ZEROCOPY, which it turns on. mu is held.
func (t *Transport) goesByZeroCopy(x *extra, n int) bool {
	least := t.home.cfg.ZeroCopy
	if least == 0 || n < least || !t.isInet() || t.flags&secured != 0 {
		return false
	}
	if x.zero == nil {
		x.zero = &zeroCopy{off: t.socket.Setsockopt(sock.SOL_SOCKET, soZeroCopy, 1) != nil}
	}
	return !x.zero.off
}

// giveChunk gives the unsent part of a chunk to the system. mu is held; loop only.
func (t *Transport) giveChunk(x *extra, c *chunk) (int, error) {
	p := c.block[c.sent:]
	if !c.zero || x.zero.off {
		return t.give(p)
	}
	sent := 0
	for sent < len(p) { // until EAGAIN, so that an edge comes
		n, err := t.socket.Sendmsg([][]byte{p[sent:]}, nil, msgZeroCopy, sock.Addr{})
		switch {
		case errors.Is(err, syscall.ENOBUFS): // too many have not ended
			n, err = t.give(p[sent:])
			return sent + n, err
		case err != nil:
			return sent, err
		}
		x.zero.sent(c)
		sent += n
	}
	return sent, nil
}

// sent notes a send of a part of c.
func (z *zeroCopy) sent(c *chunk) {
	if !c.zeroSent {
		c.zeroSent = true
		z.sends = append(z.sends, zeroSend{z.next, z.next, 0, true, c.block, c.owner})
	}
	s := &z.sends[len(z.sends)-1]
	s.last = z.next
	s.left++
	z.next++
}

// gave gives the buffer of a chunk back that the system has taken, or notes that its sends have not
// ended. mu is held; loop only.
func (x *extra) gave(c *chunk) {
	switch {
	case c.owner == nil:
	case !c.zeroSent:
		c.owner.Resolve(c.block)
	default:
		last := len(x.zero.sends) - 1
		x.zero.sends[last].open = false
		if s := x.zero.sends[last]; s.left == 0 {
			x.zero.sends = x.zero.sends[:last]
			s.owner.Resolve(s.p)
		}
	}
}

// readCompletions reads which sends have ended. mu is held; loop only.
func (t *Transport) readCompletions(x *extra) {
	z := x.zero
	for len(z.sends) > 0 {
		m, err := t.socket.RecvError(nil)
		if err != nil {
			return // ErrWouldBlock; another error shows when it is sent or received
		}
		first, last, copied, ok := m.Err.ZeroCopy()
		if !ok {
			continue
		}
		if copied {
			z.off = true
		}
		x.write = 0 // settle sets it anew
		z.ended(first, last)
	}
	if len(z.sends) == 0 {
		t.below(x)
	}
}

// ended counts sends that have ended, and gives the buffers back whose last they are. The numbers
// wrap around.
func (z *zeroCopy) ended(first, last uint32) {
	kept := z.sends[:0]
	for _, s := range z.sends {
		from, to := max(int32(first-s.first), 0), min(int32(last-s.first), int32(s.last-s.first))
		if to >= from {
			s.left -= int(to-from) + 1
		}
		if s.left > 0 || s.open {
			kept = append(kept, s)
			continue
		}
		s.owner.Resolve(s.p)
	}
	clear(z.sends[len(kept):])
	z.sends = kept
}

// keptAfterReset is how long the buffers of a connection are kept that was reset while the kernel
// had them: the packets under way may still be read by a network card.
const keptAfterReset = 10 * time.Second

// dropZeroCopy ends the futures of sends that have not ended, of a connection that is lost. mu is
// held; loop only.
func (x *extra) dropZeroCopy() {
	if x.zero == nil || len(x.zero.sends) == 0 {
		return
	}
	sends := x.zero.sends
	x.zero.sends = nil
	for _, s := range sends {
		s.owner.Reject(lostError(x.reason))
	}
	time.AfterFunc(keptAfterReset, func() { runtime.KeepAlive(sends) })
}

// hasZeroCopy says whether the kernel still has buffers. mu is held.
func (x *extra) hasZeroCopy() bool { return x.zero != nil && len(x.zero.sends) > 0 }

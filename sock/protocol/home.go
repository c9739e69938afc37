package protocol

import (
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/timeouts"
)

// corkSize limits the bytes of small writes that are gathered during a call of a protocol.
// A larger write is sent by itself, without a copy.
const (
	corkSize    = 32 << 10
	corkLargest = 4 << 10

	scratchSize = 4 << 10 // of AvailableBuffer
)

// A home is what the connections of one Server or Client on one loop have in common.
type home struct {
	hub  *hub
	loop *loop.Loop
	cfg  *Config // immutable

	// Of the loop's goroutine.
	wheel    wheel
	timer    *loop.Timer
	wakes    timeouts.Deadline // when timer runs; Never
	corked   *Transport        // whose protocol is being called
	draining bool              // Shutdown has begun
	cutting  bool              // and its time is over

	last    *round   // loop only; of Each
	data    dataCall // loop only
	scratch []byte   // what AvailableBuffer lends
	message []byte   // loop only; where a socket of messages receives
	batch   *batch   // loop only, but for what its owner guards

	cork []byte // mu of corked; small writes of corked, not sent yet

	conns    atomic.Int64 // on this loop, or on their way to it
	received atomic.Uint64
	sent     atomic.Uint64
	buffered atomic.Int64 // bytes unsent
}

func newHome(hub *hub, l *loop.Loop) *home {
	h := &home{hub: hub, loop: l, cfg: hub.cfg, wakes: timeouts.Never, last: hub.last}
	h.wheel.hand = tickOf(l.Now())
	return h
}

// now returns the present time, and not that of the turn: a callback may have held the loop since
// the turn began, and a deadline from then on would be early.
func (h *home) now() tick { return tickOf(h.loop.Now()) }

// welcome makes a connection of a socket, at the home. Any goroutine may call it. A fresh socket is
// on no loop and writable: the poller then reports it at once, and says whether there is something
// to read.
//
// Errors: those of sock.Socket.Watch; the socket is then the caller's.
func (h *home) welcome(s *sock.Socket, p Protocol, by *dialing, fresh bool) (*Transport, error) {
	t := &Transport{socket: s, home: h, protocol: p}
	if !t.isStream() {
		t.steps = messages
	}
	if by != nil {
		t.extra.Store(&extra{dialing: by})
	}
	if secure := h.cfg.Secure; secure != nil {
		t.flags |= securing
		t.more().secure = secure
	}
	h.conns.Add(1)
	if fresh {
		s.WantWritable()
	}
	if err := s.WatchReady(h.loop, t); err != nil {
		h.conns.Add(-1)
		return nil, err
	}
	if !fresh {
		s.CallWatcher()
	}
	return t, nil
}

// schedule puts t into the slot of its next deadline. Loop only.
func (h *home) schedule(t *Transport) {
	at, some := t.nextDeadline()
	h.wheel.move(t, at, some)
	if some {
		h.setTimer()
	}
}

// setTimer makes the timer run no later than the next slot of the wheel fires.
func (h *home) setTimer() {
	next, ok := h.wheel.next()
	if !ok {
		return
	}
	now := h.loop.Now()
	at := now
	if ahead := int32(next - tickOf(now)); ahead > 0 {
		at = (now>>tickBits + timeouts.Deadline(ahead)) << tickBits
	}
	if at >= h.wakes {
		return
	}
	h.wakes = at
	d := at.Until(now)
	if h.timer == nil {
		h.timer = h.loop.After(d, h.fire)
	} else {
		h.timer.Reset(d)
	}
}

// mostChecks limits the connections that a turn checks.
const mostChecks = 4096

// fire checks the connections that are due by the time of the turn. What became due since the loop
// asked the poller is for the next turn: by then the loop has received what had come in time.
func (h *home) fire() {
	h.wakes = timeouts.Never
	now := tickOf(h.loop.Time())
	for range mostChecks {
		t := h.wheel.due(now)
		if t == nil {
			break
		}
		if t.expire(now) {
			h.wheel.move(t, 0, false) // until Closed
			continue
		}
		at, some := t.nextDeadline()
		h.wheel.move(t, at, some)
	}
	h.setTimer()
}

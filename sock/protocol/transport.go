package protocol

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Transport is one connection as its Protocol sees it. Any goroutine may call its methods, unless
// they say "loop only": those may be called in a method of the Protocol, or in a function on the
// loop of the connection.
//
// An idle Transport has 64 bytes. The memory for everything else comes from a pool and goes back to
// it.
type Transport struct {
	socket   *sock.Socket          // immutable
	home     *home                 // mu and loop: changed on the loop with mu held
	protocol Protocol              // loop only
	extra    atomic.Pointer[extra] // stored with mu held
	mu       sync.Mutex
	flags    flags         // mu
	steps    steps         // loop only
	place    uint32        // loop only; where it is in home.wheel
	made     uint32        // loop only; when, in units of 2²⁴ ns
	active   atomic.Uint32 // tick of the last byte sent or received, if there is an idle timeout
}

// flags are what mu guards.
//
//	open ──Close──▶ closing ──all sent──▶ lingering ──end of the peer──▶ finished
//	  └──Abort, error, timeout──────────────┴──────────────────────────────▲
type flags uint16

const (
	corked      flags = 1 << iota // its protocol is being called: small writes are gathered
	closing                       // Close was called: no more is written, and nothing is read
	halfClosing                   // CloseWrite was called: no more is written
	finished                      // the socket is closed, or about to be
	paused                        // more than HighWater is unsent
	tellPaused                    // and Paused is to be called
	tellResumed                   // Resumed is to be called
	noReading                     // PauseReading
	upgrading                     // Upgrade was called
	moving                        // Move was called
	broken                        // extra.reason is to end it
	sendingFile                   // the first of extra.out is being sent by Sendfile
	flushing                      // extra.out is to be sent, though no edge says so
	ending                        // Shutdown is to be called
	securing                      // Secure was called, or Config.Secure is set, and the handshake is not over
	secured                       // extra.stream is used in place of the socket

	attention = closing | halfClosing | tellPaused | tellResumed | upgrading | moving | broken | securing
)

// steps are what only the loop knows.
type steps uint16

const (
	isMade       steps = 1 << iota // Made was called
	enrolled                       // it is in the wheel, or arriving
	viaStream                      // as secured, of flags
	messages                       // immutable; not SOCK_STREAM
	eofSeen                        // the peer has ended
	eofTold                        // and EOF was called
	eofSent                        // we have ended: SHUT_WR
	stopped                        // Data left something because reading was paused, not because it needs more
	lingering                      // what comes is dropped
	handshake                      // HandshakeDone was not called
	arriving                       // Move has brought it here, and it is in no wheel
	wasClosed                      // by the program, and all was sent
	isOver                         // Closed was called
	shutdownTold                   // Shutdown was called
)

// isStream reports whether writes can be joined, and reads cut.
func (t *Transport) isStream() bool { return t.socket.Type() == sock.SOCK_STREAM }

// isInet reports whether the socket is a stream of AF_INET or AF_INET6.
func (t *Transport) isInet() bool {
	family := t.socket.Family()
	return t.isStream() && (family == sock.AF_INET || family == sock.AF_INET6)
}

// extra is what only some connections need, or each for a short time.
type extra struct {
	out       []chunk                            // mu; unsent, in order
	size      int                                // mu; bytes of out, without those of files
	files     int                                // mu; in out
	reason    error                              // mu; why it ended
	drains    []*loop.Promise[struct{}]          // mu
	upgrade   func(*sock.Socket, []byte)         // mu
	target    *home                              // mu; of Move
	closeTime time.Duration                      // mu; of Close, if it was given one
	secure    func(*sock.Socket) (Stream, error) // mu; makes stream
	stream    Stream                             // mu, and changed on the loop
	later     []byte                             // mu; written since Secure was called
	zero      *zeroCopy                          // mu

	in                            []byte        // loop only; what Data left
	looked                        int           // loop only; bytes of in that Frames has looked at
	need                          int           // loop only; bytes that Data wants, 0: any
	handshake, read, write, close tick          // loop only; deadlines, 0: none
	idle                          time.Duration // loop only; in place of Config.IdleTimeout; negative: none; 0: that
	dialing                       *dialing      // loop only
	round                         *round        // loop only; of Each, that it had on the loop before this one
}

var extras = sync.Pool{New: func() any { return new(extra) }}

// more returns the extra of t. mu is held.
func (t *Transport) more() *extra {
	x := t.extra.Load()
	if x == nil {
		x = extras.Get().(*extra)
		t.extra.Store(x)
	}
	return x
}

// less gives the extra back if nothing is in it. mu is held; loop only.
func (t *Transport) less() {
	x := t.extra.Load()
	if x == nil || len(x.out) > 0 || x.in != nil || x.need != 0 || x.reason != nil || len(x.drains) > 0 || x.upgrade != nil || x.target != nil ||
		x.secure != nil || x.stream != nil || x.zero != nil || x.closeTime != 0 || x.handshake|x.read|x.write|x.close != 0 || x.idle != 0 || x.dialing != nil || x.round != nil {
		return
	}
	t.extra.Store(nil)
	*x = extra{out: x.out[:0]}
	extras.Put(x)
}

var _ loop.Watcher = (*Transport)(nil)

// Ready is for the loop, which calls it as a loop.Watcher.
func (t *Transport) Ready(r pollux.Ready) {
	if t.steps&isOver != 0 {
		return
	}
	h := t.home
	f := t.enter(h)
	if f&securing != 0 && !t.handshaked(h, r, f) {
		t.leave(h)
		return
	}
	switch {
	case t.steps&arriving != 0:
		t.arrive(h)
	case t.steps&isMade == 0:
		if !t.begin(h) {
			t.leave(h)
			return
		}
		f &^= ending // begin has seen to it
	}
	if r&pollux.Writable != 0 || f&flushing != 0 || r&pollux.Hangup != 0 { // the last also for the error queue
		t.flush(h)
	}
	if f&ending != 0 {
		t.tellShutdown()
	}
	t.receive(h, r&(pollux.Readable|pollux.Hangup|pollux.Urgent) != 0)
	t.leave(h)
}

// enter begins a call of the protocol.
func (t *Transport) enter(h *home) flags {
	if last := h.corked; last != nil { // its protocol has panicked
		last.mu.Lock()
		last.flags &^= corked
		last.mu.Unlock()
		h.cork = h.cork[:0]
	}
	h.corked = t
	t.mu.Lock()
	f := t.flags
	t.flags = f&^(flushing|ending) | corked
	t.mu.Unlock()
	return f
}

// leave ends a call of the protocol: it sends what was gathered, and does what was asked for
// meanwhile.
func (t *Transport) leave(h *home) {
	t.mu.Lock()
	if len(h.cork) > 0 {
		t.uncork(h)
	}
	if t.flags&(tellPaused|tellResumed) != 0 {
		t.tellFlow(h)
	}
	t.flags &^= corked
	h.corked = nil
	if t.flags&attention != 0 || t.extra.Load() != nil {
		t.settle(h)
		return
	}
	t.mu.Unlock()
}

// tellFlow calls Paused and Resumed. mu is held, but not during the calls. Loop only.
func (t *Transport) tellFlow(h *home) {
	for t.flags&(tellPaused|tellResumed) != 0 && t.flags&(finished|closing|broken) == 0 {
		tell := t.flags & (tellPaused | tellResumed)
		t.flags &^= tell
		t.mu.Unlock()
		switch tell {
		case tellPaused:
			t.protocol.Paused(t)
		case tellResumed:
			t.protocol.Resumed(t)
		}
		t.mu.Lock()
		t.uncork(h)
	}
	t.flags &^= tellPaused | tellResumed
}

// begin makes the protocol of a new connection. It returns false without one.
func (t *Transport) begin(h *home) bool {
	t.mu.Lock()
	over := t.flags&finished != 0
	t.mu.Unlock()
	if over {
		return false
	}
	x := t.extra.Load()
	if x != nil && x.dialing != nil && !x.dialing.decided.CompareAndSwap(false, true) {
		return false // its context has ended, which ends the connection too
	}
	t.enroll(h)
	t.steps |= isMade
	if t.protocol == nil {
		t.protocol = h.hub.cfg.New(t)
	}
	if t.protocol == nil {
		t.protocol = Base{}
		t.Close()
		return true
	}
	t.protocol.Made(t)
	if x = t.extra.Load(); x != nil && x.dialing != nil {
		x.dialing.made(t)
		x.dialing = nil
	}
	t.tellEnd(h)
	return true
}

// enroll puts a new connection into the wheel. Loop only.
func (t *Transport) enroll(h *home) {
	if t.steps&enrolled != 0 {
		return
	}
	t.steps |= enrolled
	t.made = uint32(h.loop.Time() >> madeBits)
	t.active.Store(uint32(h.now()))
	h.wheel.add(t, 0, false)
	if d := h.cfg.HandshakeTimeout; d > 0 {
		t.steps |= handshake
		t.mu.Lock()
		t.more().handshake = h.now() + ticksOf(d)
		t.mu.Unlock()
	}
	if h.cfg.IdleTimeout > 0 || t.steps&handshake != 0 {
		h.schedule(t)
	}
}

const madeBits = 24

// Closed is for the loop, which calls it as a loop.Watcher.
func (t *Transport) Closed(err error) {
	h := t.home
	if h.corked == t { // its protocol has panicked
		h.corked, h.cork = nil, h.cork[:0]
	}
	t.mu.Lock()
	t.flags = t.flags&^corked | finished
	x := t.extra.Load()
	switch {
	case x != nil && x.reason != nil:
		err = x.reason
	case t.steps&wasClosed != 0:
		err = nil
	}
	var drains []*loop.Promise[struct{}]
	if x != nil {
		drains = x.drains
		t.drop(h, x)
	}
	t.mu.Unlock()
	for _, p := range drains {
		p.Reject(lostError(err))
	}
	h.conns.Add(-1)
	if t.steps&(enrolled|arriving) == enrolled {
		h.wheel.remove(t)
	}
	t.steps |= isOver
	defer h.hub.ended(t)
	defer t.forget()
	switch {
	case x != nil && x.dialing != nil:
		x.dialing.lost(lostError(err))
	case t.steps&isMade != 0 && t.protocol != nil:
		t.protocol.Lost(t, err)
	}
}

// forget gives the last memory back.
func (t *Transport) forget() {
	t.mu.Lock()
	if x := t.extra.Load(); x != nil {
		putBlock(x.in)
		x.in = nil
		t.extra.Store(nil)
	}
	t.mu.Unlock()
}

// Protocol returns the protocol that serves the connection. Loop only.
func (t *Transport) Protocol() Protocol { return t.protocol }

// SetProtocol makes p the protocol of the connection from the next call on. p gets no call of Made.
// It gets the bytes that the earlier protocol has not used: at once if Data calls SetProtocol, else
// in the next turn of the loop. SetProtocol panics if p is nil. Loop only.
func (t *Transport) SetProtocol(p Protocol) {
	if p == nil {
		panic("protocol: SetProtocol: p is nil: must not be nil")
	}
	t.protocol = p
	call := &t.home.data
	now := call.running && t.home.corked == t
	*call = dataCall{running: call.running, switches: call.switches + 1} // its frames are others
	x := t.extra.Load()
	if x == nil {
		return
	}
	x.looked = 0
	if !now && len(x.in) > 0 && t.steps&eofTold == 0 {
		x.need = 0
		t.steps |= stopped // until Data of p has had them
		t.socket.CallWatcher()
	}
}

// Socket returns the socket of the connection, for its options and addresses. Do not receive, send,
// watch or close with it: see Upgrade.
func (t *Transport) Socket() *sock.Socket { return t.socket }

// Loop returns the loop that serves the connection.
func (t *Transport) Loop() *loop.Loop {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.home.loop
}

// LocalAddr returns the address of the socket: getsockname(2). It is the zero Addr once the
// connection is lost.
func (t *Transport) LocalAddr() sock.Addr {
	a, _ := t.socket.Getsockname()
	return a
}

// RemoteAddr returns the address of the peer: getpeername(2). It is the zero Addr once the
// connection is lost.
func (t *Transport) RemoteAddr() sock.Addr {
	a, _ := t.socket.Getpeername()
	return a
}

// Age returns the time since Made, exact to 17 ms. Loop only.
func (t *Transport) Age() time.Duration {
	return time.Duration(uint32(t.home.loop.Now()>>madeBits)-t.made) << madeBits
}

// Buffered returns the number of unsent bytes, without those of files.
func (t *Transport) Buffered() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	if x := t.extra.Load(); x != nil {
		n = x.size
	}
	if t.flags&corked != 0 {
		n += len(t.home.cork)
	}
	return n
}

// Unread returns the bytes that Data has not used. EOF and Lost can read them; they are valid
// during the call. Loop only.
func (t *Transport) Unread() []byte {
	if x := t.extra.Load(); x != nil {
		return x.in
	}
	return nil
}

// SetIdleTimeout replaces Config.IdleTimeout for this connection: 1 ms to 12 days, or 0 for no
// limit. Loop only.
//
// Error: an *OptionError.
func (t *Transport) SetIdleTimeout(d time.Duration) error {
	if err := checkTimeout("IdleTimeout", d); err != nil {
		return err
	}
	t.mu.Lock()
	if d == 0 {
		d = -1
	}
	t.more().idle = d
	t.mu.Unlock()
	t.active.Store(uint32(t.home.now()))
	if t.steps&(enrolled|isOver) == enrolled {
		t.home.schedule(t)
	}
	return nil
}

// HandshakeDone ends the time that Config.HandshakeTimeout limits. Call it when the peer has
// identified itself as the protocol demands. Loop only.
func (t *Transport) HandshakeDone() {
	t.steps &^= handshake
	if x := t.extra.Load(); x != nil {
		x.handshake = 0
	}
}

// idleTimeout is the one that counts, or 0.
func (t *Transport) idleTimeout() time.Duration {
	if x := t.extra.Load(); x != nil && x.idle != 0 {
		return max(x.idle, 0)
	}
	return t.home.cfg.IdleTimeout
}

// touch notes that something is sent or received now. The loop calls it, or code that holds mu.
func (t *Transport) touch(h *home) {
	if h.cfg.IdleTimeout == 0 {
		if x := t.extra.Load(); x == nil || x.idle <= 0 {
			return
		}
	}
	for now := h.now(); ; { // another goroutine may send, and its time may be older
		last := t.active.Load()
		if !tick(last).before(now) || t.active.CompareAndSwap(last, uint32(now)) {
			return
		}
	}
}

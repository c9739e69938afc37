package protocol

import (
	"github.com/polluxio/pollux/loop"
)

// Move moves the connection to another loop of its server or client, once everything is sent. No
// byte from the peer is lost: bytes that Data has not used move too. From then on the methods of
// the protocol run on the other loop, never on both at once. If the protocol shares data with other
// callbacks of the old loop, the program must guard that data with a lock.
//
// Errors: an *OptionError for a loop that does not belong to the server or client; net.ErrClosed.
func (t *Transport) Move(l *loop.Loop) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	to := t.home.hub.homeOf(l)
	if to == nil {
		var value any // not l itself: the text of an error must not read a loop that runs
		if l != nil {
			value = "another loop"
		}
		return &OptionError{"Move", value, "must be a loop of the connection's server or client"}
	}
	if t.flags&(closing|finished|upgrading|broken) != 0 {
		return errClosed
	}
	if t.flags&securing != 0 {
		return errSecuring
	}
	if to == t.home {
		return nil
	}
	t.more().target = to
	t.flags |= moving
	t.attend()
	return nil
}

// migrate completes a move. mu is held, and is given up. Loop only.
func (t *Transport) migrate(from *home) {
	x := t.extra.Load()
	to := x.target
	x.target = nil
	t.flags &^= moving
	if to == from {
		t.mu.Unlock()
		return
	}
	from.wheel.remove(t)
	from.conns.Add(-1)
	to.conns.Add(1)
	from.buffered.Add(-int64(x.size))
	to.buffered.Add(int64(x.size))
	t.home = to
	t.steps |= arriving
	if x.round == nil || x.round.number < from.last.number {
		x.round = from.last
	}
	err := t.rewatch(to.loop)
	if err != nil { // that loop has ended, or its poller takes no more
		t.flags |= finished
		x.reason = err
		t.mu.Unlock()
		t.socket.Close()
		t.Closed(err)
		return
	}
	t.mu.Unlock() // from here on it is the other loop's
	t.socket.CallWatcher()
}

// arrive puts a connection that has moved into its new home. Loop only.
func (t *Transport) arrive(h *home) {
	t.steps &^= arriving
	h.wheel.add(t, 0, false)
	h.schedule(t)
	t.catchUp(h)
	if t.steps&viaStream != 0 {
		t.socket.CallWatcher() // what the stream holds makes no edge
	}
	if len(t.Unread()) > 0 && t.steps&eofTold == 0 {
		t.steps |= stopped // reading was held back by the move
	}
	t.tellEnd(h)
}

package loop

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux"
)

// A table holds the descriptors of a loop by slot. It grows in chunks, so it never copies and drops
// a large array, even at ten thousand connections.
//
//	slot: free ──add──▶ used ──remove──▶ resting ──end of the turn──▶ free, of the next generation
//
// A slot rests so that its next user gets no old event: before the slot is free again, the loop has
// looked at all events that the poller fetched for its last user, and has dropped them.
type table struct {
	mu      sync.Mutex
	chunks  []*chunk
	free    []uint32
	resting []uint32
	used    int
	closed  bool
	freed   atomic.Bool       // resting is not empty; readable without the lock
	traces  map[*FD][]uintptr // the call stack that registered each; nil without Config.TraceLeaks
}

const chunkSize = 256

type chunk struct {
	fds         [chunkSize]*FD
	generations [chunkSize]uint32
}

func (t *table) add(fd *FD) (slot uint32, token pollux.Token, err error) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return 0, 0, net.ErrClosed
	}
	if len(t.free) == 0 {
		t.grow()
	}
	slot = t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	c, i := t.chunks[slot/chunkSize], slot%chunkSize
	c.generations[i]++
	if c.generations[i] == 0 {
		c.generations[i] = 1 // generation 0 is the poller's own
	}
	c.fds[i] = fd
	t.used++
	if t.traces != nil {
		t.trace(fd)
	}
	token = pollux.MakeToken(slot, c.generations[i])
	t.mu.Unlock()
	return slot, token, nil
}

// grow makes 256 free slots. The caller holds mu.
func (t *table) grow() {
	base := uint32(len(t.chunks)) * chunkSize
	t.chunks = append(t.chunks, new(chunk))
	for i := range uint32(chunkSize) {
		t.free = append(t.free, base+chunkSize-1-i) // so that the lowest slot comes out first
	}
}

// trace notes the call stack that registers fd. The caller holds mu.
func (t *table) trace(fd *FD) {
	pcs := make([]uintptr, 32)
	t.traces[fd] = pcs[:runtime.Callers(3, pcs)]
}

// token returns the token of a slot that is in use.
func (t *table) token(slot uint32) pollux.Token {
	t.mu.Lock()
	defer t.mu.Unlock()
	return pollux.MakeToken(slot, t.chunks[slot/chunkSize].generations[slot%chunkSize])
}

func (t *table) remove(slot uint32) {
	t.mu.Lock()
	c, i := t.chunks[slot/chunkSize], slot%chunkSize
	if t.traces != nil {
		delete(t.traces, c.fds[i])
	}
	c.fds[i] = nil
	t.used--
	t.resting = append(t.resting, slot)
	t.freed.Store(true)
	t.mu.Unlock()
}

// resolve appends the descriptor of each event to fds, or nil if the event's token is stale.
func (t *table) resolve(events []pollux.Event, fds []*FD) []*FD {
	t.mu.Lock()
	for _, ev := range events {
		var fd *FD
		if c, i := int(ev.Token.Slot()/chunkSize), ev.Token.Slot()%chunkSize; c < len(t.chunks) &&
			t.chunks[c].generations[i] == ev.Token.Generation() {
			fd = t.chunks[c].fds[i]
		}
		fds = append(fds, fd)
	}
	t.mu.Unlock()
	return fds
}

// endTurn makes the resting slots free again.
func (t *table) endTurn() {
	t.mu.Lock()
	t.free = append(t.free, t.resting...)
	t.resting = t.resting[:0]
	t.freed.Store(false)
	t.mu.Unlock()
}

// all lists the registered descriptors. With last, nothing can be added any more.
func (t *table) all(last bool) []*FD {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = t.closed || last
	var fds []*FD
	for _, c := range t.chunks {
		for _, fd := range c.fds {
			if fd != nil {
				fds = append(fds, fd)
			}
		}
	}
	return fds
}

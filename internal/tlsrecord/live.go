package tlsrecord

import (
	"crypto/cipher"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// A live is the cipher of a half. It takes more than 1 KB, so an idle connection must not keep it.
// Each garbage collection drops the ciphers that were not used since the one before.
//
// A weak pointer to the cipher would do that too, and by less code. But the runtime looks up the
// span of the object each time that a weak pointer is used. After a system call this memory is
// cold, and the lookup was 2 % of the cost of an echo.
type live struct {
	aead cipher.AEAD
	iv   [12]byte
	used atomic.Bool // since the last collection

	// What the cipher gets with a record. It is here because what goes into a method of an
	// interface is allocated otherwise.
	nonce [12]byte
	added [13]byte
	room  [MaxShort + 2*Overhead + keyUpdateSize]byte // for SealShort
}

// lives has the halves that have a cipher.
var lives registry

type registry struct {
	mu     sync.Mutex
	halves []weak.Pointer[half] // mu; each half once
	armed  bool                 // mu; sweep will be called, or runs
}

// add adds a half that has got a cipher.
func (r *registry) add(h *half) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halves = append(r.halves, weak.Make(h))
	if !r.armed {
		r.armed = true
		r.arm()
	}
}

// arm has the runtime call sweep after the next garbage collection, in which it finds an object
// that nothing uses. An object without a pointer could share its memory with others, and stay: see
// runtime.AddCleanup.
func (r *registry) arm() {
	runtime.AddCleanup(new(struct{ _ *byte }), (*registry).sweep, r)
}

// sweep drops ciphers, and goes on while there are any.
func (r *registry) sweep() {
	r.drop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.armed = len(r.halves) > 0; r.armed {
		r.arm()
	}
}

// drop drops the ciphers that were not used since the last drop. Only one drop runs at a time. A
// record in work keeps its own pointer to the cipher.
func (r *registry) drop() {
	r.mu.Lock()
	halves := r.halves
	r.halves = nil
	r.mu.Unlock()

	busy := halves[:0]
	for _, w := range halves {
		h := w.Value()
		if h == nil {
			continue
		}
		// Only drop sets live to nil.
		if l := h.live.Load(); l.used.Load() {
			l.used.Store(false)
			busy = append(busy, w)
		} else {
			h.live.Store(nil)
		}
	}
	if len(busy) < cap(busy)/4 {
		busy = slices.Clone(busy)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.halves = append(busy, r.halves...)
}

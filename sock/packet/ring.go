package packet

import (
	"context"
	"fmt"
	"iter"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// RingConfig has the size of a ring. The zero value is enough for some hundred thousand packets a
// second.
type RingConfig struct {
	BlockSize int // bytes, a multiple of the page size; 0: 256 KiB. No packet can be longer
	Blocks    int // 0: 32
	// Timeout is the time after which the kernel hands over a block that is neither full nor
	// empty, rounded up to a millisecond.
	// 0: the kernel chooses it by the speed of the link, about 8 ms.
	Timeout time.Duration
}

// A Ring is memory to which the kernel writes the packets of an AF_PACKET socket, block by block:
// TPACKET_V3 of packet(7). The program reads them without a copy, and without a system call for
// each. Linux only.
//
// Next waits as the socket's receives do, by the socket's mode. With, In and On return views of the
// same ring that wait in another way. A sock.Handler's Readable calls Next until it returns
// sock.ErrWouldBlock. While the socket has a ring, its own receives get nothing.
type Ring struct {
	*ringCore
	s *sock.Socket // the socket, or a view of it
}

// ringCore is what all views of a ring share.
type ringCore struct {
	mem       []byte
	blockSize int
	blocks    int
	owner     *sock.Socket // immutable
	// By block: the turn in which Next returned it, 0 while it is the kernel's.
	held    []atomic.Uint64
	cleanup runtime.Cleanup // immutable

	mu     sync.Mutex
	next   int    // mu; the block that the kernel fills next
	turn   uint64 // mu; counts the blocks that Next has returned
	pins   int    // mu; blocks that are not released, and loops over one
	closed bool   // mu
}

// NewRing makes a ring for an AF_PACKET socket that has none. Call it before Bind: packets received
// earlier stay in the socket's queue, which the ring does not read. A nil cfg is the zero
// RingConfig.
//
// Errors: a *sock.ArgError for a size that no ring can have; EBUSY if the socket has a ring;
// ENOMEM; errors.ErrUnsupported on a system other than Linux.
func NewRing(s *sock.Socket, cfg *RingConfig) (*Ring, error) {
	c := RingConfig{}
	if cfg != nil {
		c = *cfg
	}
	if c.BlockSize == 0 {
		c.BlockSize = 256 << 10
	}
	if c.Blocks == 0 {
		c.Blocks = 32
	}
	ms := (c.Timeout + time.Millisecond - 1) / time.Millisecond
	switch {
	case c.BlockSize < 0 || c.BlockSize%pageSize() != 0 || c.BlockSize > 1<<30:
		return nil, s.OpError("packetring", sock.Addr{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "BlockSize", Value: c.BlockSize, Rule: fmt.Sprintf("must be a multiple of %d, at most 1 GiB", pageSize())})
	case c.Blocks < 0 || uint64(c.Blocks)*uint64(c.BlockSize) > 1<<31-1:
		return nil, s.OpError("packetring", sock.Addr{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "Blocks", Value: c.Blocks, Rule: "a ring has less than 2 GiB in all"})
	case ms < 0 || ms > 1<<16-1:
		return nil, s.OpError("packetring", sock.Addr{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "Timeout", Value: c.Timeout, Rule: "must be 0 to 65535 ms"})
	}
	r := &ringCore{owner: s, blockSize: c.BlockSize, blocks: c.Blocks, held: make([]atomic.Uint64, c.Blocks)}
	err := linux.Call(s, "packetring", "PACKET_RX_RING", func(sysfd int) (err error) {
		r.mem, err = mapRing(sysfd, c.BlockSize, c.Blocks, int(ms))
		return err
	})
	if err != nil {
		return nil, err
	}
	r.cleanup = runtime.AddCleanup(r, func(mem []byte) { unmap(mem) }, r.mem)
	return &Ring{r, s}, nil
}

// With returns a view of the ring whose Next ends with ctx. See sock.Socket.With.
func (r *Ring) With(ctx context.Context) *Ring {
	return &Ring{r.ringCore, r.s.With(ctx)}
}

// In returns a view of the ring whose Next suspends the task. See sock.Socket.In.
func (r *Ring) In(t *loop.Task) *Ring { return &Ring{r.ringCore, r.s.In(t)} }

// On returns a view of the ring whose Next waits as s does. s must be a view of the ring's socket.
func (r *Ring) On(s *sock.Socket) *Ring { return &Ring{r.ringCore, s} }

// block returns the memory of a block.
func (r *ringCore) block(i int) []byte { return r.mem[i*r.blockSize : (i+1)*r.blockSize] }

// status returns the word by which a block changes hands. It is read before all else of the block,
// and written after all else.
func (r *ringCore) status(i int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[i*r.blockSize+blockStatusAt]))
}

// A taking is one call of Next. It is pooled, with the function that Attempt calls, so that Next
// allocates nothing.
type taking struct {
	r     *ringCore
	block Block
	try   func(sysfd int) (loop.Outcome, error)
}

var takings = sync.Pool{New: func() any {
	t := new(taking)
	t.try = func(sysfd int) (out loop.Outcome, err error) {
		t.block, out, err = t.r.take(sysfd)
		return out, err
	}
	return t
}}

// take takes the next block, if the kernel has handed it over.
func (r *ringCore) take(sysfd int) (Block, loop.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Block{}, loop.Outcome{}, net.ErrClosed
	}
	if r.held[r.next].Load() != 0 { // no block is released
		return Block{}, loop.Outcome{Retry: &ringRetry}, loop.ErrAgain
	}
	if atomic.LoadUint32(r.status(r.next))&TP_STATUS_USER == 0 {
		// Such as ENETDOWN, which makes the socket ready too.
		if err := pendingError(sysfd); err != nil {
			return Block{}, loop.Outcome{}, err
		}
		return Block{}, loop.Outcome{}, loop.ErrAgain
	}
	b := Block{r, r.next, r.turn + 1}
	r.turn++
	r.held[r.next].Store(r.turn)
	r.pins++
	length := *(*uint32)(unsafe.Pointer(&r.mem[r.next*r.blockSize+blockLenAt]))
	r.next = (r.next + 1) % r.blocks
	return b, loop.Outcome{N: int(min(length, 1<<30))}, nil
}

// ringRetry has the time until the next look for a block that the program has not released: its
// release makes no event.
var ringRetry = loop.Retry{After: time.Millisecond}

// Next waits for a block, which belongs to the caller until Release. Blocks come in order, and may
// be released in any order. While no block is free the kernel drops packets; Statistics counts
// them.
//
// Errors: sock.ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed; ENETDOWN once when the
// interface goes down.
func (r *Ring) Next() (Block, error) {
	t := takings.Get().(*taking)
	t.r = r.ringCore
	err := r.s.Attempt("packetring", loop.Read, t.try)
	block := t.block
	t.r, t.block = nil, Block{}
	takings.Put(t)
	return block, err
}

// NextAsync is Next as a future. The block of a settled future has to be released, even if the
// program does not read it.
func (r *Ring) NextAsync() loop.Future[Block] {
	return sock.AttemptAsync(r.s, "packetring", loop.Read, r.take)
}

// Close frees the memory, once the last block is released and no loop over one is running. From
// then on the socket's own receives get the packets. Close does not end a Next that waits: close
// the socket for that, before or after. A second Close does nothing.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.cleanup.Stop()
	r.unmapIfUnused()
	return nil
}

// unmapIfUnused unmaps the memory if the ring is closed and no part of it is in use. mu is held.
func (r *ringCore) unmapIfUnused() {
	if r.closed && r.pins == 0 && r.mem != nil {
		unmap(r.mem)
		r.mem = nil
		// Only now can the kernel free it, and the packets in it. A closed socket has freed them
		// already.
		linux.Call(r.owner, "packetring", "PACKET_RX_RING", removeRing)
	}
}

func (r *ringCore) unpin() {
	r.mu.Lock()
	r.pins--
	r.unmapIfUnused()
	r.mu.Unlock()
}

// A Block is a block of packets that the kernel has handed over.
type Block struct {
	r    *ringCore
	i    int
	turn uint64
}

// pin keeps the memory until unpin. ok is false if the block is released already.
func (b Block) pin() bool {
	if b.r == nil {
		return false
	}
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	if b.r.held[b.i].Load() != b.turn {
		return false
	}
	b.r.pins++
	return true
}

// Len returns the number of packets in the block; 0 once it is released.
func (b Block) Len() int {
	if !b.pin() {
		return 0
	}
	defer b.r.unpin()
	return int(*(*uint32)(unsafe.Pointer(&b.r.block(b.i)[blockPacketsAt])))
}

// Packets iterates over the packets of the block. A released block has no packets. Do not release
// the block during the loop, and do not keep Data longer than the block.
func (b Block) Packets() iter.Seq[RingPacket] {
	// Short enough to be inlined, so that nothing is allocated.
	return func(yield func(RingPacket) bool) { b.each(yield) }
}

func (b Block) each(yield func(RingPacket) bool) {
	if !b.pin() {
		return
	}
	defer b.r.unpin()
	eachRingPacket(b.r.block(b.i), yield)
}

// Release returns the block to the kernel. A second Release does nothing.
func (b Block) Release() {
	if b.r == nil {
		return
	}
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	if b.r.held[b.i].Load() != b.turn {
		return
	}
	atomic.StoreUint32(b.r.status(b.i), 0) // TP_STATUS_KERNEL
	b.r.held[b.i].Store(0)
	b.r.pins--
	b.r.unmapIfUnused()
}

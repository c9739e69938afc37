package sock

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
)

// PacketRingConfig says how large a ring is. The zero one is good for some hundred thousand packets a second.
type PacketRingConfig struct {
	BlockSize int // bytes, a multiple of the page size; 0: 256 KiB. No packet can be longer
	Blocks    int // 0: 32
	// Timeout is after how long a block that has something in it is handed over though it is not full, in whole milliseconds, rounded
	// up; 0: as the kernel thinks fit for the speed of the link, some 8 ms.
	Timeout time.Duration
}

// A PacketRing is memory that the kernel writes the packets of an AF_PACKET socket to, block by block, and that the program reads them
// from without a system call for each and without a copy: TPACKET_V3 of packet(7). Linux only.
//
//	ring, err := sock.NewPacketRing(s, nil)
//	…
//	for {
//		block, err := ring.Next()
//		…
//		for p := range block.Packets() {
//			use(p.Data)
//		}
//		block.Release()
//	}
//
// Next waits as every receive of the socket does, by the socket's mode; With and In give the same ring with another to wait for it. In a
// Handler's Readable, call Next until ErrWouldBlock. The socket's own receives find nothing while it has a ring.
type PacketRing struct {
	*ringCore
	s *Socket // or a view of it
}

// ringCore is what all views of a ring share.
type ringCore struct {
	mem       []byte
	blockSize int
	blocks    int
	owner     *Socket         // immutable
	held      []atomic.Uint64 // by block: the turn in which it was handed out, 0 while it is the kernel's
	cleanup   runtime.Cleanup // immutable
	try       func(*op, int) (loop.Outcome, error)

	mu     sync.Mutex
	next   int    // mu; the block that the kernel fills next
	turn   uint64 // mu; counts the blocks that were handed out
	pins   int    // mu; blocks that are handed out, and loops over one
	closed bool   // mu
}

// NewPacketRing gives s, an AF_PACKET socket without a ring, a ring. It is best done before Bind: what has been received before stays
// in the socket's queue, where nobody looks any more. cfg nil is the zero one.
//
// Errors: an *ArgError for a size that no ring can have; EBUSY if it has one; ENOMEM; errors.ErrUnsupported where there are no rings.
func NewPacketRing(s *Socket, cfg *PacketRingConfig) (*PacketRing, error) {
	c := PacketRingConfig{}
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
	case c.BlockSize < 0 || c.BlockSize%ringPage() != 0 || c.BlockSize > 1<<30:
		return nil, s.fail("packetring", Addr{}, &ArgError{"BlockSize", c.BlockSize, fmt.Sprintf("must be a multiple of %d, at most 1 GiB", ringPage())})
	case c.Blocks < 0 || uint64(c.Blocks)*uint64(c.BlockSize) > 1<<31-1:
		return nil, s.fail("packetring", Addr{}, &ArgError{"Blocks", c.Blocks, "a ring has less than 2 GiB in all"})
	case ms < 0 || ms > 1<<16-1:
		return nil, s.fail("packetring", Addr{}, &ArgError{"Timeout", c.Timeout, "must be 0 to 65535 ms"})
	}
	r := &ringCore{owner: s.base(), blockSize: c.BlockSize, blocks: c.Blocks, held: make([]atomic.Uint64, c.Blocks)}
	r.try = r.tryNext
	err := s.do("packetring", func(sysfd int) (err error) {
		r.mem, err = sysPacketRing(sysfd, c.BlockSize, c.Blocks, int(ms))
		return err
	})
	if err != nil {
		return nil, err
	}
	r.cleanup = runtime.AddCleanup(r, func(mem []byte) { sysUnmap(mem) }, r.mem)
	return &PacketRing{r, s}, nil
}

// With is the same ring, whose Next ends with ctx. See Socket.With.
func (r *PacketRing) With(ctx context.Context) *PacketRing {
	return &PacketRing{r.ringCore, r.s.With(ctx)}
}

// In is the same ring, whose Next suspends the task. See Socket.In.
func (r *PacketRing) In(t *loop.Task) *PacketRing { return &PacketRing{r.ringCore, r.s.In(t)} }

// On is the same ring, whose Next waits as s does, a view of the ring's own socket.
func (r *PacketRing) On(s *Socket) *PacketRing { return &PacketRing{r.ringCore, s} }

// block is the memory of a block.
func (r *ringCore) block(i int) []byte { return r.mem[i*r.blockSize : (i+1)*r.blockSize] }

// status is the word by which a block changes hands: it is read before, and written after, all else of the block.
func (r *ringCore) status(i int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[i*r.blockSize+blockStatusAt]))
}

// tryNext takes the next block if the kernel has handed it over; its number is n.
func (r *ringCore) tryNext(o *op, sysfd int) (loop.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return loop.Outcome{}, net.ErrClosed
	}
	if r.held[r.next].Load() != 0 { // all blocks are handed out
		return loop.Outcome{Retry: ringRetry}, loop.ErrAgain
	}
	if atomic.LoadUint32(r.status(r.next))&TP_STATUS_USER == 0 {
		if err := sysSockError(sysfd); err != nil { // such as ENETDOWN, which wakes too
			return loop.Outcome{}, err
		}
		return loop.Outcome{}, loop.ErrAgain
	}
	o.n = r.next
	r.turn++
	r.held[r.next].Store(r.turn)
	r.pins++
	length := *(*uint32)(unsafe.Pointer(&r.mem[r.next*r.blockSize+blockLenAt]))
	r.next = (r.next + 1) % r.blocks
	return loop.Outcome{N: int(min(length, 1<<30))}, nil
}

// ringRetry is how soon to look again for a block that the program itself still holds: its release makes no event.
const ringRetry = time.Millisecond

// Next waits for a block, which is the caller's until Release. Blocks come in order, and may be released in any; while the kernel finds
// none that is free it drops what comes, which PacketStatistics counts.
//
// Errors: ErrWouldBlock, os.ErrDeadlineExceeded, net.ErrClosed; ENETDOWN once when the interface goes down.
func (r *PacketRing) Next() (PacketBlock, error) {
	o := r.s.newOp(loop.Read, r.try)
	err := r.s.run(o)
	i := o.n
	o.done()
	if err != nil {
		return PacketBlock{}, r.s.fail("packetring", Addr{}, err)
	}
	return PacketBlock{r.ringCore, i, r.held[i].Load()}, nil
}

// NextAsync is Next, which nobody waits for. A block that a future was settled with has to be released, even if nobody looks at it.
func (r *PacketRing) NextAsync() loop.Future[PacketBlock] {
	return start(r.s.base(), "packetring", loop.Read, r.try, nil, 0, nil, func(o *op) (PacketBlock, error) {
		return PacketBlock{r.ringCore, o.n, r.held[o.n].Load()}, nil
	})
}

// Close gives the memory back, once the last block is released and nobody goes over one. From then on the socket's own receives get
// what comes. Who waits in Next is not woken: close the socket for that, before or after. A second Close does nothing.
func (r *PacketRing) Close() error {
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

// unmapIfUnused unmaps the memory if the ring is closed and nobody has a part of it. mu is held.
func (r *ringCore) unmapIfUnused() {
	if r.closed && r.pins == 0 && r.mem != nil {
		sysUnmap(r.mem)
		r.mem = nil
		// Only now does the kernel let go of it, and of what is in it. A socket that is closed has let go already.
		r.owner.do("packetring", sysNoPacketRing)
	}
}

func (r *ringCore) unpin() {
	r.mu.Lock()
	r.pins--
	r.unmapIfUnused()
	r.mu.Unlock()
}

// A PacketBlock is a block that the kernel has handed over.
type PacketBlock struct {
	r    *ringCore
	i    int
	turn uint64
}

// pin says whether the block is not released yet, and if so keeps the memory until unpin.
func (b PacketBlock) pin() bool {
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

// Len is how many packets the block has; 0 once it is released.
func (b PacketBlock) Len() int {
	if !b.pin() {
		return 0
	}
	defer b.r.unpin()
	return int(*(*uint32)(unsafe.Pointer(&b.r.block(b.i)[blockPacketsAt])))
}

// Packets goes over the packets of the block; there are none once it is released. Do not release it meanwhile, and keep no Data longer than the block.
func (b PacketBlock) Packets() iter.Seq[RingPacket] {
	return func(yield func(RingPacket) bool) { b.each(yield) } // short enough to be inlined, so that nothing is allocated
}

func (b PacketBlock) each(yield func(RingPacket) bool) {
	if !b.pin() {
		return
	}
	defer b.r.unpin()
	eachRingPacket(b.r.block(b.i), yield)
}

// Release gives the block back to the kernel. A second Release does nothing.
func (b PacketBlock) Release() {
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

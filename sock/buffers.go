package sock

import (
	"fmt"
	"sync"
	"unsafe"
)

// Buffers lend memory to those who receive, once there is something to receive: a connection that
// only waits holds none. It is safe for use from any goroutine; what is not lent is left to the
// garbage collector.
type Buffers struct {
	size int
	pool sync.Pool // of *byte, the first of size bytes: a pointer goes into an interface without an allocation
}

// NewBuffers makes Buffers of size bytes each. It panics if size is not positive.
func NewBuffers(size int) *Buffers {
	if size <= 0 {
		panic(fmt.Sprintf("sock: NewBuffers: size %d: must be above 0", size))
	}
	return &Buffers{size: size}
}

// Size is how long each is.
func (b *Buffers) Size() int { return b.size }

// Get lends a buffer of Size bytes, which hold anything.
func (b *Buffers) Get() []byte {
	if p, ok := b.pool.Get().(*byte); ok {
		return unsafe.Slice(p, b.size)
	}
	return make([]byte, b.size)
}

// Put takes back what Get has lent: it, or a part of it from its first byte on. It must not be used
// afterwards, nor handed in twice. What has another capacity than Size is left alone: a part that
// begins elsewhere, or another's memory.
func (b *Buffers) Put(p []byte) {
	if cap(p) == b.size {
		b.pool.Put(unsafe.SliceData(p))
	}
}

// RecvBuffer is RecvInto for a buffer of b's, lent only when something is there: ten thousand
// connections that wait hold none, and those that are served take turns with few, which stay in the
// processor's caches. The bytes are those that were received; hand them to b.Put when they are done
// with.
//
// nil and no error is the end of a stream, or of SOCK_SEQPACKET, where an empty packet looks the
// same; an empty datagram is empty and not nil, and has a buffer as others do. A datagram longer
// than b.Size is cut, with MSG_TRUNC too. With MSG_WAITALL, MSG_PEEK and what else does not look at
// the head of the queue a buffer is held while it waits. With an error the result is nil.
//
// Errors: those of RecvInto; an *ArgError for a nil b.
func (s *Socket) RecvBuffer(b *Buffers, flags int) ([]byte, error) {
	if b == nil {
		return nil, s.fail("recv", Addr{}, &ArgError{ArgMissing, "b", b, "must not be nil"})
	}
	n, p, err := s.receive(nil, b, flags)
	if p == nil {
		return nil, err
	}
	return p[:min(n, len(p))], nil
}

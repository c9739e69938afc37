package sock

import (
	"fmt"
	"sync"
	"unsafe"
)

// Buffers lend memory to those who receive, once there is something to receive: a connection that only waits holds none. It is safe for
// use from any goroutine; what is not lent is left to the garbage collector.
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

// Put takes back what Get has lent: it, or a part of it from its first byte on. It must not be used afterwards. What b has not made, or what
// begins elsewhere and so is shorter, is left alone.
func (b *Buffers) Put(p []byte) {
	if cap(p) == b.size {
		b.pool.Put(unsafe.SliceData(p))
	}
}

// RecvBuffer is RecvInto for a buffer of b's, lent only when something is there: ten thousand connections that wait hold none, and those that
// are served take turns with few, which stay in the processor's caches. The bytes are those that were received; hand them to b.Put
// when they are done with. With no bytes, or an error, the result is nil.
func (s *Socket) RecvBuffer(b *Buffers, flags int) ([]byte, error) {
	n, p, err := s.receive(nil, b, flags)
	if n == 0 || err != nil {
		return nil, err
	}
	return p[:min(n, len(p))], nil
}

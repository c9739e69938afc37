package sock

import (
	"fmt"
	"sync"
	"unsafe"
)

// Buffers lends memory to connections only while there is something to receive. A connection that
// only waits holds no memory. Buffers is safe for use from any goroutine. The garbage collector may
// free memory that is not lent.
type Buffers struct {
	size int
	pool sync.Pool // of *byte, the first of size bytes: a pointer goes into an interface without an allocation
}

// NewBuffers returns Buffers of size bytes each. It panics if size is not positive.
func NewBuffers(size int) *Buffers {
	if size <= 0 {
		panic(fmt.Sprintf("sock: NewBuffers: size %d: must be above 0", size))
	}
	return &Buffers{size: size}
}

// Size returns the length of each buffer in bytes.
func (b *Buffers) Size() int { return b.size }

// Get lends a buffer of Size bytes. Its content is undefined.
func (b *Buffers) Get() []byte {
	if p, ok := b.pool.Get().(*byte); ok {
		return unsafe.Slice(p, b.size)
	}
	return make([]byte, b.size)
}

// Put returns a buffer from Get: the buffer, or a part of it that begins at its first byte. The
// caller must not use it afterwards, nor return it twice. Put ignores a slice whose capacity is not
// Size: a part that begins elsewhere, or other memory.
func (b *Buffers) Put(p []byte) {
	if cap(p) == b.size {
		b.pool.Put(unsafe.SliceData(p))
	}
}

// RecvBuffer is RecvInto with a buffer that b lends only when data is available. It returns the
// bytes received. After use, return them with b.Put. So ten thousand waiting connections hold no
// buffers, and the active ones share a few, which stay in the caches of the processor.
//
// nil without an error is the end of a stream. On SOCK_SEQPACKET an empty packet looks the same. An
// empty datagram is an empty slice that is not nil, and it has a buffer too. A datagram longer than
// b.Size is cut, with MSG_TRUNC too. Some flags do not look at the head of the queue, such as
// MSG_WAITALL and MSG_PEEK: with them the call holds a buffer while it waits. With an error the
// result is nil.
//
// Errors: those of RecvInto; an *ArgError for a nil b.
func (s *Socket) RecvBuffer(b *Buffers, flags int) ([]byte, error) {
	if b == nil {
		return nil, s.failIn("recv", &ArgError{ArgMissing, "b", b, "must not be nil"})
	}
	n, p, err := s.receive(nil, b, flags)
	if p == nil {
		return nil, err
	}
	return p[:min(n, len(p))], nil
}

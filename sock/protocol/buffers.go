package protocol

import (
	"math/bits"
	"sync"
	"unsafe"
)

// Memory of unsent and unread bytes: blocks of a power of two, from pools, so that a connection
// that falls behind for a moment allocates nothing. A block above the largest size is left to the
// garbage collector.
const (
	smallestBlock = 10 // 1 KiB
	largestBlock  = 20 // 1 MiB
	chunkSize     = 64 << 10
)

var blocks [largestBlock + 1]sync.Pool // of *byte: a pointer goes into an interface without an allocation

// getBlock returns an empty slice with room for n bytes at least.
func getBlock(n int) []byte {
	class := max(bits.Len(uint(max(n, 1)-1)), smallestBlock)
	if class > largestBlock {
		return make([]byte, 0, n)
	}
	if p, ok := blocks[class].Get().(*byte); ok {
		return unsafe.Slice(p, 1<<class)[:0]
	}
	return make([]byte, 0, 1<<class)
}

// putBlock takes back what getBlock has lent.
func putBlock(b []byte) {
	c := cap(b)
	class := bits.Len(uint(c)) - 1
	if c == 0 || c != 1<<class || class < smallestBlock || class > largestBlock {
		return
	}
	blocks[class].Put(unsafe.SliceData(b[:1]))
}

// grow returns b with room for n bytes in all.
func grow(b []byte, n int) []byte {
	if n <= cap(b) {
		return b
	}
	bigger := append(getBlock(n), b...)
	putBlock(b)
	return bigger
}

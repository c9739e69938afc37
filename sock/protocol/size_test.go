package protocol

import (
	"testing"
	"unsafe"
)

// A byte more, and each of a million idle connections takes 16 more: the next size of the
// allocator.
func TestTransportSize(t *testing.T) {
	if n := unsafe.Sizeof(Transport{}); n > 64 {
		t.Errorf("%d bytes, want at most 64", n)
	}
}

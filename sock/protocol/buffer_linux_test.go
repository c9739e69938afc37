package protocol_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// What a buffer costs by size, with and without MSG_ZEROCOPY: run it over the network card in
// question. On loopback the kernel copies, and the two must not differ.
//
//	go test -run X -bench WriteBuffer ./sock/protocol
func BenchmarkWriteBuffer(b *testing.B) {
	for _, size := range []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20} {
		for _, zero := range []int{0, 4 << 10} {
			name := map[int]string{0: "copied", 4 << 10: "zerocopy"}[zero]
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				p := newScript()
				s, c := pair(b, p, protocol.Config{ZeroCopy: zero, Loops: 1})
				go io.Copy(io.Discard, c)
				buf := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if buf, err = s.WriteBuffer(buf).Wait(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// The kernel copies on loopback, and says so: from then on the connection sends without
// MSG_ZEROCOPY.
func TestZeroCopyOnLoopback(t *testing.T) {
	socktest.Check(t)
	p := newScript()
	s, c := pair(t, p, protocol.Config{ZeroCopy: 4096, Loops: 1})
	if on, err := s.Socket().Getsockopt(sock.SOL_SOCKET, unix.SO_ZEROCOPY); err != nil || on != 0 {
		t.Fatalf("SO_ZEROCOPY is %d, %v", on, err)
	}
	go io.Copy(io.Discard, c)
	for i := range 3 {
		if _, err := s.WriteBuffer(make([]byte, 100_000)).Wait(patience(t)); err != nil {
			t.Fatal(i, err)
		}
	}
	if on, err := s.Socket().Getsockopt(sock.SOL_SOCKET, unix.SO_ZEROCOPY); err != nil || on != 1 {
		t.Errorf("SO_ZEROCOPY is %d, %v: want it set by the first large buffer", on, err)
	}
	if !protocol.ZeroCopyIsOff(s) {
		t.Error("it goes on with MSG_ZEROCOPY")
	}
}

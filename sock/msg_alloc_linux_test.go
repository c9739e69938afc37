//go:build !race

package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// The race detector makes sync.Pool forget at random, so this is not for its builds.
func TestMessagesAllocateNothing(t *testing.T) {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Bind(sock.Inet("127.0.0.1", 0)); err != nil {
		t.Fatal(err)
	}
	self, _ := s.Getsockname()
	out, in := [][]byte{[]byte("hello "), []byte("world")}, [][]byte{make([]byte, 4), make([]byte, 100)}
	room := make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Sendmsg(out, nil, 0, self); err != nil {
			t.Fatal(err)
		}
		if n, _, _, from, err := s.RecvmsgBuffers(in, room, 0); n != 11 || from != self || err != nil {
			t.Fatal(n, from, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

//go:build !race

package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A Unix socket ignores ancillary data of other levels, so it can take the place of AF_ALG.
func TestSendmsgAfalgAllocation(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixSeqpacket.Pair(t)
	s, err := sock.Adopt(a.Detach(), sock.AF_ALG, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	iv, p, buffers := make([]byte, 16), make([]byte, 100), [][]byte{hello, hello}
	n := testing.AllocsPerRun(100, func() {
		if n, err := s.SendmsgAfalg(buffers, sock.ALG_OP_ENCRYPT, iv, 4, 0); n != 2*len(hello) || err != nil {
			t.Error(n, err)
		}
		if n, err := b.RecvInto(p, 0); n != 2*len(hello) || err != nil {
			t.Error(n, err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

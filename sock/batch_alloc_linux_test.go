//go:build !race

package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

// Sending and receiving a batch allocates nothing, with and without addresses.
func TestBatchAllocatesNothing(t *testing.T) {
	socktest.Check(t)
	socktest.Each(t, datagramKinds[:2], func(t *testing.T, k socktest.Kind) {
		a, _ := k.Bound(t)
		b, to := k.Bound(t)
		out, in := room(16, 64), room(16, 64)
		for i := range out {
			out[i].Addr = to
			if i%4 == 0 { // makes the runs of one size short
				out[i].Buffers[0] = out[i].Buffers[0][:32]
			}
		}
		allocs := testing.AllocsPerRun(100, func() {
			n, err := a.SendBatch(out, 0)
			if n != len(out) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			for got := 0; got < len(out); got += n {
				if n, err = b.RecvBatch(in, 0); err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%v allocations", allocs)
		}
	})
}

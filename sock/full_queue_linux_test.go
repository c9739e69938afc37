package sock

import (
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
)

// A send that waits for room in another socket's queue ignores edges, since each attempt makes one,
// and is tried again after a bounded time.
func TestSendToFullQueueOfAnother(t *testing.T) {
	at := Unix(filepath.Join(bare.Dir(t), "s"))
	to, err := New(AF_UNIX, SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	from, err := New(AF_UNIX, SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if err := to.Bind(at); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (loop.Outcome, error){
		"sendto": func() (loop.Outcome, error) {
			o := from.newOp(loop.Write, trySendto)
			defer o.done()
			o.p = []byte("x")
			if err := from.encode(o, at); err != nil {
				return loop.Outcome{}, err
			}
			return trySendto(o, from.Fileno())
		},
		"batch": func() (loop.Outcome, error) {
			b, o := new(batch), from.newOp(loop.Write, nil)
			defer o.done()
			b.begin(from.core, []Datagram{{Buffers: [][]byte{[]byte("x")}, Addr: at}}, 0)
			if err := b.address(from, o); err != nil {
				return loop.Outcome{}, err
			}
			return b.send(from.core, from.Fileno())
		},
	} {
		out, err := try()
		for err == nil {
			out, err = try()
		}
		if err != loop.ErrAgain || out.Retry != &queueRetry {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

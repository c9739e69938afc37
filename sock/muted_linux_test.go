package sock_test

import (
	"runtime"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A goroutine whose operations never have to wait gives its loop nothing to do, also if another
// processor could run the loop at each arrival. And nothing is lost when the goroutine waits again.
func TestBusyGoroutineWakesNoLoop(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	const (
		rounds = 50
		each   = 1000
	)
	for _, typ := range []sock.Type{sock.SOCK_DGRAM, sock.SOCK_STREAM} {
		t.Run(typ.String(), func(t *testing.T) {
			r, err := loop.NewReactor(&loop.Config{Loops: 1})
			socktest.Must(t, err)
			t.Cleanup(func() { r.Close() }) // after those of the sockets
			l := r.Loops()[0]
			// A sender of this family puts its bytes into the receiver's queue before it returns.
			a, b := socktest.Kind{Family: sock.AF_UNIX, Type: typ}.Pair(t)
			socktest.Must(t, a.Join(l))
			socktest.Must(t, a.SetTimeout(socktest.Patience))
			var out, in [8]byte
			for range rounds {
				before := l.Stats().Events
				for range each {
					_, err := b.Send(out[:], 0)
					socktest.Must(t, err)
					_, err = a.RecvInto(in[:], 0)
					socktest.Must(t, err)
				}
				if events := l.Stats().Events - before; events > each/10 {
					t.Fatalf("%d events in %d receives that did not wait", events, each)
				}
				late := socktest.Start(func() error {
					_, err := a.RecvInto(in[:], 0)
					return err
				})
				runtime.Gosched()
				_, err := b.Send(out[:], 0)
				socktest.Must(t, err)
				socktest.Must(t, late.Wait(t))
			}
		})
	}
}

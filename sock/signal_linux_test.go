package sock_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

// No call returns EINTR: a waiting call goes on.
func TestSignalsEndNothing(t *testing.T) { // items 41, 55
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		for range 20 {
			socktest.Must(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
			<-signals
		}
		if call.Done() {
			t.Fatal("ended by a signal: ", call.Wait(t))
		}
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
	})
}

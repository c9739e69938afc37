package sock_test

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A Sendfile to a closed peer raises no SIGPIPE, like all other sends.
func TestSendfileRaisesNoSignal(t *testing.T) {
	signals := make(chan os.Signal, 10) // before the leak check begins, since its goroutine stays
	signal.Notify(signals, syscall.SIGPIPE)
	defer signal.Stop(signals)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		b.Close()
		f := onDisk(t, hello)
		defer f.Close()
		if _, err := w.On(a).Sendfile(f, 0, -1); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Sendfile: %v, want EPIPE", err)
		}
	})
	// A signal that the system sent earlier arrives before one that is sent now.
	socktest.Must(t, syscall.Kill(os.Getpid(), syscall.SIGPIPE))
	<-signals
	if len(signals) != 0 {
		t.Error("there was a SIGPIPE")
	}
}

// A file of /proc has size 0 and is not empty.
func TestSendfileOfProc(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		f, err := os.Open("/proc/self/limits")
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("%v: run this where /proc is", err)
		}
		socktest.Must(t, err)
		defer f.Close()
		want, err := os.ReadFile("/proc/self/limits")
		socktest.Must(t, err)
		if n, err := w.On(a).Sendfile(f, 0, -1); n != int64(len(want)) || err != nil {
			t.Errorf("Sendfile = %d, %v; want %d", n, err, len(want))
		}
		got, err := b.Recv(len(want), sock.MSG_WAITALL)
		if string(got) != string(want) || err != nil {
			t.Errorf("%d bytes arrived, %v; want %d", len(got), err, len(want))
		}
	})
}

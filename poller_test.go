package pollux_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// The promises of Poller are each held by a file of its own: notify_test.go, edge_test.go, precision_test.go,
// modification_test.go, many_test.go, errors_linux_test.go. This one has what they share.

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

// newPoller makes a poller that is closed with the test, and skips the test on a system that has none.
func newPoller(t *testing.T) *pollux.Poller {
	t.Helper()
	p, err := pollux.New(nil)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

// waiting makes one Wait on a goroutine of its own and returns a channel for its end.
func waiting(p *pollux.Poller, events []pollux.Event, timeout time.Duration) <-chan waited {
	ch := make(chan waited, 1)
	go func() {
		n, err := p.Wait(events, timeout)
		ch <- waited{n, err}
	}()
	return ch
}

type waited struct {
	n   int
	err error
}

// end receives the end of a Wait.
func end(t *testing.T, ch <-chan waited) (n int) {
	t.Helper()
	select {
	case w := <-ch:
		if w.err != nil {
			t.Fatalf("Wait: %v", w.err)
		}
		return w.n
	case <-time.After(patience):
		t.Fatal("Wait does not return")
	}
	return 0
}

func TestNewElsewhere(t *testing.T) {
	p, err := pollux.New(nil)
	switch {
	case err == nil:
		p.Close()
	case !errors.Is(err, errors.ErrUnsupported):
		t.Errorf("New: %v, want errors.ErrUnsupported on a system without a backend", err)
	case !strings.Contains(err.Error(), runtime.GOOS):
		t.Errorf("New: %v: does not name %s", err, runtime.GOOS)
	case runtime.GOOS == "linux":
		t.Errorf("New: %v", err)
	}
}

func TestToken(t *testing.T) {
	const most = 1<<32 - 1
	for _, tt := range []struct {
		name             string
		slot, generation uint32
		want             pollux.Token
	}{
		{"first slot", 0, 1, 1},
		{"second slot", 1, 1, 1<<32 | 1},
		{"all bits of the generation", 0, most, most},
		{"all bits of the slot", most, 1, most<<32 | 1},
		{"all bits", most, most, most<<32 | most},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := pollux.MakeToken(tt.slot, tt.generation)
			if token != tt.want || token.Slot() != tt.slot || token.Generation() != tt.generation {
				t.Errorf("MakeToken(%d, %d) = %#x, of slot %d and generation %d; want %#x",
					tt.slot, tt.generation, token, token.Slot(), token.Generation(), tt.want)
			}
		})
	}
}

func TestReadyString(t *testing.T) {
	for _, tt := range []struct {
		ready pollux.Ready
		want  string
	}{
		{0, "none"},
		{pollux.Readable, "readable"},
		{pollux.Writable, "writable"},
		{pollux.Readable | pollux.Hangup, "readable|hangup"},
		{pollux.Readable | pollux.Writable | pollux.Hangup | pollux.Urgent, "readable|writable|hangup|urgent"},
	} {
		if got := tt.ready.String(); got != tt.want {
			t.Errorf("Ready(%d) = %q, want %q", tt.ready, got, tt.want)
		}
	}
}

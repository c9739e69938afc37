package pollux_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollers"
)

// Each promise of Poller is tested in a file of its own: notify_test.go, edge_test.go,
// precision_test.go, modification_test.go, many_test.go, errors_linux_test.go. They are run over
// every poller there is, also over the one-shot ones of internal/pollers. What this has to do with
// Go's scheduler is in neighbours_linux_test.go. This file has what they share.

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

// A maker makes a poller that is closed with the test.
type maker func(t *testing.T) *poller

// A poller knows in addition which descriptor each token stands for.
type poller struct {
	pollers.Poller
	traits
	fds sync.Map // pollux.Token: int
}

// traits are where pollers may differ: the table of pollux.Poller.
type traits struct {
	replaces bool // to add what is there already replaces the registration; else EEXIST
	files    bool // a plain file can be added; else EPERM
	noUrgent bool // urgent data is not reported as such
}

// system says what the poller of this system does.
var system = map[string]traits{
	"linux":     {},
	"darwin":    {replaces: true, files: true},
	"dragonfly": {replaces: true, files: true},
	"freebsd":   {replaces: true, files: true, noUrgent: true},
	"netbsd":    {replaces: true, files: true, noUrgent: true},
	"openbsd":   {replaces: true, files: true},
}[runtime.GOOS]

func (p *poller) Add(fd int, token pollux.Token) error {
	p.fds.Store(token, fd)
	return p.Poller.Add(fd, token)
}

// everyPoller is what the tests of the contract are run over.
var everyPoller = []struct {
	name   string
	traits traits
	make   func() (pollers.Poller, error)
}{
	{"park", system, newPollux(pollux.Park)},
	{"block", system, newPollux(pollux.Block)},
	{"oneshot", traits{}, pollers.OneShot},
	{"poll", traits{}, pollers.Poll},
	{"kqueue user", traits{replaces: true}, func() (pollers.Poller, error) { return pollers.KqueueUser(pollux.Park) }},
	{"kqueue pipe", traits{replaces: true, noUrgent: true}, func() (pollers.Poller, error) { return pollers.KqueuePipe(pollux.Park) }},
	{"kqueue block", traits{replaces: true}, func() (pollers.Poller, error) { return pollers.KqueueUser(pollux.Block) }},
}

func newPollux(s pollux.Strategy) func() (pollers.Poller, error) {
	return func() (pollers.Poller, error) { return pollux.New(&pollux.Config{Strategy: s}) }
}

// onEveryPoller runs a test over every poller. It skips those that the system does not have.
func onEveryPoller(t *testing.T, test func(*testing.T, maker)) {
	for _, kind := range everyPoller {
		t.Run(kind.name, func(t *testing.T) {
			test(t, func(t *testing.T) *poller {
				t.Helper()
				p := open(t, kind.make)
				p.traits = kind.traits
				return p
			})
		})
	}
}

func open(t *testing.T, make func() (pollers.Poller, error)) *poller {
	t.Helper()
	p, err := make()
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
	return &poller{Poller: p}
}

// waiting makes one Wait on a goroutine of its own and returns a channel for its end.
func waiting(p *poller, events []pollux.Event, timeout time.Duration) <-chan waited {
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

func TestStrategy(t *testing.T) {
	for _, tt := range []struct {
		strategy pollux.Strategy
		want     string
		ok       bool
	}{
		{pollux.Park, "park", true},
		{pollux.Block, "block", true},
		{pollux.Block + 1, "Strategy(2)", false},
	} {
		if got := tt.strategy.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		p, err := pollux.New(&pollux.Config{Strategy: tt.strategy})
		if err == nil {
			p.Close()
		}
		if refused := err != nil && !errors.Is(err, errors.ErrUnsupported); refused == tt.ok {
			t.Errorf("New with %v: %v", tt.strategy, err)
		}
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

package pollux_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/internal/pollertest"
)

// Package pollertest has the tests of the contract. Here every poller takes them, also the one-shot
// ones of internal/pollers and those over a model of kqueue. precision_test.go tests the timeouts,
// neighbours_linux_test.go the effects on Go's scheduler. This file has the common parts.

// patience limits the wait for an event that must happen.
const patience = 10 * time.Second

// A maker returns a poller that is closed with the test.
type maker func(t *testing.T) *poller

type poller struct{ pollers.Poller }

// everyPoller returns the pollers that this system has.
func everyPoller() []pollertest.Backend {
	all := []pollertest.Backend{
		{Name: "park", Traits: pollertest.System(), Open: newPollux(pollux.Park)},
		{Name: "block", Traits: pollertest.System(), Open: newPollux(pollux.Block)},
	}
	if runtime.GOOS != "linux" {
		return all
	}
	return append(all, []pollertest.Backend{
		{Name: "oneshot", Traits: pollertest.Traits{Unconnected: pollertest.HungUp}, Open: pollers.OneShot},
		{Name: "poll", Traits: pollertest.Traits{Unconnected: pollertest.HungUp}, Open: pollers.Poll},
		{Name: "kqueue user", Traits: pollertest.Traits{Replaces: true, AnyUnconnected: true},
			Open: func() (pollers.Poller, error) { return pollers.KqueueUser(pollux.Park) }},
		{Name: "kqueue pipe", Traits: pollertest.Traits{Replaces: true, NoUrgent: true, AnyUnconnected: true, Deaf: true},
			Open: func() (pollers.Poller, error) { return pollers.KqueuePipe(pollux.Park) }},
		{Name: "kqueue block", Traits: pollertest.Traits{Replaces: true, AnyUnconnected: true},
			Open: func() (pollers.Poller, error) { return pollers.KqueueUser(pollux.Block) }},
	}...)
}

func TestContract(t *testing.T) { pollertest.Run(t, everyPoller()...) }

func newPollux(s pollux.Strategy) func() (pollers.Poller, error) {
	return func() (pollers.Poller, error) { return pollux.New(&pollux.Config{Strategy: s}) }
}

// onEveryPoller runs a test on every poller.
func onEveryPoller(t *testing.T, test func(*testing.T, maker)) {
	for _, b := range everyPoller() {
		t.Run(b.Name, func(t *testing.T) {
			test(t, func(t *testing.T) *poller {
				t.Helper()
				return open(t, b.Open)
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
	return &poller{p}
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

// A second Close closes nothing: other files may have the numbers of the poller's descriptors.
func TestCloseTwice(t *testing.T) {
	for _, strategy := range []pollux.Strategy{pollux.Park, pollux.Block} {
		p, err := pollux.New(&pollux.Config{Strategy: strategy})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		var files []*os.File
		for range 4 { // more than a poller has
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, r, w)
		}
		if err := p.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%v: the second Close: %v, want os.ErrClosed", strategy, err)
		}
		for _, f := range files {
			if err := f.Close(); err != nil {
				t.Errorf("%v: a file was closed by the second Close: %v", strategy, err)
			}
		}
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

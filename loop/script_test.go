package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/internal/pollertest"
	"github.com/polluxio/pollux/timeouts"
)

// soon limits the time in which an expected event must happen.
const soon = 20 * time.Second

// A script is a Poller that a test controls. Wait returns the events that the test has set, and the
// script records every call.
//
// By default Wait never blocks: the test makes each turn of the loop itself. A script that sleeps
// is for a loop that Run drives. It blocks as a poller does, until there are events, until a Wake,
// or until the fake clock has passed the timeout.
//
// A one-shot script drops events that the loop has not asked for by Add or Arm. An event uses up
// the directions that it reports. See stage.arrives for events during an attempt.
type script struct {
	clock   *timeouts.Fake
	oneShot bool // immutable

	mu     sync.Mutex
	change sync.Cond // signals a change of the fields below
	events []pollux.Event
	woken  bool
	sleeps bool // Wait blocks
	held   bool // a Wake does not end Wait
	asleep bool // Wait is blocking now

	calls  []string // "add 5", "delete 5", "wake", "close"
	waits  []time.Duration
	tokens map[int]pollux.Token
	asked  map[pollux.Token]pollux.Ready // of those that are registered, if the script is one-shot
	kept   map[pollux.Token]pollux.Ready // the events that Arm or Unmute will find
	muted  map[pollux.Token]bool
	yields int              // calls of Yield
	faults map[string]error // the result of a call, by its text in calls

	onCall func(call string) // without mu
}

func newScript() *script {
	s := &script{
		clock:   new(timeouts.Fake),
		oneShot: oneShotScripts,
		tokens:  make(map[int]pollux.Token),
		asked:   make(map[pollux.Token]pollux.Ready),
		kept:    make(map[pollux.Token]pollux.Ready),
		muted:   make(map[pollux.Token]bool),
		faults:  make(map[string]error),
	}
	s.change.L = &s.mu
	return s
}

func (s *script) called(call string, effect func()) error {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	err := s.faults[call]
	if err == nil && effect != nil {
		effect()
	}
	s.change.Broadcast()
	s.mu.Unlock()
	if s.onCall != nil {
		s.onCall(call)
	}
	return err
}

func (s *script) Add(fd int, token pollux.Token) error {
	return s.called(fmt.Sprint("add ", fd), func() {
		s.tokens[fd] = token
		s.asked[token] = pollux.Readable | pollux.Writable
	})
}

// Arm asks for a direction again. The script does not record it: only a one-shot poller gets it.
func (s *script) Arm(fd int, token pollux.Token, want pollux.Ready) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.oneShot:
		panic("Arm of a poller that is not one-shot")
	case s.tokens[fd] != token:
		panic(fmt.Sprintf("arm of %#x: %d is registered under %#x", token, fd, s.tokens[fd]))
	}
	s.asked[token] |= want
	if found := s.kept[token] & want; found != 0 {
		s.kept[token] &^= found
		s.events = append(s.events, pollux.Event{Token: token, Ready: found})
		s.change.Broadcast()
	}
	return nil
}

// Mute makes the script keep all events but hang-ups until Unmute.
func (s *script) Mute(fd int, token pollux.Token) (bool, error) {
	if s.oneShot {
		return false, nil
	}
	return true, s.called(fmt.Sprint("mute ", fd), func() { s.muted[token] = true })
}

func (s *script) Unmute(fd int, token pollux.Token) error {
	return s.called(fmt.Sprint("unmute ", fd), func() {
		if !s.muted[token] {
			panic(fmt.Sprintf("unmute of %#x, which is not muted", token))
		}
		delete(s.muted, token)
		if found := s.kept[token]; found != 0 {
			delete(s.kept, token)
			s.events = append(s.events, pollux.Event{Token: token, Ready: found})
		}
	})
}

// deliver returns the part of an event that a one-shot or muted script may report, and uses up the
// registration. The caller holds mu.
func (s *script) deliver(ev pollux.Event) (pollux.Event, bool) {
	if s.muted[ev.Token] {
		s.kept[ev.Token] |= ev.Ready &^ pollux.Hangup
		ev.Ready &= pollux.Hangup
		return ev, ev.Ready != 0
	}
	asked, registered := s.asked[ev.Token]
	if !s.oneShot || !registered {
		return ev, true
	}
	with := asked & (pollux.Readable | pollux.Writable)
	if asked&pollux.Readable != 0 {
		with |= pollux.Urgent
	}
	if with != 0 {
		with |= pollux.Hangup
	}
	ev.Ready &= with
	s.asked[ev.Token] &^= ev.Ready
	return ev, ev.Ready != 0
}

func (s *script) Delete(fd int, token pollux.Token) error {
	return s.called(fmt.Sprint("delete ", fd), func() {
		if s.tokens[fd] != token {
			panic(fmt.Sprintf("delete of %#x: %d is registered under %#x", token, fd, s.tokens[fd]))
		}
		delete(s.tokens, fd)
		delete(s.asked, token)
		delete(s.kept, token)
		delete(s.muted, token)
	})
}

func (s *script) Wait(events []pollux.Event, timeout time.Duration) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, timeout)
	until := timeouts.Never
	if timeout >= 0 {
		until = s.clock.Now().Add(timeout)
	}
	for s.sleeps && len(s.events) == 0 && (!s.woken || s.held) && !until.Expired(s.clock.Now()) {
		s.asleep = true
		s.change.Broadcast()
		s.change.Wait()
	}
	s.asleep, s.woken = false, false
	n := 0
	for ; n < len(events) && len(s.events) > 0; s.events = s.events[1:] {
		if ev, some := s.deliver(s.events[0]); some {
			events[n] = ev
			n++
		}
	}
	return n, nil
}

func (s *script) Wake() error   { return s.called("wake", func() { s.woken = true }) }
func (s *script) Close() error  { return s.called("close", nil) }
func (s *script) OneShot() bool { return s.oneShot }

func (s *script) Yield() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.yields++
	return nil
}

func (s *script) Crowded() time.Duration { return 0 }

// tell sets events for the next Wait, or for one that sleeps.
func (s *script) tell(events ...pollux.Event) {
	s.mu.Lock()
	s.events = append(s.events, events...)
	s.change.Broadcast()
	s.mu.Unlock()
}

// advance moves the fake clock forward.
func (s *script) advance(d time.Duration) {
	s.clock.Advance(d)
	s.mu.Lock()
	s.change.Broadcast()
	s.mu.Unlock()
}

// count returns how often a call was made.
func (s *script) count(call string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c == call {
			n++
		}
	}
	return n
}

// lastWait returns the timeout of the last Wait.
func (s *script) lastWait() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waits[len(s.waits)-1]
}

// A stage is a loop on a script, with its log.
type stage struct {
	*Loop
	t    *testing.T
	p    *script
	logs *logbook
	next int // a number for a descriptor
}

// newStage makes a loop without a goroutine: the test makes its turns.
func newStage(t *testing.T) *stage {
	t.Helper()
	logs := new(logbook)
	p := newScript()
	l, err := New(&Config{
		Logger:     slog.New(logs),
		Clock:      p.clock,
		NewPoller:  func() (Poller, error) { return p, nil },
		TraceLeaks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Loop: l, t: t, p: p, logs: logs, next: 1 << 20}
}

// run drives the loop on a goroutine until the test is over.
func (s *stage) run() {
	s.p.mu.Lock()
	s.p.sleeps = true
	s.p.mu.Unlock()
	over := make(chan error, 1)
	go func() { over <- s.Run(context.Background()) }()
	s.t.Cleanup(func() {
		within(s.t, "Close", func() { s.Close() })
		if err := receive(s.t, "the end of Run", over); err != nil && !errors.Is(err, net.ErrClosed) { // Close came first
			s.t.Errorf("Run: %v", err)
		}
	})
}

// idle waits until the loop sleeps and has nothing to do.
func (s *stage) idle() {
	s.t.Helper()
	late := false
	defer time.AfterFunc(soon, func() {
		s.p.mu.Lock()
		late = true
		s.p.change.Broadcast()
		s.p.mu.Unlock()
	}).Stop()
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	for !s.p.asleep || len(s.p.events) > 0 || s.p.woken && !s.p.held {
		if late {
			s.t.Fatal("the loop does not come to rest")
		}
		s.p.change.Wait()
	}
}

// descriptor returns an FD whose number is not a descriptor's, so that its close has no effect.
func (s *stage) descriptor() *FD {
	s.next++
	return NewFD(s.next)
}

// fresh returns an FD that has joined the loop and whose first edges are still to come.
func (s *stage) fresh() *FD {
	s.t.Helper()
	fd := s.descriptor()
	if err := fd.Join(s.Loop); err != nil {
		s.t.Fatal(err)
	}
	return fd
}

// joined returns an FD on the loop whose first edges have been handled. Neither lane is blocked,
// and a one-shot poller is asked for nothing.
func (s *stage) joined() *FD {
	s.t.Helper()
	fd := s.fresh()
	s.p.mu.Lock()
	s.p.asked[s.p.tokens[int(fd.sysfd)]] = 0
	s.p.mu.Unlock()
	return fd
}

// ready returns the event that fd is ready.
func (s *stage) ready(fd *FD, r pollux.Ready) pollux.Event {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	return pollux.Event{Token: s.p.tokens[int(fd.sysfd)], Ready: r}
}

// turn makes a turn that finds these events.
func (s *stage) turn(events ...pollux.Event) {
	s.t.Helper()
	s.p.tell(events...)
	if err := s.Loop.turn(); err != nil {
		s.t.Fatal(err)
	}
}

// arrives makes a turn that finds events which came during an attempt. If a one-shot poller was not
// asked for them, it reports them at Arm, which is level-triggered.
func (s *stage) arrives(fd *FD, r pollux.Ready) {
	s.t.Helper()
	ev := s.ready(fd, r)
	s.p.mu.Lock()
	if s.p.oneShot {
		s.p.kept[ev.Token] |= r &^ s.p.asked[ev.Token]
	}
	s.p.mu.Unlock()
	s.turn(ev)
}

// turns makes turns without events until the loop would sleep, and returns their number.
func (s *stage) turns() (n int) {
	s.t.Helper()
	for n < 10000 {
		s.turn()
		n++
		if s.p.lastWait() != 0 {
			return n
		}
	}
	s.t.Fatal("the loop does not come to rest")
	return n
}

// A trial is an Attempt that is a function.
type trial func(sysfd int) (Outcome, error)

func (f trial) Try(sysfd int) (Outcome, error) { return f(sysfd) }

// do does FD.Do for an Op that has its own Attempt.
func do(fd *FD, w Waiter, o *Op) error {
	o.Waiter = w
	return fd.Do(&o.Call, o.Attempt)
}

// enter does Begin as for a call that may wait, but returns ErrAgain instead of waiting.
func enter(fd *FD, d Direction, blind bool) error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	err := fd.mayTry(d, blind)
	if err == nil {
		fd.take(&Call{Lane: d})
	}
	return err
}

// retried does End for an attempt that returned ErrAgain, and the Begin after it.
func retried(fd *FD, c *Call, out Outcome) error {
	fd.End(c, &out, ErrAgain)
	return fd.Begin(c)
}

// exit does End for a call that must not wait. It returns true if another attempt would be made at
// once, but does not take the lane for it.
func exit(fd *FD, d Direction, blind bool, out Outcome, err error) (retry bool) {
	c := Call{Lane: d, Blind: blind}
	fd.End(&c, &out, err)
	if retry = err == ErrAgain && fd.Begin(&c) == nil; retry {
		fd.mu.Lock()
		fd.state = fd.state&^lane(d, laneBusy) | lane(d, laneReady)
		fd.mu.Unlock()
	}
	return retry
}

// A part is the result of one attempt of a play.
type part struct {
	out    Outcome
	err    error
	during func() // runs during the attempt
}

var (
	again = part{err: ErrAgain}
	done  = part{}
)

// A play is an Attempt that returns its parts in order, and then ErrAgain.
type play struct {
	parts []part
	tries int
}

func (p *play) Try(int) (Outcome, error) {
	p.tries++
	if p.tries > len(p.parts) {
		return Outcome{}, ErrAgain
	}
	now := p.parts[p.tries-1]
	if now.during != nil {
		now.during()
	}
	return now.out, now.err
}

// An act is an operation of a test that gives a future.
type act struct {
	Op
	play
	Future[int]
}

// start starts an operation that has these parts.
func (s *stage) start(fd *FD, d Direction, parts ...part) *act {
	return s.startWithin(timeouts.Forever, fd, d, parts...)
}

func (s *stage) startWithin(timeout time.Duration, fd *FD, d Direction, parts ...part) *act {
	a := &act{play: play{parts: parts}}
	a.Attempt, a.Lane, a.Timeout = &a.play, d, timeout
	a.Future = Start(fd, s.Loop, &a.Op, new(int))
	return a
}

// outcome returns the state of an operation: "waits", or its error.
func (a *act) outcome() string {
	if !a.Settled() {
		return "waits"
	}
	_, err := a.Wait(context.Background())
	return fmt.Sprint(err)
}

// want fails unless the operation is in that state.
func (a *act) want(t *testing.T, outcome any, why string) {
	t.Helper()
	if got := a.outcome(); got != fmt.Sprint(outcome) {
		t.Errorf("%s: the operation has come to %q, want %q", why, got, fmt.Sprint(outcome))
	}
}

const waits = "waits"

// receive receives from ch.
func receive[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(soon):
		t.Fatalf("%s does not come", what)
	}
	return v
}

// within runs fn on a goroutine of its own and waits for it.
func within(t *testing.T, what string, fn func()) {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		fn()
	}()
	receive(t, what, over)
}

// until yields the processor until cond is true.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// waiting returns the number of operations in the queue that were not woken.
func (fd *FD) waiting(d Direction) (n int) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	for o := fd.first(d); o != nil; o = fd.after(o) {
		if o.state == opQueued {
			n++
		}
	}
	return n
}

// length returns the number of queued operations.
func (fd *FD) length(d Direction) (n int) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	for o := fd.first(d); o != nil; o = fd.after(o) {
		n++
	}
	return n
}

// A script keeps the part of the pollers' contract that its test does not make up.
func TestScriptKeepsTheContract(t *testing.T) {
	pollertest.Wakes(t, pollertest.Backend{Open: func() (pollers.Poller, error) {
		s := newScript()
		s.sleeps = true
		return s, nil
	}})
}

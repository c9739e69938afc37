package sock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

func TestInterleaved(t *testing.T) {
	for _, tt := range []struct{ given, want string }{ // letters are IPv6 addresses, digits are IPv4 addresses
		{"", ""},
		{"a", "a"},
		{"1", "1"},
		{"ab", "ab"},
		{"abc123", "a1b2c3"},
		{"123abc", "1a2b3c"},
		{"abcd1", "a1bcd"},
		{"a1234", "a1234"},
		{"1abcd2", "1a2bcd"},
		{"a1b2", "a1b2"},
	} {
		var infos []AddrInfo
		for _, c := range tt.given {
			family := AF_INET6
			if c >= '0' && c <= '9' {
				family = AF_INET
			}
			infos = append(infos, AddrInfo{Family: family, Canonname: string(c)})
		}
		var got strings.Builder
		for _, info := range interleaved(infos) {
			got.WriteString(info.Canonname)
		}
		if got.String() != tt.want {
			t.Errorf("%q: %q, want %q", tt.given, &got, tt.want)
		}
	}
}

// The schedule alone: the test passes the time to it.
func TestRace(t *testing.T) {
	const ms = time.Millisecond
	begin := timeouts.Deadline(time.Hour)
	r := newRace(3, 0)
	started := func(at time.Duration, want int) {
		t.Helper()
		try, ok := r.start(begin.Add(at))
		if !ok {
			try = -1
		}
		if try != want {
			t.Errorf("after %v: try %d is started, want %d", at, try, want)
		}
	}
	due := func(want timeouts.Deadline) {
		t.Helper()
		if r.due != want {
			t.Errorf("the next is due at %v, want %v", r.due, want)
		}
	}
	due(timeouts.Now)
	started(0, 0)
	due(begin.Add(250 * ms))
	started(0, -1)
	started(249*ms, -1)
	started(250*ms, 1)
	due(begin.Add(500 * ms))
	r.failed() // any of the running tries
	due(timeouts.Now)
	started(300*ms, 2)
	due(timeouts.Never)
	started(time.Hour, -1)
	if r.over() {
		t.Error("it is over, and two are running")
	}
	r.failed()
	r.failed()
	due(timeouts.Never)
	if !r.over() {
		t.Error("it is not over, and all have failed")
	}

	if r := newRace(0, 0); !r.over() || r.due != timeouts.Never {
		t.Errorf("a race of none: %+v", r)
	}
	if r := newRace(2, time.Nanosecond); r.delay != 10*ms {
		t.Errorf("the least delay is %v", r.delay)
	}
	r = newRace(2, time.Second)
	started(0, 0)
	due(begin.Add(time.Second))
	r.stop()
	started(time.Hour, -1)
	if r.over() {
		t.Error("it is over, and one is running")
	}
}

// A dialing is the result of a try. It ends after a time, with an error or without one, unless it
// is canceled.
type dialing struct {
	after time.Duration
	err   error
	deaf  bool // it ignores a cancel
}

// A scene is a race of dialings in virtual time.
type scene struct {
	began    map[int]time.Duration
	canceled []int
	dropped  []int
	winner   int // -1: none
	errs     []error
	took     time.Duration
}

func play(ctx context.Context, r *race, dialings []dialing) scene {
	begin := time.Now()
	s := scene{began: map[int]time.Duration{}, winner: -1}
	type event struct {
		try  int
		at   time.Duration
		what string
	}
	events := make(chan event, 2*len(dialings))
	winner, errs := runRace(ctx, r, func(ctx context.Context, try int) (int, error) {
		events <- event{try, time.Since(begin), "began"}
		d := dialings[try]
		done := ctx.Done()
		if d.deaf {
			done = nil
		}
		select {
		case <-time.After(d.after):
			return try, d.err
		case <-done:
			events <- event{try, time.Since(begin), "canceled"}
			return -1, context.Cause(ctx)
		}
	}, func(try int) { s.dropped = append(s.dropped, try) })
	s.took = time.Since(begin)
	if errs == nil {
		s.winner = winner
	}
	s.errs = errs
	close(events)
	for e := range events {
		if e.what == "began" {
			s.began[e.try] = e.at
		} else {
			s.canceled = append(s.canceled, e.try)
		}
	}
	slices.Sort(s.canceled)
	return s
}

func TestRunRace(t *testing.T) {
	const ms = time.Millisecond
	const never = time.Hour
	refused, unreachable := errors.New("refused"), errors.New("unreachable")
	type times = map[int]time.Duration
	for _, tt := range []struct {
		name     string
		dialings []dialing
		want     scene
	}{
		{"the first is quick", []dialing{{10 * ms, nil, false}, {0, nil, false}},
			scene{began: times{0: 0}, winner: 0, took: 10 * ms}},
		{"just in time", []dialing{{249 * ms, nil, false}, {0, nil, false}},
			scene{began: times{0: 0}, winner: 0, took: 249 * ms}},
		{"the first hangs", []dialing{{never, nil, false}, {10 * ms, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms}, canceled: []int{0}, winner: 1, took: 260 * ms}},
		{"the first is late, and wins", []dialing{{300 * ms, nil, false}, {never, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms}, canceled: []int{1}, winner: 0, took: 300 * ms}},
		{"failing at once", []dialing{{5 * ms, refused, false}, {5 * ms, nil, false}},
			scene{began: times{0: 0, 1: 5 * ms}, winner: 1, took: 10 * ms}},
		{"failing starts the delay anew", []dialing{{100 * ms, refused, false}, {never, nil, false}, {10 * ms, nil, false}},
			scene{began: times{0: 0, 1: 100 * ms, 2: 350 * ms}, canceled: []int{1}, winner: 2, took: 360 * ms}},
		{"the elder fails", []dialing{{300 * ms, refused, false}, {never, nil, false}, {10 * ms, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms, 2: 300 * ms}, canceled: []int{1}, winner: 2, took: 310 * ms}},
		{"many hang", []dialing{{never, nil, false}, {never, nil, false}, {never, nil, false}, {50 * ms, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms, 2: 500 * ms, 3: 750 * ms}, canceled: []int{0, 1, 2}, winner: 3, took: 800 * ms}},
		{"all fail", []dialing{{300 * ms, refused, false}, {10 * ms, unreachable, false}, {0, refused, false}},
			scene{began: times{0: 0, 1: 250 * ms, 2: 260 * ms}, winner: -1, errs: []error{refused, unreachable, refused}, took: 300 * ms}},
		{"a loser succeeds too", []dialing{{400 * ms, nil, true}, {100 * ms, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms}, dropped: []int{0}, winner: 1, took: 400 * ms}},
		{"a loser fails after all", []dialing{{400 * ms, refused, true}, {100 * ms, nil, false}},
			scene{began: times{0: 0, 1: 250 * ms}, winner: 1, took: 400 * ms}},
		{"nothing to try", nil,
			scene{began: times{}, winner: 0}}, // and no error: the caller has already reported why the host has no addresses
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := play(t.Context(), newRace(len(tt.dialings), 0), tt.dialings)
				if tt.dialings == nil {
					got.winner = 0
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got  %+v\nwant %+v", got, tt.want)
				}
			})
		})
	}
}

func TestRunRaceCanceled(t *testing.T) {
	const ms = time.Millisecond
	refused, why := errors.New("refused"), errors.New("enough")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(300*ms, func() { cancel(why) })
		got := play(ctx, newRace(4, 0), []dialing{{100 * ms, refused, false}, {time.Hour, nil, false}, {time.Hour, nil, false}, {}})
		want := scene{
			began:    map[int]time.Duration{0: 0, 1: 100 * ms},
			canceled: []int{1}, winner: -1, errs: []error{refused, why}, took: 300 * ms,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if got := play(ctx, newRace(2, 0), make([]dialing, 2)); len(got.began) != 0 || len(got.errs) != 1 || got.errs[0] != why {
			t.Errorf("canceled before it began: %+v", got)
		}
	})
}

// Every race ends, with the first possible success or with all errors, and leaves nothing behind.
func TestRunRaceRandomly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		dialings := make([]dialing, 1+random.IntN(6))
		for i := range dialings {
			dialings[i] = dialing{after: time.Duration(random.IntN(1000)) * time.Millisecond, deaf: random.IntN(4) == 0}
			if random.IntN(2) == 0 {
				dialings[i].err = fmt.Errorf("failure %d", i)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			got := play(t.Context(), newRace(len(dialings), time.Duration(random.IntN(400))*time.Millisecond), dialings)
			first, won := time.Duration(-1), -1
			for try, at := range got.began {
				if d := dialings[try]; d.err == nil && (won < 0 || at+d.after < first) {
					won, first = try, at+d.after
				}
			}
			switch {
			case won < 0 && (got.winner >= 0 || len(got.errs) != len(dialings)):
				t.Errorf("%v: %+v, want all errors", dialings, got)
			case won >= 0 && (got.winner < 0 || got.began[got.winner]+dialings[got.winner].after != first):
				t.Errorf("%v: %+v, want the winner %d", dialings, got, won)
			}
		})
	}
}

// A host has several addresses, and some of them answer. The test checks which address is tried at
// which time, in virtual time.
func TestRaceForAddresses(t *testing.T) {
	const ms = time.Millisecond
	infos := []AddrInfo{
		{Family: AF_INET6, Canonname: "a"}, {Family: AF_INET6, Canonname: "b"}, {Family: AF_INET6, Canonname: "c"},
		{Family: AF_INET, Canonname: "1"}, {Family: AF_INET, Canonname: "2"},
	}
	refused := errors.New("refused")
	for _, tt := range []struct {
		name    string
		delay   time.Duration
		answers map[string]time.Duration // time of the answer; negative: of the refusal. All other addresses never answer.
		want    string                   // the addresses that were tried, each with its time
		winner  string
		took    time.Duration
		errs    int
	}{
		{"the first", 0, map[string]time.Duration{"a": 20 * ms}, "a@0s", "a", 20 * ms, 0},
		{"IPv6 is broken", 0, map[string]time.Duration{"1": 20 * ms}, "a@0s 1@250ms", "1", 270 * ms, 0},
		{"the last that is left", 100 * ms, map[string]time.Duration{"c": ms}, "a@0s 1@100ms b@200ms 2@300ms c@400ms", "c", 401 * ms, 0},
		{"a delay too short", time.Nanosecond, map[string]time.Duration{"b": ms}, "a@0s 1@10ms b@20ms", "b", 21 * ms, 0},
		{"all refuse", 0, map[string]time.Duration{"a": -ms, "b": -ms, "c": -ms, "1": -ms, "2": -ms},
			"a@0s 1@1ms b@2ms 2@3ms c@4ms", "", 5 * ms, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				tried := make(chan string, len(infos))
				winner, errs := raceFor(t.Context(), infos, tt.delay, func(ctx context.Context, info AddrInfo) (string, error) {
					tried <- fmt.Sprint(info.Canonname, "@", time.Since(begin))
					after, ok := tt.answers[info.Canonname]
					if !ok {
						<-ctx.Done()
						return "", context.Cause(ctx)
					}
					time.Sleep(after.Abs())
					if after < 0 {
						return "", refused
					}
					return info.Canonname, nil
				}, func(string) {})
				close(tried)
				var got []string
				for s := range tried {
					got = append(got, s)
				}
				if took := time.Since(begin); strings.Join(got, " ") != tt.want || winner != tt.winner || took != tt.took || len(errs) != tt.errs {
					t.Errorf("%v, winner %q, errors %v, after %v", got, winner, errs, took)
				}
			})
		})
	}
}

// If the task is canceled, the result of the race is dropped, whether it is made after the cancel
// or at the same moment.
func TestRaceInACanceledTask(t *testing.T) {
	r, err := loop.Default()
	if err != nil {
		t.Skip("until there is a poller:", err)
	}
	l := r.Next()
	for _, late := range []bool{false, true} {
		begun, proceed, made := make(chan struct{}), make(chan struct{}), make(chan struct{})
		dropped := make(chan string, 1)
		var winner string
		var errs []error
		task := l.Go(func(task *loop.Task) {
			winner, errs = raceIn(task, context.Background(), func(ctx context.Context) (string, []error) {
				close(begun)
				<-proceed
				defer close(made)
				return "made", nil
			}, func(s string) { dropped <- s })
		})
		<-begun
		if late {
			task.Cancel()
			if err := task.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			close(proceed)
		} else {
			l.Post(func() {
				task.Cancel()
				l.Post(func() { // the wait of the task has ended, but the task does not know it yet
					close(proceed)
					<-made
				})
			})
			if err := task.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if winner != "" || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
			t.Errorf("late %v: %q, %v, want context.Canceled", late, winner, errs)
		}
		select {
		case s := <-dropped:
			if s != "made" {
				t.Errorf("late %v: %q was dropped", late, s)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("late %v: what was made is kept", late)
		}
	}
}

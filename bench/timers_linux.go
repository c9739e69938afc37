package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

// bench timers pushes back the deadlines of many timers, as each message of a connection with an
// idle timeout does, and then looks when they expire. Nothing else runs in the process.

// timerSettings say what a run of "bench timers" measures.
type timerSettings struct {
	Args   []string
	Timers int
	Cycles int
	Quick  bool
}

// A timerKind is one kind of timer. Its functions are called one at a time.
type timerKind struct {
	name string
	// make starts n timers that are due far from now.
	make func(n int) (timerSet, error)
}

// A timerSet is timers that have been started.
type timerSet interface {
	// push pushes the timers back in an order, each to its span from now. Span i is that of
	// order[i].
	push(order []int32, spans []time.Duration)
	// watch starts all timers anew, pushes each back once more unless it has expired, and waits
	// until all have. late gets how long after its deadline each of them was.
	watch(order []int32, spans []time.Duration, late func(time.Duration))
	end()
}

const (
	timersWheel = "pollux-wheel" // timeouts.Wheel, what loops and servers hold their timeouts in
	timersLoop  = "pollux-loop"  // loop.Timer
	timersGo    = "time.Timer"
)

var timerKinds = []timerKind{{timersWheel, newWheelTimers}, {timersLoop, newLoopTimers}, {timersGo, newGoTimers}}

func init() {
	addPart(part{Name: "timers", About: "a million timers that are pushed back at random, beside time.Timer", Command: timersBench,
		Order: 60, Planned: 30 * time.Second, Empty: func() partReport { return new(contestReport) },
		Measure: func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error) {
			set := timerSettings{Timers: 1_000_000, Cycles: 15, Quick: quick}
			if quick {
				set.quicken()
			}
			return measureTimers(ctx, set, stderr)
		}})
}

func (s *timerSettings) quicken() { s.Timers, s.Cycles = min(s.Timers, 10_000), 1 }

// timersBench is "bench timers".
func timersBench(args []string, stdout, stderr io.Writer) error {
	set := timerSettings{Args: args}
	fs := flag.NewFlagSet("timers", flag.ContinueOnError)
	fs.IntVar(&set.Timers, "timers", 1_000_000, "how many are live")
	fs.IntVar(&set.Cycles, "cycles", 31, "how often each kind has its turn")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	fs.BoolVar(&set.Quick, "quick", false, "short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	switch {
	case set.Timers < 1 || set.Timers > 100_000_000:
		return usageError(fmt.Sprintf("timers: -timers %d: want 1 to 100000000", set.Timers))
	case set.Cycles < 1:
		return usageError(fmt.Sprintf("timers: -cycles %d: want 1 or more", set.Cycles))
	}
	if set.Quick {
		set.quicken()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measureTimers(ctx, set, stderr)
	if err != nil {
		return err
	}
	return finish("timers", r, set.Quick, *jsonFile, stdout)
}

func measureTimers(ctx context.Context, set timerSettings, stderr io.Writer) (partReport, error) {
	cores, err := allowedCores()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	r := &contestReport{findings: findings{Environment: describe("timers", set.Args, len(cores))}, Name: "timers",
		Method: fmt.Sprintf("%d cycles, in each of which each kind pushes all timers back once, in random order", set.Cycles)}
	c := &contest{Name: "push", Text: fmt.Sprintf("%d live timers, pushed back in random order, each to its own timeout of 1 to 2 minutes", set.Timers),
		Procs: 1, What: "CPU", Unit: "ns/push", Bases: []string{timersGo}}
	r.Contests = append(r.Contests, c)
	progress := newProgress(stderr, len(timerKinds)*(set.Cycles+2))
	defer progress.end()
	progress.begin("timers")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	random := rand.New(rand.NewPCG(1, 2))
	order, spans := make([]int32, set.Timers), make([]time.Duration, set.Timers)
	for i, v := range random.Perm(set.Timers) {
		order[i] = int32(v)
	}
	var sets []timerSet
	defer func() {
		for _, s := range sets {
			s.end()
		}
	}()
	for _, k := range timerKinds {
		before := liveHeap()
		s, err := k.make(set.Timers)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		sets = append(sets, s)
		c.Entrants = append(c.Entrants, &entrant{Name: k.name,
			More: []figure{{"B/timer", float64(liveHeap()-before) / float64(set.Timers), 0}}})
	}
	runtime.GC() // none during the turns: they allocate nothing
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for i := range spans {
		spans[i] = time.Minute + time.Duration(random.Int64N(int64(time.Minute)))
	}
	for cycle := -1; cycle < set.Cycles; cycle++ {
		for i := range sets {
			if ctx.Err() != nil {
				return nil, errors.New("interrupted")
			}
			at := (i + cycle + 1) % len(sets)
			took := cpuTimeOf(func() { sets[at].push(order, spans) })
			if cycle >= 0 {
				c.Entrants[at].Costs = append(c.Entrants[at].Costs, float64(took)/float64(set.Timers))
			}
			progress.step()
		}
	}
	// All expire within the next seconds, and are pushed back meanwhile.
	most := min(2*time.Second, time.Duration(set.Timers)*20*time.Microsecond)
	for i := range spans {
		spans[i] = most/8 + time.Duration(random.Int64N(int64(most)))
	}
	early := make(map[string]float64)
	for i, s := range sets {
		h := newHistogram()
		n := 0
		s.watch(order, spans, func(late time.Duration) {
			if late < 0 {
				n++
			}
			h.RecordValue(int64(max(late, 1)))
		})
		c.Entrants[i].More = append(c.Entrants[i].More, latenessOf(h, n)...)
		early[c.Entrants[i].Name] = float64(n)
		if h.TotalCount() != int64(set.Timers) {
			r.Failures = append(r.Failures, fmt.Sprintf("%s: %d timers expired of %d", c.Entrants[i].Name, h.TotalCount(), set.Timers))
		}
		progress.step()
	}
	r.sumUp([]contestTarget{{target{Claim: "CPU to push a timer back, timeouts.Wheel", Bound: atMost, Limit: 25, Unit: "ns"}, "push", timersWheel, ""}})
	for _, name := range []string{timersWheel, timersLoop} {
		r.Targets = append(r.Targets, target{Claim: "timers that expired early, " + name, Bound: atMost}.judge(quartilesOf([]float64{early[name]})))
	}
	r.Took = time.Since(began)
	return r, nil
}

func latenessOf(h *hdrhistogram.Histogram, early int) []figure {
	l := latencyOf(h)
	return []figure{{"early", float64(early), 0}, {"late p50 us", l.P50, 0}, {"late p99 us", l.P99, 0}, {"late worst us", l.Max, 0}}
}

// cpuTimeOf is the CPU time that the process takes for f. Nothing else runs in it, and what other
// programs take of the processor does not count.
func cpuTimeOf(f func()) time.Duration {
	before := processTime()
	f()
	return processTime() - before
}

func processTime() time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts) // cannot fail: the clock exists
	return time.Duration(ts.Nano())
}

// far is when timers are due that are not to expire.
const far = time.Minute

// wheelTimers are those of a timeouts.Wheel, which one goroutine drives.
type wheelTimers struct {
	wheel  *timeouts.Wheel
	timers []timeouts.Timer
	due    []timeouts.Deadline // of each timer
}

func newWheelTimers(n int) (timerSet, error) {
	now := timeouts.System.Now()
	w := &wheelTimers{wheel: timeouts.NewWheel(now), timers: make([]timeouts.Timer, n)}
	for i := range w.timers {
		w.wheel.Start(&w.timers[i], now.Add(far))
	}
	return w, nil
}

func (w *wheelTimers) push(order []int32, spans []time.Duration) {
	now := timeouts.System.Now() // as a loop does, once for a turn
	for i, at := range order {
		w.wheel.Start(&w.timers[at], now.Add(spans[i]))
	}
}

func (w *wheelTimers) watch(order []int32, spans []time.Duration, late func(time.Duration)) {
	w.due = make([]timeouts.Deadline, len(w.timers))
	start := func(i int) {
		at := order[i]
		w.due[at] = timeouts.System.Now().Add(spans[i])
		w.timers[at].Owner = &w.due[at]
		w.wheel.Start(&w.timers[at], w.due[at])
	}
	for i := range order {
		start(i)
	}
	for pushed := 0; w.wheel.Len() > 0; {
		for range min(1000, len(order)-pushed) {
			if w.timers[order[pushed]].Started() {
				start(pushed)
			}
			pushed++
		}
		now := timeouts.System.Now()
		for t := w.wheel.Pop(now); t != nil; t = w.wheel.Pop(now) {
			late(time.Duration(now - *t.Owner.(*timeouts.Deadline)))
		}
		if pushed == len(order) && w.wheel.Len() > 0 {
			time.Sleep(w.wheel.Next().Until(timeouts.System.Now()))
		}
	}
}

func (w *wheelTimers) end() {}

// loopTimers are those of a loop. All calls are made on it, a few at a time: it has other work too.
type loopTimers struct {
	reactor *loop.Reactor
	loop    *loop.Loop
	timers  []*loop.Timer
	started []time.Time     // loop only; of each timer
	spans   []time.Duration // loop only; of each timer
	late    func(i int)     // loop only
	over    []bool          // loop only
	left    int             // loop only
	done    chan struct{}
}

func newLoopTimers(n int) (timerSet, error) {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		return nil, err
	}
	s := &loopTimers{reactor: r, loop: r.Next(), timers: make([]*loop.Timer, n)}
	s.each(n, func(i int) { s.timers[i] = s.loop.After(far, func() { s.late(i) }) })
	return s, nil
}

// each calls f on the loop.
func (s *loopTimers) each(n int, f func(i int)) {
	const some = 10_000
	for from := 0; from < n; from += some {
		done := make(chan struct{})
		s.loop.Post(func() {
			for i := from; i < min(from+some, n); i++ {
				f(i)
			}
			close(done)
		})
		<-done
	}
}

func (s *loopTimers) push(order []int32, spans []time.Duration) {
	s.each(len(order), func(i int) { s.timers[order[i]].Reset(spans[i]) })
}

func (s *loopTimers) watch(order []int32, spans []time.Duration, late func(time.Duration)) {
	n := len(order)
	s.started, s.spans, s.over, s.left = make([]time.Time, n), make([]time.Duration, n), make([]bool, n), n
	s.done = make(chan struct{})
	s.late = func(i int) {
		late(time.Since(s.started[i]) - s.spans[i])
		s.over[i] = true
		if s.left--; s.left == 0 {
			close(s.done)
		}
	}
	start := func(i int) {
		if at := order[i]; !s.over[at] {
			s.started[at], s.spans[at] = time.Now(), spans[i]
			s.timers[at].Reset(spans[i])
		}
	}
	s.each(n, start)
	s.each(n, start)
	<-s.done
}

func (s *loopTimers) end() { s.reactor.Close() }

// goTimers are those of package time, with a function each.
type goTimers struct {
	timers []*time.Timer
	mu     sync.Mutex
	late   func(i int) // mu
}

func newGoTimers(n int) (timerSet, error) {
	s := &goTimers{timers: make([]*time.Timer, n)}
	for i := range s.timers {
		s.timers[i] = time.AfterFunc(far, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.late(i)
		})
	}
	return s, nil
}

func (s *goTimers) push(order []int32, spans []time.Duration) {
	for i, at := range order {
		s.timers[at].Reset(spans[i])
	}
}

// watch pushes nothing back: a function that is about to run cannot be taken back, and would run
// twice.
func (s *goTimers) watch(order []int32, spans []time.Duration, late func(time.Duration)) {
	n := len(order)
	due := make([]time.Time, n)
	done := make(chan struct{})
	s.mu.Lock()
	s.late = func(i int) {
		late(time.Since(due[i]))
		if n--; n == 0 {
			close(done)
		}
	}
	for i, at := range order {
		due[at] = time.Now().Add(spans[i])
		s.timers[at].Reset(spans[i])
	}
	s.mu.Unlock()
	<-done
}

func (s *goTimers) end() {
	for _, t := range s.timers {
		t.Stop()
	}
}

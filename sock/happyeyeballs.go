package sock

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

// Happy Eyeballs, RFC 8305: a client tries the addresses of a host one after the other. The next
// try begins when the try before it has failed, or after a short delay. The first try that succeeds
// wins.

// attemptDelay is the "Connection Attempt Delay", and leastAttemptDelay is its lower limit: RFC
// 8305, section 8.
const (
	attemptDelay      = 250 * time.Millisecond
	leastAttemptDelay = 10 * time.Millisecond
)

// interleaved returns the addresses in the order of RFC 8305, section 4: the two families take
// turns, and the family of the first address begins. Within a family the order stays.
func interleaved(infos []AddrInfo) []AddrInfo {
	mixed := make([]AddrInfo, 0, len(infos))
	var first, others []AddrInfo
	for _, info := range infos {
		if info.Family == infos[0].Family {
			first = append(first, info)
		} else {
			others = append(others, info)
		}
	}
	for i := range max(len(first), len(others)) {
		if i < len(first) {
			mixed = append(mixed, first[i])
		}
		if i < len(others) {
			mixed = append(mixed, others[i])
		}
	}
	return mixed
}

// eyeballs connects to one of the addresses, by Happy Eyeballs, and waits as cfg says. Without a
// socket, errs has an error for each try that began, and one for ctx if that has ended.
func eyeballs(ctx context.Context, op string, infos []AddrInfo, cfg *ConnectionConfig) (s *Socket, errs []error) {
	each := *cfg // for the tries: each has its own goroutine, which may block
	each.Task = nil
	dial := func(ctx context.Context, info AddrInfo) (*Socket, error) { return connection(ctx, info, &each) }
	drop := func(s *Socket) { s.Close() }
	if t := cfg.Task; t != nil {
		s, errs = raceIn(t, ctx, func(ctx context.Context) (*Socket, []error) {
			return raceFor(ctx, infos, cfg.AttemptDelay, dial, drop)
		}, drop)
		if len(errs) == 0 && s.Loop() != nil {
			s.Join(t.Loop()) // the task's own loop, as if the task itself had waited; any other loop works too
		}
	} else { // not on a loop: there the look-up of the host would have failed
		s, errs = raceFor(ctx, infos, cfg.AttemptDelay, dial, drop)
	}
	for i, err := range errs {
		if _, wrapped := err.(*net.OpError); !wrapped { // an error that belongs to no try
			errs[i] = failed(op, AF_UNSPEC, err)
		}
	}
	return s, errs
}

// raceFor runs a race for the addresses, with their families interleaved: no family waits for all
// addresses of another one.
func raceFor[T any](ctx context.Context, infos []AddrInfo, delay time.Duration,
	dial func(context.Context, AddrInfo) (T, error), drop func(T)) (T, []error) {
	infos = interleaved(infos)
	return runRace(ctx, newRace(len(infos), delay), func(ctx context.Context, try int) (T, error) {
		return dial(ctx, infos[try])
	}, drop)
}

// raceIn runs run on another goroutine and suspends the task meanwhile. If the task is canceled,
// raceIn cancels run, and gives to drop what run has made by then.
func raceIn[T any](t *loop.Task, ctx context.Context, run func(context.Context) (T, []error), drop func(T)) (T, []error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	type ending struct {
		winner T
		errs   []error
	}
	p := loop.NewPromise[ending](t.Loop())
	go func() {
		winner, errs := run(running)
		if !p.Resolve(ending{winner, errs}) && len(errs) == 0 {
			drop(winner)
		}
	}()
	f := p.Future()
	e, err := f.Await(t)
	if err == nil {
		return e.winner, e.errs
	}
	f.Cancel() // the future is now settled: by this Cancel, or a moment before by run
	if e, err := f.Wait(context.Background()); err == nil && len(e.errs) == 0 {
		drop(e.winner)
	}
	return *new(T), []error{err}
}

// A race is the schedule of the tries. It has no goroutine, no clock and no socket: its methods
// report each event and its time.
//
//	waiting ──start: due, or all before have failed──▶ running ──failed──▶ over
//	                                                      └──won──▶ over, and so are all others
type race struct {
	tries   int // number of tries
	delay   time.Duration
	next    int               // the first try that is waiting
	running int               // number of tries that are running
	due     timeouts.Deadline // when next starts; Never if no try is waiting
}

// newRace returns a race whose first try is due at once. A delay of 0 is attemptDelay.
func newRace(tries int, delay time.Duration) *race {
	if delay == 0 {
		delay = attemptDelay
	}
	r := &race{tries: tries, delay: max(delay, leastAttemptDelay), due: timeouts.Now}
	if tries == 0 {
		r.due = timeouts.Never
	}
	return r
}

// start returns the try that starts at the time now. ok is false if none is due.
func (r *race) start(now timeouts.Deadline) (try int, ok bool) {
	if r.next == r.tries || !r.due.Expired(now) {
		return 0, false
	}
	try = r.next
	r.next++
	r.running++
	r.due = now.Add(r.delay)
	if r.next == r.tries {
		r.due = timeouts.Never
	}
	return try, true
}

// failed records the end of a try. The next try is due at once.
func (r *race) failed() {
	r.running--
	if r.next < r.tries {
		r.due = timeouts.Now
	}
}

// stop ends the schedule: no further try starts.
func (r *race) stop() { r.next, r.due = r.tries, timeouts.Never }

// over reports whether no try is running and none is waiting.
func (r *race) over() bool { return r.running == 0 && r.next == r.tries }

// runRace runs dial for the tries of a race, each on its own goroutine, and returns the result of
// the first that succeeds. It cancels all others, and returns after they have ended. If another try
// succeeds nevertheless, drop gets its result.
//
// If no try succeeds, errs has their errors in the order of the tries. If ctx has ended, its cause
// is the last of them. Without tries, runRace returns neither a winner nor an error.
func runRace[T any](ctx context.Context, r *race, dial func(ctx context.Context, try int) (T, error), drop func(T)) (winner T, errs []error) {
	type result struct {
		try int
		v   T
		err error
	}
	results := make(chan result, r.tries)
	failures := make([]error, r.tries)
	trying, cancel := context.WithCancel(ctx)
	defer cancel()

	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	won, ended := false, ctx.Done()
	if ctx.Err() != nil {
		r.stop()
	}
	for !r.over() {
		now := timeouts.Deadline(1).Add(time.Since(begin))
		if try, ok := r.start(now); ok {
			go func() {
				v, err := dial(trying, try)
				results <- result{try, v, err}
			}()
			continue
		}
		var tick <-chan time.Time
		if r.due != timeouts.Never {
			timer.Reset(r.due.Until(now))
			tick = timer.C
		}
		select {
		case <-tick:
		case <-ended:
			r.stop()
			ended = nil
		case res := <-results:
			r.failed()
			switch {
			case res.err != nil:
				failures[res.try] = res.err
			case won:
				drop(res.v)
			default:
				winner, won = res.v, true
				r.stop()
				cancel()
			}
		}
	}
	if won {
		return winner, nil
	}
	for _, err := range failures {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if cause := context.Cause(ctx); cause != nil && (len(errs) == 0 || !errors.Is(errs[len(errs)-1], cause)) {
		errs = append(errs, cause)
	}
	return winner, errs
}

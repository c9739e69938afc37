package sock

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/timeouts"
)

// Happy Eyeballs, RFC 8305: a host that has several addresses is tried at one after the other, but
// the next try does not wait until the one before has failed, only a while. The first that succeeds
// wins.

// attemptDelay is the "Connection Attempt Delay", and leastAttemptDelay the least that it may be:
// RFC 8305, section 8.
const (
	attemptDelay      = 250 * time.Millisecond
	leastAttemptDelay = 10 * time.Millisecond
)

// interleaved are the addresses in the order of RFC 8305, section 4: as they are, but with the
// families in turn, of which that of the first address begins.
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
// socket there is an error for each try that was begun, and one for ctx if that has ended.
func eyeballs(ctx context.Context, op string, infos []AddrInfo, cfg *ConnectionConfig) (s *Socket, errs []error) {
	each := *cfg // for the tries, each of which has a goroutine to wait on
	each.Task = nil
	dial := func(ctx context.Context, info AddrInfo) (*Socket, error) { return connection(ctx, info, &each) }
	drop := func(s *Socket) { s.Close() }
	if t := cfg.Task; t != nil {
		s, errs = raceIn(t, ctx, func(ctx context.Context) (*Socket, []error) {
			return raceFor(ctx, infos, cfg.AttemptDelay, dial, drop)
		}, drop)
		if len(errs) == 0 && s.Loop() != nil {
			s.Join(t.Loop()) // where it would be if the task had waited for it itself; elsewhere it works too
		}
	} else { // not on a loop: there the look-up of the host has failed already
		s, errs = raceFor(ctx, infos, cfg.AttemptDelay, dial, drop)
	}
	for i, err := range errs {
		if _, wrapped := err.(*net.OpError); !wrapped { // it is of no try
			errs[i] = failed(op, AF_UNSPEC, err)
		}
	}
	return s, errs
}

// raceFor is a race for the addresses, of whose families none has to wait for all of another.
func raceFor[T any](ctx context.Context, infos []AddrInfo, delay time.Duration,
	dial func(context.Context, AddrInfo) (T, error), drop func(T)) (T, []error) {
	infos = interleaved(infos)
	return runRace(ctx, newRace(len(infos), delay), func(ctx context.Context, try int) (T, error) {
		return dial(ctx, infos[try])
	}, drop)
}

// raceIn suspends the task while run has a goroutine of its own. If the task is canceled, so is
// run, and what it makes nevertheless is given to drop.
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
	f.Cancel() // and now it is settled: by this, or by run at the last moment
	if e, err := f.Wait(context.Background()); err == nil && len(e.errs) == 0 {
		drop(e.winner)
	}
	return *new(T), []error{err}
}

// A race is the schedule of the tries: no goroutine, no clock, no socket. It is told what happens,
// and when.
//
//	waiting ──start: due, or all before have failed──▶ running ──failed──▶ over
//	                                                      └──won──▶ over, and so are all others
type race struct {
	tries   int // how many there are
	delay   time.Duration
	next    int               // the first that is waiting
	running int               // how many are
	due     timeouts.Deadline // when next is started; Never if there is none
}

// newRace has its first try due at once. delay 0 is attemptDelay.
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

// start says which try is to be started at that time, if one is.
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

// failed says that a try has: the next one is due at once.
func (r *race) failed() {
	r.running--
	if r.next < r.tries {
		r.due = timeouts.Now
	}
}

// stop says that no try is to be started any more.
func (r *race) stop() { r.next, r.due = r.tries, timeouts.Never }

// over says that nothing is running, and nothing will be.
func (r *race) over() bool { return r.running == 0 && r.next == r.tries }

// runRace runs dial for the tries of a race, each on a goroutine of its own, and gives what the
// first that succeeds has made. When it returns all others have ended: they are canceled, and who
// succeeds nevertheless is given to drop.
//
// If none succeeds, errs are their errors in the order of the tries. If ctx ends, its cause is the
// last of them. Where there is nothing to try there is neither a winner nor an error.
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

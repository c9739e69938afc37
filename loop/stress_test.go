package loop

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// Many goroutines, tasks, futures and watchers read and write at once, with deadlines, cancels and
// closes at any moment. Every operation ends once. A failed operation has taken nothing. No byte of
// a stream is lost, repeated or out of order.

// A stream is one direction of a pair of sockets. Each place has a known byte, so the test notices
// any other.
type stream struct {
	sent, received int // each guarded by its lane: the race detector sees it if two attempts are made at once

	wrote, read atomic.Int64 // bytes that operations have reported
}

func place(i int) byte { return byte(i*7 + i>>8) }

// A transfer is an operation on a stream, with its progress. The next operation reuses it, as from
// a pool.
type transfer struct {
	Op
	buf [700]byte
	job
}

type job struct {
	s    *stream
	want int  // bytes in one attempt
	all  int  // bytes to write in all, in several attempts
	peek bool // blind: it looks, and takes nothing
	n    int
	eof  bool
	bad  string
}

func (o *transfer) Try(sysfd int) (Outcome, error) {
	if o.Lane == Write {
		return o.write(sysfd)
	}
	n, err := recvBytes(sysfd, o.buf[:o.want], o.peek)
	if err != nil {
		return Outcome{}, err
	}
	for i, b := range o.buf[:n] {
		if at := o.s.received + i; b != place(at) {
			o.bad = fmt.Sprintf("byte %d is %#x, want %#x", at, b, place(at))
			break
		}
	}
	if o.peek {
		return Outcome{}, nil
	}
	o.s.received += n
	o.n += n
	o.eof = n == 0
	return Outcome{N: n, Drained: n > 0 && n < o.want}, nil
}

func (o *transfer) write(sysfd int) (Outcome, error) {
	p := o.buf[:min(o.want, o.all-o.n)]
	for i := range p {
		p[i] = place(o.s.sent + i)
	}
	n, err := sendBytes(sysfd, p)
	if err != nil {
		return Outcome{}, err
	}
	o.s.sent += n
	o.n += n
	if o.n < o.all {
		return Outcome{N: n, More: true}, ErrAgain
	}
	return Outcome{N: n}, nil
}

// A stressed is one end of a pair, and the operations on it.
type stressed struct {
	t  *testing.T
	r  *Reactor
	fd *FD
	s  *stream
	d  Direction
}

// operation makes one operation and waits for it in one of all ways. It returns false when the
// stream is over.
func (x *stressed) operation(rng *rand.Rand, task *Task, o *transfer) bool {
	o.job = job{s: x.s, want: 1 + rng.IntN(len(o.buf))}
	o.Attempt, o.Lane, o.Blind = o, x.d, false
	o.all = o.want
	if x.d == Write && rng.IntN(4) == 0 {
		o.all = o.want * (1 + rng.IntN(20))
	}
	if x.d == Read && rng.IntN(6) == 0 {
		o.peek, o.Blind = true, true
	}
	switch rng.IntN(5) {
	case 0:
		o.Timeout = 0
	case 1:
		o.Timeout = time.Duration(1+rng.IntN(300)) * time.Microsecond
	default:
		o.Timeout = timeouts.Forever
	}
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if rng.IntN(3) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(500))*time.Microsecond)
	}
	defer cancel()

	var err error
	switch way := rng.IntN(5); {
	case way == 4 && !o.peek && o.all == o.want:
		who := []Waiter{{}, ByContext(ctx)}
		if task != nil {
			who = []Waiter{ByTask(task), ByTask(task).With(ctx)}
		}
		err = x.await(who[rng.IntN(2)], o)
	case task != nil && way == 0:
		err = do(x.fd, ByTask(task).With(ctx), &o.Op)
	case task != nil && way == 1 && !o.peek:
		err = x.future(rng, ctx, task, o)
	case task != nil:
		err = do(x.fd, ByTask(task), &o.Op)
	case way == 0 && !o.peek:
		err = x.future(rng, ctx, nil, o)
	case way == 1 && !o.peek && o.all == o.want:
		err = x.enter(o)
	case way == 2:
		err = do(x.fd, Waiter{}, &o.Op)
	default:
		err = do(x.fd, ByContext(ctx), &o.Op)
	}
	if o.bad != "" {
		x.t.Error(o.bad)
	}
	if err != nil && o.n != 0 && o.all == o.want {
		x.t.Errorf("%v failed with %v, and has moved %d bytes", x.d, err, o.n)
	}
	if err == nil && x.d == Write && o.n != o.all {
		x.t.Errorf("wrote %d bytes of %d without an error", o.n, o.all)
	}
	if x.d == Read {
		x.s.read.Add(int64(o.n))
	} else {
		x.s.wrote.Add(int64(o.n))
	}
	switch {
	case err == nil:
		return !o.eof
	case errors.Is(err, net.ErrClosed), isBroken(err):
		return false
	case err == ErrAgain && o.Timeout == 0, err == os.ErrDeadlineExceeded, err == context.DeadlineExceeded, err == context.Canceled:
		return true
	}
	x.t.Errorf("%v: %v", x.d, err)
	return false
}

// enter makes an operation of one attempt.
func (x *stressed) enter(o *transfer) error {
	err := attempts(x.fd, &Call{Lane: x.d}, o)
	if err == ErrAgain {
		return context.Canceled
	}
	return err
}

// await makes an operation whose caller makes the attempts.
func (x *stressed) await(w Waiter, o *transfer) error {
	return attempts(x.fd, &Call{Waiter: w, Lane: x.d, Timeout: o.Timeout}, o)
}

// future starts an operation that has no waiter at first.
func (x *stressed) future(rng *rand.Rand, ctx context.Context, task *Task, o *transfer) error {
	f := Start(x.fd, x.r.Next(), &o.Op, new(int)) // the result is not reused
	var told atomic.Int32
	then := make(chan struct{})
	f.Then(func(int, error) {
		if told.Add(1) == 1 {
			close(then)
		}
	})
	switch rng.IntN(8) {
	case 0:
		f.Cancel()
	case 1:
		go f.Cancel() // perhaps after the operation, when its Op is in use again
	}
	var err error
	if task != nil {
		if _, err = f.Await(task); err == context.Canceled && !f.Settled() {
			f.Cancel()
			task.Do(func() error { <-then; return nil })
		}
		// The cancel may have been the task's, or the future's.
		for !f.Settled() {
			task.Yield()
		}
		if err = f.err; f.c != nil {
			err = f.c.result()
		}
	} else {
		_, err = f.Wait(ctx)
	}
	if told.Load() > 1 {
		x.t.Error("a future was settled twice")
	}
	return err
}

// result returns the error of a settled completion.
func (c *completion) result() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// A drinker is a watcher that reads everything.
type drinker struct {
	x    *stressed
	over chan struct{}
}

func (w *drinker) Ready(pollux.Ready) {
	o := &transfer{Op: Op{Call: Call{Lane: Read}}, job: job{s: w.x.s, want: 700}}
	for {
		c := Call{}
		if w.x.fd.Begin(&c) != nil {
			return
		}
		var err error
		for {
			o.n = 0
			var out Outcome
			out, err = o.Try(c.Sysfd)
			w.x.s.read.Add(int64(o.n))
			w.x.fd.End(&c, &out, err)
			if o.bad != "" {
				w.x.t.Error(o.bad)
			}
			if err != ErrAgain {
				break
			}
			if err = w.x.fd.Begin(&c); err != nil {
				break
			}
		}
		if err != nil || o.eof {
			if err != ErrAgain {
				w.x.fd.Close()
			}
			return
		}
	}
}

func (w *drinker) Closed(error) { close(w.over) }

// stressPair runs one pair from its start to its end.
func stressPair(t *testing.T, r *Reactor, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	sysA, sysB := sockets(t)
	s := new(stream)
	w := &stressed{t, r, NewFD(sysA), s, Write}
	d := &stressed{t, r, NewFD(sysB), s, Read}
	var writers, readers sync.WaitGroup
	work := func(wg *sync.WaitGroup, x *stressed, times int) {
		seed := rng.Uint64()
		loop := func(task *Task) {
			defer wg.Done()
			rng, o := rand.New(rand.NewPCG(seed, 2)), new(transfer)
			for i := 0; i < times && x.operation(rng, task, o); i++ {
				if i%16 == 15 && task == nil {
					runtime.Gosched()
				}
			}
		}
		wg.Add(1)
		if rng.IntN(2) == 0 {
			go loop(nil)
			return
		}
		task := r.Next().Go(loop)
		if rng.IntN(2) == 0 {
			go func() {
				for range 5 {
					runtime.Gosched()
					task.Cancel()
				}
			}()
		}
	}
	for range 3 {
		work(&writers, w, 40)
	}
	var drinking chan struct{}
	kind := rng.IntN(3) // the reader: a watcher, others, or both
	if kind != 1 {
		drinking = make(chan struct{})
		if err := d.fd.Watch(r.Next(), &drinker{d, drinking}); err != nil {
			t.Error(err)
			close(drinking)
		}
	}
	if kind != 0 {
		for range 3 {
			work(&readers, d, 1<<30)
		}
	}
	if rng.IntN(3) == 0 { // it moves from loop to loop, when it has no waiter
		mover := rng.Uint64()
		readers.Go(func() {
			rng := rand.New(rand.NewPCG(mover, 3))
			for range 50 {
				runtime.Gosched()
				fd := []*FD{w.fd, d.fd}[rng.IntN(2)]
				if err := fd.Join(r.Next()); err != nil && err != ErrOtherLoop && err != net.ErrClosed {
					t.Errorf("Join: %v", err)
				}
			}
		})
	}
	abrupt := rng.IntN(2) == 0
	if abrupt {
		victim := []*FD{w.fd, d.fd}[rng.IntN(2)]
		for range rng.IntN(200) {
			runtime.Gosched()
		}
		victim.Close()
	}
	writers.Wait()
	w.fd.Close() // the end of the stream, for the readers
	readers.Wait()
	if drinking != nil {
		<-drinking
	}
	d.fd.Close()

	if s.wrote.Load() != int64(s.sent) || s.read.Load() != int64(s.received) {
		t.Errorf("reported %d bytes written and %d read; it were %d and %d", s.wrote.Load(), s.read.Load(), s.sent, s.received)
	}
	if s.received > s.sent || !abrupt && s.received != s.sent {
		t.Errorf("%d bytes were sent, and %d received", s.sent, s.received)
	}
	for _, fd := range []*FD{w.fd, d.fd} {
		queued := fd.length(Read) + fd.length(Write)
		fd.mu.Lock()
		if queued != 0 || !fd.idle() || fd.sysfd != -1 {
			t.Errorf("descriptor %d is not at rest: %d operations, state %b", fd.sysfd, queued, fd.state)
		}
		fd.mu.Unlock()
	}
}

func TestStress(t *testing.T) {
	before := holdings(t)
	r := twoLoops(t)
	const players = 8
	budget := 1500 * time.Millisecond
	if testing.Short() {
		budget /= 5
	}
	end := time.Now().Add(budget)
	seed := rand.Uint64()
	var rounds atomic.Int64
	over := make(chan struct{})
	go func() {
		defer close(over)
		var wg sync.WaitGroup
		for i := range uint64(players) {
			wg.Go(func() {
				for round := uint64(0); time.Now().Before(end) && !t.Failed(); round++ {
					stressPair(t, r, seed+i<<32+round)
					rounds.Add(1)
				}
			})
		}
		wg.Wait()
	}()
	select {
	case <-over:
	case <-time.After(budget + 2*soon):
		for _, l := range r.Loops() {
			for _, fd := range l.table.all(false) {
				fd.mu.Lock()
				t.Logf("fd %d: state %b, watcher %T, queues %v %v", fd.sysfd, fd.state, fd.watcher, fd.queue[Read], fd.queue[Write])
				fd.mu.Unlock()
			}
		}
		t.Fatalf("an operation does not end (seed %d)", seed)
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
	t.Logf("%d pairs", rounds.Load())
	nothingLeft(t, r, before)
}

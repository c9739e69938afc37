package loop

import (
	"context"
	"errors"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A task is straight-line code that runs on its loop's goroutine only, one at a time.

func TestTaskRunsLater(t *testing.T) {
	s := newStage(t)
	ran := false
	task := s.Go(func(task *Task) {
		ran = true
		if task.Loop() != s.Loop {
			t.Error("it is on another loop")
		}
	})
	if ran || task.Done().Settled() {
		t.Fatal("Go has run it")
	}
	s.turn()
	if !ran || !task.Done().Settled() {
		t.Error("it has not run in the next turn")
	}
	if err := task.Wait(t.Context()); err != nil {
		t.Errorf("Wait: %v", err)
	}
}

func TestTaskStats(t *testing.T) {
	s := newStage(t)
	var tasks []*Task
	for range 3 {
		tasks = append(tasks, s.Go(func(t *Task) { t.Sleep(time.Hour) }))
	}
	s.turn()
	if n := s.Stats().Tasks; n != 3 {
		t.Errorf("Stats counts %d tasks, want 3", n)
	}
	for _, task := range tasks {
		task.Cancel()
	}
	s.turns()
	if n := s.Stats().Tasks; n != 0 {
		t.Errorf("Stats counts %d tasks after their end", n)
	}
}

func TestTaskSleep(t *testing.T) {
	s := newStage(t)
	var order []string
	for _, nap := range []struct {
		name string
		d    time.Duration
	}{{"long", 30 * time.Millisecond}, {"short", 10 * time.Millisecond}, {"none", 0}, {"negative", -time.Hour}} {
		s.Go(func(task *Task) {
			if err := task.Sleep(nap.d); err != nil {
				t.Errorf("Sleep: %v", err)
			}
			order = append(order, nap.name)
		})
	}
	s.turn()
	if len(order) != 0 {
		t.Errorf("%q slept through no turn", order)
	}
	s.p.advance(100 * time.Microsecond)
	s.turns()
	s.p.advance(9 * time.Millisecond)
	s.turns()
	if len(order) != 2 {
		t.Errorf("after 9.1 ms %q are awake", order)
	}
	s.p.advance(time.Millisecond)
	s.turns()
	s.p.advance(time.Hour)
	s.turns()
	if slices.Sort(order[:2]); !slices.Equal(order, []string{"negative", "none", "short", "long"}) {
		t.Errorf("woke in the order %q", order)
	}
}

func TestTaskYield(t *testing.T) {
	s := newStage(t)
	var order []string
	for _, name := range []string{"a", "b"} {
		s.Go(func(task *Task) {
			for range 3 {
				order = append(order, name)
				task.Yield()
			}
		})
	}
	posted := 0
	for range 4 {
		s.Post(func() { posted++ })
		s.turn()
	}
	if want := []string{"a", "b", "a", "b", "a", "b"}; !slices.Equal(order, want) || posted != 4 {
		t.Errorf("tasks ran in the order %q, want %q; %d functions of 4", order, want, posted)
	}
}

// Tasks of one loop never run at the same time. Each runs only on the goroutine that drives the
// loop, also if that is locked to a thread.
func TestTasksRunOnTheLoop(t *testing.T) {
	for _, lock := range []bool{false, true} {
		r, s := reactor(t, lock)
		other, o := reactor(t, lock)
		var inside atomic.Int32
		alone := func() {
			if inside.Add(1) != 1 {
				t.Error("two tasks run at once")
			}
			inside.Add(-1)
		}
		fd := o.joined() // of another loop
		var tasks []*Task
		promise := NewPromise[int](other.Next())
		for range 20 {
			tasks = append(tasks, s.Go(func(task *Task) {
				alone()
				task.Yield()
				alone()
				task.Do(func() error { return nil })
				alone()
				promise.Future().Await(task)
				alone()
				do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
				alone()
				task.Sleep(time.Second)
				alone()
			}))
		}
		until(t, "all wait on the other loop", func() bool {
			promise.Resolve(1)
			return fd.length(Read) == 20
		})
		fd.Close()
		s.idle()
		until(t, "all have slept", func() bool {
			s.p.advance(time.Second)
			for _, task := range tasks {
				if !task.Done().Settled() {
					return false
				}
			}
			return true
		})
		within(t, "Close", func() { r.Close() })
		within(t, "Close", func() { other.Close() })
	}
}

func TestTaskDoSuspendsOnlyTheTask(t *testing.T) {
	s := newStage(t)
	s.run()
	begun, release := make(chan struct{}), make(chan struct{})
	over := make(chan error, 1)
	s.Go(func(task *Task) {
		over <- task.Do(func() error {
			close(begun)
			<-release
			return errFull
		})
	})
	receive(t, "the function", begun)
	ran := make(chan struct{})
	s.Post(func() { close(ran) })
	receive(t, "what was posted meanwhile", ran)
	close(release)
	if err := receive(t, "the end of Do", over); err != errFull {
		t.Errorf("Do: %v, want the function's error", err)
	}
}

// At most Config.Workers functions run at once. The others wait in order.
func TestTaskDoIsBounded(t *testing.T) {
	p := newScript()
	l, err := New(&Config{Workers: 3, Clock: p.clock, Logger: silent, NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Loop: l, t: t, p: p}
	s.run()
	var mu sync.Mutex
	running, most := 0, 0
	var tasks []*Task
	for range 30 {
		tasks = append(tasks, s.Go(func(task *Task) {
			task.Do(func() error {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				for range 100 {
					runtime.Gosched() // so that the others can run too
				}
				mu.Lock()
				running--
				mu.Unlock()
				return nil
			})
		}))
	}
	for _, task := range tasks {
		within(t, "the end of a task", func() { task.Wait(context.Background()) })
	}
	if most > 3 {
		t.Errorf("%d functions ran at once, want at most 3", most)
	}
}

// Do always waits for its function, which may be using data of the task.
func TestTaskDoOutlastsCancel(t *testing.T) {
	s := newStage(t)
	s.run()
	release := make(chan struct{})
	result := make(chan error, 2)
	begun := make(chan struct{})
	task := s.Go(func(task *Task) {
		result <- task.Do(func() error {
			close(begun)
			<-release
			return nil
		})
		result <- task.Sleep(time.Hour)
	})
	receive(t, "the function", begun)
	task.Cancel()
	s.idle()
	if len(result) != 0 {
		t.Fatal("a cancel has ended Do")
	}
	close(release)
	if err := receive(t, "the end of Do", result); err != nil {
		t.Errorf("Do: %v", err)
	}
	if err := receive(t, "the end of Sleep", result); err != context.Canceled {
		t.Errorf("the next wait: %v, want context.Canceled", err)
	}
}

func TestTaskDoOutlastsClose(t *testing.T) {
	s := newStage(t)
	s.run()
	release := make(chan struct{})
	begun := make(chan struct{})
	var after error
	task := s.Go(func(task *Task) {
		task.Do(func() error {
			close(begun)
			<-release
			return nil
		})
		after = task.Sleep(time.Hour)
	})
	receive(t, "the function", begun)
	closed := make(chan struct{})
	go func() {
		s.Close()
		close(closed)
	}()
	until(t, "the loop is being closed", func() bool { return s.closed.Load() })
	select {
	case <-closed:
		t.Error("Close has not waited for the function")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	within(t, "the end of the task", func() { task.Wait(context.Background()) })
	receive(t, "the end of Close", closed)
	if after != net.ErrClosed {
		t.Errorf("the next wait: %v, want net.ErrClosed", after)
	}
}

func TestTaskAwait(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	a := s.start(fd, Read, again, part{err: errFull})
	p := NewPromise[string](s.Loop)
	var got []any
	log := func(v any, err error) { got = append(got, v, err) }
	for range 2 { // any number
		s.Go(func(task *Task) {
			v, err := p.Future().Await(task)
			log(v, err)
		})
	}
	s.Go(func(task *Task) {
		v, err := a.Await(task)
		log(v, err)
		w, err := Settled(5, nil).Await(task)
		log(w, err)
	})
	s.turn()
	if len(got) != 0 {
		t.Fatalf("nothing is settled, and Await gave %v", got)
	}
	p.Resolve("yes")
	s.turns()
	s.turn(s.ready(fd, pollux.Readable))
	s.turns()
	if want := []any{"yes", nil, "yes", nil, 0, errFull, 5, nil}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// After a canceled wait the operation continues. The canceled waiter gets no result, since it may
// be being written at that moment.
func TestTaskAwaitCanceled(t *testing.T) {
	s := newStage(t)
	s.run()
	p := NewPromise[int](s.Loop)
	type result struct {
		v   int
		err error
	}
	results := make(chan result, 1)
	task := s.Go(func(task *Task) {
		v, err := p.Future().Await(task)
		results <- result{v, err}
	})
	s.idle()
	var resolver sync.WaitGroup
	resolver.Go(func() { p.Resolve(7) })
	task.Cancel()
	resolver.Wait()
	got := receive(t, "the end of the wait", results)
	if got != (result{7, nil}) && got != (result{0, context.Canceled}) {
		t.Errorf("Await: %+v, want the value, or nothing and context.Canceled", got)
	}
	if v, err := p.Future().Wait(t.Context()); v != 7 || err != nil {
		t.Errorf("the promise: %d, %v", v, err)
	}
}

// A wait in the name of a task that does not run is refused and has no effect.
func TestWaitInTheNameOfAnotherTask(t *testing.T) {
	s := newStage(t)
	asleep := s.Go(func(task *Task) { task.Sleep(time.Hour) })
	ended := s.Go(func(*Task) {})
	s.turn()
	notBegun := s.Go(func(*Task) {})
	for name, task := range map[string]*Task{"asleep": asleep, "ended": ended, "not begun": notBegun} {
		t.Run(name, func(t *testing.T) {
			fd, p := s.joined(), &play{}
			over := make(chan error, 1)
			go func() { over <- do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: p}) }()
			if err := receive(t, "the refusal", over); err == nil || p.tries != 0 {
				t.Errorf("Do: %v after %d attempts, want an error and none", err, p.tries)
			}
			go func() {
				_, err := NewPromise[int](s.Loop).Future().Await(task)
				over <- err
			}()
			if err := receive(t, "the refusal", over); err == nil {
				t.Error("Await: no error")
			}
			if fd.length(Read) != 0 {
				t.Error("an operation is queued")
			}
		})
	}
}

func TestTaskWaitContext(t *testing.T) {
	s := newStage(t)
	task := s.Go(func(task *Task) { task.Sleep(time.Hour) })
	s.turn()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errWhy)
	if err := task.Wait(ctx); err != errWhy {
		t.Errorf("Wait: %v, want the context's cause", err)
	}
	if _, err := task.Done().Wait(ctx); err != errWhy {
		t.Errorf("Wait for Done: %v, want the context's cause", err)
	}
	task.Done().Cancel() // a task ends when it returns, and not before
	if task.Done().Settled() {
		t.Error("the task sleeps, and Done is settled by its waiter")
	}
	task.Cancel()
	s.turns()
	if err := task.Wait(t.Context()); err != nil {
		t.Errorf("Wait: %v, want none: the task has returned", err)
	}
}

func TestGoOnAClosedLoop(t *testing.T) {
	s := newStage(t)
	s.Close()
	task := s.Go(func(*Task) { t.Error("it runs on a closed loop") })
	if err := task.Wait(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Wait: %v, want net.ErrClosed", err)
	}
	task.Cancel()
}

// Each Go gives a task that ends, however close to Close it comes.
func TestGoAndClose(t *testing.T) {
	for range 200 {
		s := newStage(t)
		s.p.sleeps = true
		over := make(chan error, 1)
		go func() { over <- s.Run(context.Background()) }()
		const goroutines = 4
		var tasks [goroutines]*Task
		var wg sync.WaitGroup
		for i := range goroutines {
			wg.Go(func() { tasks[i] = s.Go(func(*Task) {}) })
		}
		s.Close()
		wg.Wait()
		for _, task := range tasks {
			within(t, "the end of a task", func() { task.Wait(context.Background()) })
		}
		receive(t, "the end of Run", over)
	}
}

// Calls that only the task itself may make are refused in the function of a Do, and on a task that
// waits or has ended. The task continues.
func TestTaskOfAStranger(t *testing.T) {
	s := newStage(t)
	s.run()
	yield := func(task *Task) (v any) {
		defer func() { v = recover() }()
		task.Yield()
		return nil
	}
	strange := func(t *testing.T, task *Task) {
		t.Helper()
		if err := task.Do(func() error { t.Error("Do runs its function"); return nil }); err != errNotRunning {
			t.Errorf("Do: %v, want %v", err, errNotRunning)
		}
		if v := yield(task); v != errNotRunning {
			t.Errorf("Yield: %v, want a panic with %v", v, errNotRunning)
		}
	}
	own := s.Go(func(task *Task) {
		if err := task.Do(func() error { strange(t, task); return nil }); err != nil {
			t.Errorf("Do: %v", err)
		}
		task.Yield()
	})
	if err := own.Wait(t.Context()); err != nil {
		t.Errorf("the task ended with %v", err)
	}
	waiting := s.Go(func(task *Task) { task.Sleep(time.Hour) })
	over := make(chan struct{})
	s.Go(func(*Task) {
		defer close(over)
		strange(t, own)
		strange(t, waiting)
	})
	receive(t, "the second task", over)
	waiting.Cancel()
	if err := waiting.Wait(t.Context()); err != nil {
		t.Errorf("the task that waited ended with %v", err)
	}
}

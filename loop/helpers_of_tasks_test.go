package loop_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
)

// running returns the loops of a reactor with n loops.
func running(t *testing.T, n int) []*loop.Loop {
	t.Helper()
	r, err := loop.NewReactor(&loop.Config{Loops: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r.Loops()
}

// inTask runs fn as a task, and waits until it has ended.
func inTask(t *testing.T, l *loop.Loop, fn func(task *loop.Task)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := l.Go(fn).Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWithin(t *testing.T) {
	l := running(t, 1)[0]
	inTask(t, l, func(task *loop.Task) {
		began := time.Now()
		waits := 0
		err := task.Within(20*time.Millisecond, func() error {
			if err := task.Sleep(time.Hour); err == nil {
				t.Error("the first wait does not end")
			}
			waits++
			return task.Sleep(time.Hour) // later waits do not begin either
		})
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < 20*time.Millisecond || waits != 1 {
			t.Errorf("%v after %v", err, took)
		}
		if err := task.Sleep(time.Millisecond); err != nil {
			t.Errorf("after the scope: %v", err)
		}
		if err := task.Within(time.Hour, func() error { return nil }); err != nil {
			t.Error(err)
		}
		// The time of the inner scope is over, and that of the outer one is not.
		err = task.Within(time.Hour, func() error {
			inner := task.Within(5*time.Millisecond, func() error { return task.Sleep(time.Hour) })
			if !errors.Is(inner, os.ErrDeadlineExceeded) {
				t.Errorf("inner: %v", inner)
			}
			return task.Sleep(time.Millisecond)
		})
		if err != nil {
			t.Errorf("outer: %v", err)
		}
		// The time of the outer scope is over, and it ends the waits of the inner one.
		err = task.Within(5*time.Millisecond, func() error {
			return task.Within(time.Hour, func() error {
				task.Sleep(time.Hour)
				return task.Sleep(time.Hour)
			})
		})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("outer over: %v", err)
		}
	})
}

func TestGroup(t *testing.T) {
	loops := running(t, 2)
	fault := errors.New("a fault")
	inTask(t, loops[0], func(task *loop.Task) {
		g := loop.NewGroup(loops[0])
		var sum atomic.Int64
		for i := range 10 {
			g.GoOn(loops[i%2], func(t *loop.Task) error { t.Sleep(time.Millisecond); sum.Add(int64(i)); return nil })
		}
		if err := g.Wait(task); err != nil || sum.Load() != 45 {
			t.Errorf("%v, %d", err, sum.Load())
		}
		g = loop.NewGroup(loops[0])
		var canceled atomic.Int64
		for range 5 {
			g.GoOn(loops[1], func(t *loop.Task) error {
				err := t.Sleep(time.Hour)
				if errors.Is(err, context.Canceled) {
					canceled.Add(1)
				}
				return err
			})
		}
		g.Go(func(t *loop.Task) error { t.Sleep(time.Millisecond); return fault })
		if err := g.Wait(task); err != fault || canceled.Load() != 5 {
			t.Errorf("%v, %d canceled", err, canceled.Load())
		}
	})
}

// Cancel reaches the tasks of the group that have not begun: their first wait ends at once. So do
// those that a Go after it adds.
func TestGroupCancelBeforeTasksBegin(t *testing.T) {
	loops := running(t, 2)
	g := loop.NewGroup(loops[0])
	var canceled atomic.Int64
	member := func(t *loop.Task) error {
		if err := t.Sleep(time.Hour); errors.Is(err, context.Canceled) {
			canceled.Add(1)
		}
		return nil
	}
	released, held := make(chan struct{}), make(chan struct{})
	loops[1].Post(func() { close(held); <-released }) // no task begins on that loop
	<-held
	g.GoOn(loops[1], member)
	g.GoOn(loops[1], member)
	g.Cancel()
	close(released)
	g.Go(member)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := g.Done().Wait(ctx); err != nil || canceled.Load() != 3 {
		t.Errorf("%v, %d of 3 canceled", err, canceled.Load())
	}
}

func TestSemaphore(t *testing.T) {
	loops := running(t, 2)
	s := loop.NewSemaphore(loops[0], 3)
	var inside, most, entered atomic.Int64
	g := loop.NewGroup(loops[0])
	for i := range 30 {
		g.GoOn(loops[i%2], func(t *loop.Task) error {
			if err := s.Acquire(t); err != nil {
				return err
			}
			defer s.Release()
			entered.Add(1)
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			t.Sleep(time.Millisecond)
			inside.Add(-1)
			return nil
		})
	}
	if _, err := g.Done().Wait(t.Context()); err != nil || entered.Load() != 30 || most.Load() > 3 {
		t.Errorf("%v: %d entered, at most %d at once", err, entered.Load(), most.Load())
	}
	for range 3 {
		if !s.TryAcquire() {
			t.Error("a place was lost")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := s.AcquireContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a full one: %v", err)
	}
	s.Release()
	if !s.TryAcquire() {
		t.Error("a wait that ended has kept the place")
	}
}

func TestQueue(t *testing.T) {
	loops := running(t, 2)
	q := loop.NewQueue[int](loops[0], 4)
	g := loop.NewGroup(loops[0])
	const each = 200
	for i := range 3 {
		g.GoOn(loops[i%2], func(t *loop.Task) error {
			for k := range each {
				if err := q.Put(t, i*each+k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var got []int
	for range 3 * each {
		v, err := q.GetContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if q.Len() > 4 {
			t.Fatalf("%d in the queue", q.Len())
		}
		got = append(got, v)
	}
	slices.Sort(got)
	for i, v := range got {
		if i != v {
			t.Fatalf("value %d is %d", i, v)
		}
	}
	if _, err := g.Done().Wait(t.Context()); err != nil {
		t.Error(err)
	}
	q.TryPut(7)
	q.Close()
	if err := q.PutContext(t.Context(), 8); err != loop.ErrQueueClosed {
		t.Errorf("Put after Close: %v", err)
	}
	if v, err := q.GetContext(t.Context()); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if _, err := q.GetContext(t.Context()); err != loop.ErrQueueClosed {
		t.Errorf("Get after Close: %v", err)
	}
}

func TestSelect(t *testing.T) {
	l := running(t, 1)[0]
	inTask(t, l, func(task *loop.Task) {
		never := loop.NewPromise[string](l)
		soon := l.Go(func(t *loop.Task) { t.Sleep(time.Millisecond) })
		if i, err := loop.Select(task, never.Future(), soon.Done()); i != 1 || err != nil {
			t.Errorf("%d, %v", i, err)
		}
		if i, err := loop.Select(task, never.Future(), loop.Settled(1, nil)); i != 1 || err != nil {
			t.Errorf("of one that is settled: %d, %v", i, err)
		}
		err := task.Within(5*time.Millisecond, func() error {
			_, err := loop.Select(task, never.Future())
			return err
		})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
}

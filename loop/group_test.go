package loop_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
)

// patience is the longest time that a test waits for what must come.
const patience = 20 * time.Second

// settled waits for the end of a task.
func settled(t *testing.T, task *loop.Task) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := task.Done().Wait(ctx); errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("the task does not end")
	}
}

// A scope limits the time of a group: its end cancels the tasks, Wait waits for them, and the loop
// runs meanwhile.
func TestGroupWithin(t *testing.T) {
	loops := running(t, 2)
	for _, on := range loops {
		settled(t, loops[0].Go(func(task *loop.Task) {
			g := loop.NewGroup(on)
			var ended atomic.Int64
			for range 3 {
				g.Go(func(t *loop.Task) error {
					defer ended.Add(1)
					if err := t.Sleep(time.Hour); !errors.Is(err, context.Canceled) {
						return err
					}
					return t.Sleep(time.Millisecond) // tidies up
				})
			}
			var later error
			err := task.Within(time.Millisecond, func() error {
				err := g.Wait(task)
				later = task.Sleep(time.Hour)
				return err
			})
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(later, os.ErrDeadlineExceeded) || ended.Load() != 3 {
				t.Errorf("%v, then %v, %d tasks ended", err, later, ended.Load())
			}
			if err := task.Sleep(time.Millisecond); err != nil {
				t.Errorf("behind the scope: %v", err)
			}
		}))
	}
}

// A panic in a task of a group is the error of the group, with its value and its stack.
// runtime.Goexit is another error.
func TestGroupFails(t *testing.T) {
	r, err := loop.NewReactor(&loop.Config{Loops: 2, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	loops := r.Loops()
	fault := errors.New("a fault")
	for _, tt := range []struct {
		name  string
		fn    func(*loop.Task) error
		panic bool
	}{
		{"panic", func(*loop.Task) error { panic(fault) }, true},
		{"Goexit", func(*loop.Task) error { runtime.Goexit(); return nil }, false},
	} {
		settled(t, loops[0].Go(func(task *loop.Task) {
			g := loop.NewGroup(loops[1])
			g.Go(func(t *loop.Task) error { return t.Sleep(time.Hour) })
			g.Go(tt.fn)
			err := g.Wait(task)
			var panicked *loop.PanicError
			if is := errors.As(err, &panicked); err == nil || is != tt.panic || is && (panicked.Value != fault || len(panicked.Stack) == 0 || !errors.Is(err, fault)) {
				t.Errorf("%s: %v", tt.name, err)
			}
		}))
	}
}

// The end of a loop ends the wait for a group, also in a scope that is over.
func TestGroupAtTheEnd(t *testing.T) {
	r, err := loop.NewReactor(&loop.Config{Loops: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l := r.Loops()[0]
	waits, got := make(chan struct{}), make(chan error, 1)
	l.Go(func(task *loop.Task) {
		g := loop.NewGroup(l)
		g.Go(func(t *loop.Task) error {
			close(waits)
			t.Sleep(time.Hour)
			return t.Sleep(time.Hour)
		})
		got <- task.Within(time.Hour, func() error { return g.Wait(task) })
	})
	<-waits
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-got:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(patience):
		t.Error("the wait does not end")
	}
}

package loop

import (
	"context"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// none is a nil context.
var none context.Context

func TestWaiter(t *testing.T) {
	task, other := new(Task), new(Task)
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	second := context.WithValue(t.Context(), key{}, 2)
	for _, tt := range []struct {
		name string
		w    Waiter
		task *Task
		ctx  context.Context
	}{
		{"zero", Waiter{}, nil, nil},
		{"ByContext", ByContext(ctx), nil, ctx},
		{"ByContext of none", ByContext(none), nil, nil},
		{"ByTask", ByTask(task), task, nil},
		{"zero, With", Waiter{}.With(ctx), nil, ctx},
		{"ByContext, With another", ByContext(ctx).With(second), nil, second},
		{"ByContext, With none", ByContext(ctx).With(none), nil, nil},
		{"ByTask, With", ByTask(task).With(ctx), task, ctx},
		{"ByTask, With, With another", ByTask(task).With(ctx).With(second), task, second},
		{"ByTask, With, With none", ByTask(task).With(ctx).With(none), task, nil},
		{"zero, In", Waiter{}.In(task), task, nil},
		{"ByContext, In", ByContext(ctx).In(task), task, ctx},
		{"ByContext of none, In", ByContext(none).In(task), task, nil},
		{"ByTask, In another", ByTask(task).In(other), other, nil},
		{"ByTask, With, In another", ByTask(task).With(ctx).In(other), other, ctx},
	} {
		if got := tt.w.Task(); got != tt.task {
			t.Errorf("%s: task %p, want %p", tt.name, got, tt.task)
		}
		if got := tt.w.Context(); got != tt.ctx {
			t.Errorf("%s: context %v, want %v", tt.name, got, tt.ctx)
		}
	}
	if got := (Waiter{}).With(none); got != (Waiter{}) {
		t.Errorf("With of no context makes %v of the zero Waiter", got)
	}
}

// An operation does not begin once its context has ended, and a nil context never ends.
func TestWaiterWhoseContextHasEnded(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errWhy)
	do := func(w Waiter) (int, error) {
		p := &play{parts: []part{done}}
		err := fd.Do(&Call{Waiter: w, Timeout: 0}, p)
		return p.tries, err
	}
	if tries, err := do(ByContext(ctx)); err != errWhy || tries != 0 {
		t.Errorf("goroutine: %v after %d attempts, want the cause after none", err, tries)
	}
	if tries, err := do(ByContext(ctx).With(none)); err != nil || tries != 1 {
		t.Errorf("goroutine without a context: %v after %d attempts", err, tries)
	}
	s.Go(func(task *Task) {
		if tries, err := do(ByContext(ctx).In(task)); err != errWhy || tries != 0 {
			t.Errorf("task: %v after %d attempts, want the cause after none", err, tries)
		}
		if tries, err := do(ByTask(task).With(ctx).With(none)); err != nil || tries != 1 {
			t.Errorf("task without a context: %v after %d attempts", err, tries)
		}
	})
	s.turns()
}

// A context that has ended ends a task's wait, even if each attempt makes the next edge itself:
// then no wait lasts until a function that the context posts to the loop would run.
func TestContextOfATaskThatIsWokenAgainAndAgain(t *testing.T) {
	if oneShotScripts {
		t.Skip("a lane that backs off is not armed on a one-shot poller, so its attempts make no edge there")
	}
	s := newStage(t)
	fd := s.joined()
	ctx, cancel := context.WithCancelCause(context.Background())
	result := ErrAgain
	tries := 0
	s.Go(func(task *Task) {
		result = do(fd, ByTask(task).With(ctx), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: trial(func(int) (Outcome, error) {
			if tries++; tries == 2 {
				cancel(errWhy)
			}
			s.p.tell(s.ready(fd, pollux.Readable))
			return Outcome{Retry: &Retry{After: time.Millisecond}}, ErrAgain
		})})
	})
	s.turn()
	s.turn()
	s.turn()
	if result != errWhy {
		t.Errorf("got %v after %d attempts, want the cause", result, tries)
	}
}

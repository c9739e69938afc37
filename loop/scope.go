package loop

import (
	"os"
	"time"
)

// A scope limits the waits of a task.
type scope struct {
	outer *scope
	over  bool  // its time has passed
	err   error // its own error, which differs from those of other scopes
}

// A scopeError is the os.ErrDeadlineExceeded of one scope.
type scopeError struct{ d time.Duration }

func (e *scopeError) Error() string        { return "loop: the task's scope of " + e.d.String() + " is over" }
func (e *scopeError) Is(target error) bool { return target == os.ErrDeadlineExceeded }
func (e *scopeError) Timeout() bool        { return true }

// Within runs fn in the task, and limits the time of its waits. When d has passed, the present wait
// ends with an error, and so does each later wait of fn. For that error, errors.Is(err,
// os.ErrDeadlineExceeded) is true. Within returns fn's error.
//
// Scopes may be nested: the earliest end counts. A Do continues, as after Task.Cancel. Only the
// task itself may call Within. With a nil fn, Within returns an error.
func (t *Task) Within(d time.Duration, fn func() error) error {
	if fn == nil {
		return missing("Task.Within", "fn")
	}
	s := &scope{outer: t.scope, err: &scopeError{d}}
	t.scope = s
	timer := t.loop.After(d, func() {
		s.over = true
		t.end(s.err)
	})
	defer func() {
		timer.Stop()
		t.scope = s.outer
		if t.canceled == s.err {
			t.canceled = nil // no wait of fn has returned it
		}
	}()
	return fn()
}

// passed returns the error of the outermost scope whose time has passed, or nil.
func (s *scope) passed() (err error) {
	for ; s != nil; s = s.outer {
		if s.over {
			err = s.err
		}
	}
	return err
}

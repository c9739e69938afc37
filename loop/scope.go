package loop

import (
	"os"
	"time"
)

// A scope limits the waits of a task.
type scope struct {
	outer *scope
	over  bool  // its time has passed
	err   error // its own, to tell it from those of others
}

// A scopeError is os.ErrDeadlineExceeded of one scope.
type scopeError struct{ d time.Duration }

func (e *scopeError) Error() string        { return "loop: the task's scope of " + e.d.String() + " is over" }
func (e *scopeError) Is(target error) bool { return target == os.ErrDeadlineExceeded }
func (e *scopeError) Timeout() bool        { return true }

// Within runs fn, in the task, and limits its waits: once d has passed, the wait that is under way
// ends with an error in which errors.Is finds os.ErrDeadlineExceeded, and so does each later wait
// of fn. It returns fn's error. Scopes can be nested, and the earliest counts. A Do goes on, as
// with Cancel. It is for the task itself to call.
func (t *Task) Within(d time.Duration, fn func() error) error {
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
			t.canceled = nil // it came too late for a wait of fn
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

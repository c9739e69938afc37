package loop

import "testing"

// ways lists all ways to wait for one operation. Each starts one, and sends its error at the end.
var ways = map[string]func(s *stage, fd *FD, c Call, a Attempt) <-chan error{
	"goroutine": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		return elsewhere(func() error { return fd.Do(&c, a) })
	},
	"goroutine with a context": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		c.Waiter = ByContext(s.t.Context())
		return elsewhere(func() error { return fd.Do(&c, a) })
	},
	"goroutine's own attempts": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		return elsewhere(func() error { return attempts(fd, &c, a) })
	},
	"task": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		return s.inTask(func(task *Task) error {
			c.Waiter = ByTask(task)
			return fd.Do(&c, a)
		})
	},
	"task with a context": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		return s.inTask(func(task *Task) error {
			c.Waiter = ByTask(task).With(s.t.Context())
			return fd.Do(&c, a)
		})
	},
	"task's own attempts": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		return s.inTask(func(task *Task) error {
			c.Waiter = ByTask(task)
			return attempts(fd, &c, a)
		})
	},
	"future": func(s *stage, fd *FD, c Call, a Attempt) <-chan error {
		over := make(chan error, 1)
		Start(fd, s.Loop, &Op{Call: c, Attempt: a}, new(int)).Then(func(_ int, err error) { over <- err })
		return over
	},
}

// inEachWay runs a test for each way to wait.
func inEachWay(t *testing.T, test func(t *testing.T, s *stage, begin func(fd *FD, c Call, parts ...part) <-chan error)) {
	t.Helper()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			test(t, s, func(fd *FD, c Call, parts ...part) <-chan error {
				return way(s, fd, c, &play{parts: parts})
			})
		})
	}
}

func elsewhere(fn func() error) <-chan error {
	over := make(chan error, 1)
	go func() { over <- fn() }()
	return over
}

func (s *stage) inTask(fn func(task *Task) error) <-chan error {
	over := make(chan error, 1)
	s.Go(func(task *Task) { over <- fn(task) })
	return over
}

// attempts does FD.Do through Begin and End.
func attempts(fd *FD, c *Call, a Attempt) error {
	for {
		if err := fd.Begin(c); err != nil {
			return err
		}
		out, err := a.Try(c.Sysfd)
		if fd.End(c, &out, err); err != ErrAgain {
			return err
		}
	}
}

// queued makes turns until n operations of the lane wait.
func (s *stage) queued(fd *FD, d Direction, n int) {
	s.t.Helper()
	until(s.t, "the operation waits", func() bool {
		s.turn()
		return fd.waiting(d) == n
	})
}

// ended makes turns until the operation is over, and returns its error.
func (s *stage) ended(over <-chan error) (err error) {
	s.t.Helper()
	until(s.t, "the end of the operation", func() bool {
		s.turn()
		select {
		case err = <-over:
			return true
		default:
			return false
		}
	})
	return err
}

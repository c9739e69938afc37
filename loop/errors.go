package loop

import (
	"errors"
	"fmt"
)

var (
	// ErrAgain is returned by an Attempt if the descriptor is not ready, and by an operation that
	// must not wait.
	ErrAgain = errors.New("loop: not ready")

	// ErrOnLoop is returned by a blocking call on an event-loop goroutine: in a callback, or in a
	// task that the call does not name. Use s.In(task) or s.Async().
	ErrOnLoop = errors.New("blocking call on an event-loop goroutine: use s.In(task) or s.Async()")

	errGoexit = errors.New("loop: a function ended its goroutine (runtime.Goexit)")

	// ErrDefaultInUse is returned by SetDefaults once the default reactor has started.
	ErrDefaultInUse = errors.New("loop: the default reactor is in use: call SetDefaults before the first socket or future needs it")

	// ErrWatched is returned by FD.Watch if the descriptor has a watcher already. Call Unwatch
	// first.
	ErrWatched = errors.New("loop: the descriptor has a watcher already")

	// ErrOtherLoop is returned if a descriptor cannot move to another loop, because an operation or
	// a watcher waits for it on its own.
	ErrOtherLoop = errors.New("loop: the descriptor is on another loop")
)

// A PanicError reports a panic in user code.
type PanicError struct {
	Value any    // the argument of panic
	Stack []byte // the stack of the goroutine that panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("loop: panic: %v", e.Value) }

// Unwrap returns Value if it is an error, or else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

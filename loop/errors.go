package loop

import (
	"errors"
	"fmt"
)

var (
	// ErrAgain is returned by an Attempt when the descriptor is not ready, and by an operation that
	// must not wait.
	ErrAgain = errors.New("loop: not ready")

	// ErrOnLoop is returned by a blocking call on an event-loop goroutine, in a callback or in a
	// task that was not named. Use s.In(task) or s.Async().
	ErrOnLoop = errors.New("blocking call on an event-loop goroutine: use s.In(task) or s.Async()")

	errGoexit = errors.New("loop: a function ended its goroutine (runtime.Goexit)")

	// ErrDefaultInUse is returned by SetDefaults once the default reactor has started.
	ErrDefaultInUse = errors.New("loop: the default reactor is in use: call SetDefaults before the first socket or future needs it")

	// ErrWatched is returned when a descriptor is to be watched that has a watcher. Use Unwatch
	// before.
	ErrWatched = errors.New("loop: the descriptor has a watcher already")

	// ErrOtherLoop is returned when a descriptor is to join a loop while something waits for it on
	// another.
	ErrOtherLoop = errors.New("loop: the descriptor is on another loop")
)

// A PanicError is what a panic in user code became.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("loop: panic: %v", e.Value) }

// Unwrap gives the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

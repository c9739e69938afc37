package loop

import (
	"errors"
	"fmt"
)

var (
	// ErrAgain is what an Attempt returns when the descriptor is not ready, and what an operation that must not wait ends
	// with.
	ErrAgain = errors.New("loop: not ready")

	// ErrOnLoop refuses a wait that could never end, or would stop a loop: the goroutine that would park is the one that drives it.
	ErrOnLoop = errors.New("loop: a callback or a task must not wait as a goroutine: wait in the name of the task, or take a future")

	errGoexit = errors.New("loop: a function ended its goroutine (runtime.Goexit)")

	// ErrDefaultInUse is returned by SetDefaults once the default reactor has started.
	ErrDefaultInUse = errors.New("loop: the default reactor is in use: call SetDefaults before the first socket or future needs it")

	// ErrOtherLoop refuses to watch a descriptor on a second loop.
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

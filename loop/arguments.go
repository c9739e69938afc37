package loop

import "fmt"

// A wrong argument is an error of the call. A function that returns no error panics, in its caller:
// otherwise the loop would meet the argument later, where the stack does not show that caller.

// missing returns the error for an argument that must not be nil.
func missing(op, arg string) error {
	return fmt.Errorf("loop: %s: %s is nil: must not be nil", op, arg)
}

// need panics if a function or a pointer is nil and op cannot return an error.
func need(given bool, op, arg string) {
	if !given {
		panic(missing(op, arg).Error())
	}
}

// badLane returns the error for a Direction that is neither Read nor Write.
func badLane(op string, d Direction) error {
	return fmt.Errorf("loop: %s: the direction is %d: must be Read or Write", op, uint8(d))
}

package sock

import (
	"errors"
	"fmt"
)

// An ArgError reports an argument that breaks a rule of the call. The call finds it before it makes
// a system call. In Python it is a ValueError or an OverflowError.
//
// Test for the kind and not for the text: errors.Is(err, sock.ArgRange).
type ArgError struct {
	Kind  ArgKind
	Arg   string // the name of the argument, or of the field of a configuration
	Value any    // the argument, or its length if it is long
	Rule  string // what is wrong or what would be right, in Python's words where Python has them
}

func (e *ArgError) Error() string { return fmt.Sprintf("%s (%s is %v)", e.Rule, e.Arg, e.Value) }

// Is reports whether target is the kind of e. It also matches errors.ErrUnsupported if the kind is
// ArgUnsupported.
func (e *ArgError) Is(target error) bool {
	return target == e.Kind || target == errors.ErrUnsupported && e.Kind == ArgUnsupported
}

// An ArgKind says what is wrong with an argument. It is an error, so that errors.Is can test for
// it.
type ArgKind uint8

const (
	_ ArgKind = iota

	// ArgRange is a number, a time or an index outside the range that the call takes.
	ArgRange
	// ArgTooLong is text, bytes or a list with more elements than the call has room for.
	ArgTooLong
	// ArgLength is bytes or a list whose length is not the length of the format. Decoders also
	// return it for cut input.
	ArgLength
	// ArgSyntax is text or bytes that do not follow the format.
	ArgSyntax
	// ArgMissing is nil or an empty value where the call needs a value.
	ArgMissing
	// ArgUnknown is a value outside a fixed set, such as a mode, a kind or a code.
	ArgUnknown
	// ArgType is an argument for sockets of another family, type or protocol than this one, or for
	// a File of another mode.
	ArgType
	// ArgConflict is an argument that contradicts another argument or the state of the socket.
	ArgConflict
	// ArgUnsupported is a feature that this system does not have. errors.Is also finds
	// errors.ErrUnsupported.
	ArgUnsupported
)

var argKinds = [...]string{
	ArgRange: "argument out of range", ArgTooLong: "argument too long", ArgLength: "argument of the wrong length",
	ArgSyntax: "malformed argument", ArgMissing: "missing argument", ArgUnknown: "unknown argument",
	ArgType: "argument for another kind of socket", ArgConflict: "conflicting argument",
	ArgUnsupported: "argument not supported on this system",
}

// Error returns the name of the kind: "argument out of range".
func (k ArgKind) Error() string {
	if k == 0 || int(k) >= len(argKinds) {
		return fmt.Sprintf("argument error %d", uint8(k))
	}
	return argKinds[k]
}

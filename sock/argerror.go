package sock

import (
	"errors"
	"fmt"
)

// An ArgError is an argument that breaks a rule of the call. The call finds it before it asks the system. In Python it is a
// ValueError or an OverflowError.
//
// Code asks for the kind, and not for the text: errors.Is(err, sock.ArgRange).
type ArgError struct {
	Kind  ArgKind
	Arg   string // the name of the argument, or of the field of a configuration
	Value any    // the argument, or its length if it is long
	Rule  string // what is wrong or what would be right, in Python's words where it has some
}

func (e *ArgError) Error() string { return fmt.Sprintf("%s (%s is %v)", e.Rule, e.Arg, e.Value) }

// Is finds the kind, and errors.ErrUnsupported in an error of the kind ArgUnsupported.
func (e *ArgError) Is(target error) bool {
	return target == e.Kind || target == errors.ErrUnsupported && e.Kind == ArgUnsupported
}

// An ArgKind says what is wrong with an argument. It is an error, so that errors.Is can ask for it.
type ArgKind uint8

const (
	_ ArgKind = iota

	// ArgRange is a number, a time or an index outside of the range that the call takes.
	ArgRange
	// ArgTooLong is text, bytes or a list with more elements than there is room for.
	ArgTooLong
	// ArgLength is bytes or a list of a length other than the format has. Decoders return it for cut input too.
	ArgLength
	// ArgSyntax is text or bytes that do not follow the format.
	ArgSyntax
	// ArgMissing is nil, or an empty value, where something is needed.
	ArgMissing
	// ArgUnknown is a value that is none of a fixed set, such as a mode, a kind or a code.
	ArgUnknown
	// ArgType is an argument for sockets of another family, type or protocol than this one, or for
	// a File of another mode.
	ArgType
	// ArgConflict is an argument that does not go with another one, or with the state of the socket.
	ArgConflict
	// ArgUnsupported is something that this system does not have: errors.Is finds
	// errors.ErrUnsupported too.
	ArgUnsupported
)

var argKinds = [...]string{
	ArgRange: "argument out of range", ArgTooLong: "argument too long", ArgLength: "argument of the wrong length",
	ArgSyntax: "malformed argument", ArgMissing: "missing argument", ArgUnknown: "unknown argument",
	ArgType: "argument for another kind of socket", ArgConflict: "conflicting argument",
	ArgUnsupported: "argument not supported on this system",
}

// Error is the name of the kind: "argument out of range".
func (k ArgKind) Error() string {
	if k == 0 || int(k) >= len(argKinds) {
		return fmt.Sprintf("argument error %d", uint8(k))
	}
	return argKinds[k]
}

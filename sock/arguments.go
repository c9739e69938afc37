package sock

import (
	"errors"
	"fmt"
)

// An ArgError is an argument that breaks a rule of the call's, found before the system was asked: ValueError and OverflowError
// in Python.
type ArgError struct {
	Arg   string // its name
	Value any
	Rule  string // what is wrong and what would be right, in Python's words where it has some
}

func (e *ArgError) Error() string { return fmt.Sprintf("%s (%s is %v)", e.Rule, e.Arg, e.Value) }

// cInt says whether v, an argument of that name, is a C int.
func cInt(name string, v int) error {
	if v != int(int32(v)) {
		return &ArgError{name, v, "Python int too large to convert to C int"}
	}
	return nil
}

// cInts says whether these, of a socket, are C ints.
func cInts(family, typ, proto int) error {
	return errors.Join(cInt("family", family), cInt("type", typ), cInt("proto", proto))
}

func orDefault(v, def int) int {
	if v == -1 {
		return def
	}
	return v
}

func cOption(level, name int) error { return errors.Join(cInt("level", level), cInt("name", name)) }

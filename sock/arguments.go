package sock

import "errors"

// cInt says whether v, an argument of that name, is a C int.
func cInt[T ~int](name string, v T) error {
	if v != T(int32(v)) {
		return &ArgError{ArgRange, name, int(v), "Python int too large to convert to C int"}
	}
	return nil
}

// cInts says whether these, of a socket, are C ints.
func cInts(family Family, typ Type, proto Protocol) error {
	return errors.Join(cInt("family", family), cInt("type", typ), cInt("proto", proto))
}

func orDefault[T ~int](v, def T) T {
	if v == -1 {
		return def
	}
	return v
}

func cOption(level, name int) error { return errors.Join(cInt("level", level), cInt("name", name)) }

// nameKind is what is wrong with a name that is refused: it may have 1 to most bytes, and no NUL.
func nameKind(name string, most int) ArgKind {
	switch {
	case name == "":
		return ArgMissing
	case len(name) > most:
		return ArgTooLong
	}
	return ArgSyntax
}

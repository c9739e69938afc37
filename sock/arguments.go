package sock

import "errors"

// cInt returns an *ArgError if v does not fit into a C int. name is the name of the argument.
func cInt[T ~int](name string, v T) error {
	if v != T(int32(v)) {
		return &ArgError{ArgRange, name, int(v), "must be a C int: -2147483648 to 2147483647"}
	}
	return nil
}

// cInts returns an *ArgError if one of the arguments of socket(2) does not fit into a C int.
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

// nameKind returns the kind of error for a name that was refused. A name may have 1 to most bytes,
// none of them NUL.
func nameKind(name string, most int) ArgKind {
	switch {
	case name == "":
		return ArgMissing
	case len(name) > most:
		return ArgTooLong
	}
	return ArgSyntax
}

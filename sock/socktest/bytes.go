package socktest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Uint16s returns numbers in the host's byte order, one after the other, as structures have them.
func Uint16s(v ...uint16) (b []byte) {
	for _, v := range v {
		b = binary.NativeEndian.AppendUint16(b, v)
	}
	return b
}

// Uint32s is Uint16s for numbers of 4 bytes.
func Uint32s(v ...uint32) (b []byte) {
	for _, v := range v {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

// Uint64s is Uint16s for numbers of 8 bytes.
func Uint64s(v ...uint64) (b []byte) {
	for _, v := range v {
		b = binary.NativeEndian.AppendUint64(b, v)
	}
	return b
}

// Hex returns the bytes that text says in hexadecimal, with blanks anywhere.
func Hex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	Must(t, err)
	return b
}

// LittleEndian skips a test whose known bytes are those of a little-endian machine.
func LittleEndian(t testing.TB) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the known bytes are those of a little-endian machine: run this on one")
	}
}

// WantArgError fails the test unless err is an *ArgError whose text has rule in it.
func WantArgError(t testing.TB, err error, rule string) {
	t.Helper()
	var arg *sock.ArgError
	if !errors.As(err, &arg) || !strings.Contains(arg.Error(), rule) {
		t.Errorf("error %v, want an *ArgError with %q", err, rule)
	}
}

// Numbers fails the test unless the two numbers under each name are the same: a package's own, and
// that of the system.
func Numbers(t testing.TB, pairs map[string][2]int64) {
	t.Helper()
	for name, v := range pairs {
		if v[0] != v[1] {
			t.Errorf("%s is %#x, want %#x", name, v[0], v[1])
		}
	}
}

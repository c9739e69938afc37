package socktest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Uint16s returns the bytes of the numbers in the host's byte order, one number after the other, as
// in C structures.
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

// Hex decodes hexadecimal text, with blanks anywhere.
func Hex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	Must(t, err)
	return b
}

// LittleEndian skips the test on a big-endian machine: the bytes that it expects are little-endian.
func LittleEndian(t testing.TB) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the known bytes are those of a little-endian machine: run this on one")
	}
}

// WantArgError fails the test unless err is an *ArgError whose text contains rule.
func WantArgError(t testing.TB, err error, rule string) {
	t.Helper()
	var arg *sock.ArgError
	if !errors.As(err, &arg) || !strings.Contains(arg.Error(), rule) {
		t.Errorf("error %v, want an *ArgError with %q", err, rule)
	}
}

// Numbers fails the test unless the two numbers under each name are equal: the package's own
// number, and that of the system.
func Numbers(t testing.TB, pairs map[string][2]int64) {
	t.Helper()
	for name, v := range pairs {
		if v[0] != v[1] {
			t.Errorf("%s is %#x, want %#x", name, v[0], v[1])
		}
	}
}

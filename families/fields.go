package families

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// A fieldReader reads text that consists of numbers and names with a separator between them.
type fieldReader struct {
	family, s string
	fields    []string
	err       error // the first error
}

func readFields(family, s, separator string) *fieldReader {
	return &fieldReader{family: family, s: s, fields: strings.Split(s, separator)}
}

// more reports whether there is another field.
func (r *fieldReader) more() bool { return len(r.fields) > 0 }

// next returns the next field without unescaping it.
func (r *fieldReader) next(what string) string {
	if !r.more() {
		r.fail("no " + what)
		return ""
	}
	f := r.fields[0]
	r.fields = r.fields[1:]
	return f
}

// number returns the next field as a number of at most bits bits, decimal or with 0x before it.
func (r *fieldReader) number(what string, bits int) uint64 {
	f := r.next(what)
	if r.err != nil {
		return 0
	}
	n, ok := parseNumber(f, bits)
	if !ok {
		r.fail(what + " must be a number of " + strconv.Itoa(bits) + " bits")
	}
	return n
}

// hardware returns the next field as a hardware address.
func (r *fieldReader) hardware() []byte {
	f := r.next("hardware address")
	b, err := hex.DecodeString(strings.ReplaceAll(f, ":", ""))
	if err != nil || f != hardwareText(b) {
		r.fail("a hardware address must be pairs of hexadecimal digits")
		return nil
	}
	return b
}

// done returns the first error. Fields that are left are an error too.
func (r *fieldReader) done() error {
	if r.more() {
		r.fail("too many parts")
	}
	return r.err
}

func (r *fieldReader) fail(why string) {
	if r.err == nil {
		r.err = notAnAddress(r.family, r.s, why)
	}
}

func parseNumber(s string, bits int) (uint64, bool) {
	base := 10
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		base, s = 16, digits
	}
	n, err := strconv.ParseUint(s, base, bits)
	return n, err == nil
}

// hexNumber returns n in hexadecimal with 0x before it.
func hexNumber(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// hardwareText returns b in the form 00:11:22:33:44:55.
func hardwareText(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(':')
		}
		s.WriteString(hex.EncodeToString([]byte{c}))
	}
	return s.String()
}

// putHardware returns a hardware address of at most 8 bytes as a number, with its first byte
// highest.
func putHardware(b []byte) (n uint64) {
	for i := range min(len(b), 8) {
		n |= uint64(b[i]) << (56 - 8*i)
	}
	return n
}

// appendHardware reverses putHardware.
func appendHardware(dst []byte, n uint64, length int) []byte {
	for i := range min(length, 8) {
		dst = append(dst, byte(n>>(56-8*i)))
	}
	return dst
}

package sock

import "bytes"

// cText returns the text in a field of a C structure: the bytes before the first NUL, or all of
// them.
func cText(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

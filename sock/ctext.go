package sock

import "bytes"

// cText is the text in a field of a C structure: up to its first NUL, or all of it.
func cText(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

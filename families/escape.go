package families

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape writes a byte of s as %XX if it is a %, is in special, does not print, or is not UTF-8.
// The first of two slashes at the beginning is escaped too, except in a path, where special is "".
func escape(s, special string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	url := special != "" && strings.HasPrefix(s, "//") // Parse would take it for the beginning of a URL
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		plain := unicode.IsPrint(r) && r != '%' && !strings.ContainsRune(special, r) && !(url && i == 0)
		if r == utf8.RuneError && n == 1 {
			plain = false
		}
		if plain {
			b.WriteString(s[i : i+n])
		} else {
			for _, c := range []byte(s[i : i+n]) {
				b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			}
		}
		i += n
	}
	return b.String()
}

// unescape reverses escape. It keeps a % without two hexadecimal digits after it.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

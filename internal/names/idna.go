package names

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// acePrefix begins a label whose ASCII text encodes a label in another script: RFC 3490, section 5.
const acePrefix = "xn--"

// maxLabel is the greatest number of bytes of a label: RFC 1035, section 2.3.4.
const maxLabel = 63

// ToASCII returns host in the form of the DNS: ToASCII of RFC 3490, Python's codec "idna".
// Letters become lower case, but without the tables of RFC 3491. A name that is not in Unicode's
// normal form KC stays as it is, and so the DNS does not find it.
//
// Error: a *RefusedError for a label that is empty, or becomes empty, or has more than 63 bytes;
// and for a NUL, where the name would end in C.
func ToASCII(host string) (string, error) {
	refuse := func(wrong Wrong, why string) (string, error) { return "", &RefusedError{wrong, "host", host, why} }
	if strings.IndexByte(host, 0) >= 0 {
		return refuse(Malformed, "host name must not contain null character")
	}
	if !utf8.ValidString(host) {
		return refuse(Malformed, "host name is not UTF-8")
	}
	labels := strings.Split(fullStops.Replace(host), ".")
	for i, label := range labels {
		if !IsASCII(label) {
			if label = prepared(label); label == "" { // even the last label must not become empty, though it may be written empty
				return refuse(labelWrong(label), "label empty or too long")
			}
			if strings.HasPrefix(label, acePrefix) && !IsASCII(label) {
				return refuse(Malformed, "Label starts with ACE prefix")
			}
			if !IsASCII(label) {
				label = acePrefix + punycode(label)
			}
			labels[i] = label
		}
		if label == "" && i < len(labels)-1 || len(label) > maxLabel {
			return refuse(labelWrong(label), "label empty or too long")
		}
	}
	return strings.Join(labels, "."), nil
}

// ToUnicode returns a name of the DNS in the form that people write: ToUnicode of RFC 3490. A
// label without the prefix of this encoding stays as it is.
func ToUnicode(name string) string {
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if len(label) > maxLabel || !hasPrefixFold(label, acePrefix) {
			continue
		}
		s, ok := fromPunycode(label[len(acePrefix):])
		if !ok || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			continue
		}
		if again, err := ToASCII(s); err == nil && strings.EqualFold(again, label) {
			labels[i] = s
		}
	}
	return strings.Join(labels, ".")
}

// labelWrong says what is wrong with a label that is empty or too long.
func labelWrong(label string) Wrong {
	if label == "" {
		return Missing
	}
	return TooLong
}

// IsASCII reports whether s has ASCII characters only.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fullStops replaces the full stops of other scripts: RFC 3490, section 3.1.
var fullStops = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// folded replaces the letters whose folding in table B.2 of RFC 3454 differs from their lower case.
var folded = strings.NewReplacer("\u00df", "ss", "\u1e9e", "ss", "\u03c2", "\u03c3", "\u0130", "i\u0307")

// prepared returns a label in lower case and without invisible characters: table B.1 of RFC 3454.
func prepared(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0xad, r == 0x34f, r == 0x1806, r == 0x2060, r == 0xfeff,
			r >= 0x180b && r <= 0x180d, r >= 0x200b && r <= 0x200d, r >= 0xfe00 && r <= 0xfe0f:
			return -1
		}
		return unicode.ToLower(r)
	}, folded.Replace(label))
}

// Parameters of Punycode: RFC 3492, section 5.
const (
	pBase, pTmin, pTmax = 36, 1, 26
	pSkew, pDamp        = 38, 700
	pBias, pFirst       = 72, 0x80
)

const pDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

// punycode encodes a label: RFC 3492, section 6.3.
func punycode(label string) string {
	runes := []rune(label)
	var out []byte
	for _, r := range runes {
		if r < pFirst {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, bias, delta := rune(pFirst), pBias, 0
	for done := basic; done < len(runes); {
		next := rune(math.MaxInt32)
		for _, r := range runes {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			switch {
			case r < n:
				delta++
			case r == n:
				q := delta
				for k := pBase; ; k += pBase {
					t := threshold(k, bias)
					if q < t {
						break
					}
					out = append(out, pDigits[t+(q-t)%(pBase-t)])
					q = (q - t) / (pBase - t)
				}
				out = append(out, pDigits[q])
				bias = adapted(delta, done+1, done == basic)
				delta = 0
				done++
			}
		}
		delta++
		n++
	}
	return string(out)
}

// fromPunycode decodes a label: RFC 3492, section 6.2.
func fromPunycode(s string) (string, bool) {
	var out []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		out, s = []rune(s[:i]), s[i+1:]
	}
	n, i, bias := pFirst, 0, pBias
	for s != "" {
		old, weight := i, 1
		for k := pBase; ; k += pBase {
			if s == "" {
				return "", false
			}
			digit := strings.IndexByte(pDigits, lower(s[0]))
			s = s[1:]
			if digit < 0 || weight > 1<<25 {
				return "", false
			}
			i += digit * weight
			t := threshold(k, bias)
			if digit < t {
				break
			}
			weight *= pBase - t
		}
		size := len(out) + 1
		bias = adapted(i-old, size, old == 0)
		n += i / size
		i %= size
		if n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		out = append(out, 0)
		copy(out[i+1:], out[i:])
		out[i] = rune(n)
		i++
	}
	return string(out), true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func threshold(k, bias int) int { return min(max(k-bias, pTmin), pTmax) }

// adapted returns the next bias: RFC 3492, section 6.1.
func adapted(delta, size int, first bool) int {
	if first {
		delta /= pDamp
	} else {
		delta /= 2
	}
	delta += delta / size
	k := 0
	for ; delta > (pBase-pTmin)*pTmax/2; k += pBase {
		delta /= pBase - pTmin
	}
	return k + (pBase-pTmin+1)*delta/(delta+pSkew)
}

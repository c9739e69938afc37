package names

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Results of Python's codec "idna". Some names are the examples of RFC 3492, section 7.1.
var idnaNames = []struct{ name, want string }{
	{"", ""},
	{"localhost", "localhost"},
	{"Localhost.", "Localhost."},
	{"no such host", "no such host"},
	{"fe80::1%eth0.100", "fe80::1%eth0.100"},
	{"b\u00fccher", "xn--bcher-kva"},
	{"B\u00dcCHER.Test", "xn--bcher-kva.Test"},
	{"stra\u00dfe.de", "strasse.de"},
	{"\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3", "xn--kxa6akbbkh"},
	{"\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "xn--kxa6akbbkh"}, // a final sigma
	{"\u0130stanbul", "xn--istanbul-o0e"},                            // not istanbul
	{"a\u00adb", "ab"},                                               // a soft hyphen
	{"\u00fc\u200bx", "xn--x-dha"},
	{"\u4e2d\u56fd\u3002\u4e2d\u56fd", "xn--fiqs8s.xn--fiqs8s"},
	{"\u2603", "xn--n3h"},
	{"a\U0001f4a9b\U0001f4a9c", "xn--abc-kd23bba"},
	{"ex\u0301", "xn--ex-9tb"},
	{strings.Repeat("\u00fc", 20), "xn--tdaaaaaaaaaaaaaaaaaaaa"},
	{"\u041f\u043e\u0447\u0435\u043c\u0443\u0436\u0435\u043e\u043d\u0438\u043d\u0435\u0433\u043e\u0432\u043e\u0440\u044f\u0442\u043f\u043e\u0440\u0443\u0441\u0441\u043a\u0438",
		"xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"},
	{"Pro\u010dprost\u011bnemluv\u00ed\u010desky", "xn--proprostnemluvesky-uyb24dma41a"},
	{"\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587", "xn--ihqwcrb4cv8a8dqg056pqjye"},
	{"3\u5e74B\u7d44\u91d1\u516b\u5148\u751f", "xn--3b-ww4c5e180e575a65lsy2b"},
}

func TestToASCII(t *testing.T) { // item 151
	for _, tt := range idnaNames {
		got, err := ToASCII(tt.name)
		if got != tt.want || err != nil {
			t.Errorf("%q: %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if again, err := ToASCII(got); again != got || err != nil {
			t.Errorf("%q: %q, %v: it is not ASCII for good", got, again, err)
		}
		if back, err := ToASCII(ToUnicode(got)); back != got || err != nil {
			t.Errorf("%q: %q in Unicode, and that %q, %v", got, ToUnicode(got), back, err)
		}
	}
}

func TestToUnicode(t *testing.T) {
	for name, want := range map[string]string{
		"xn--bcher-kva.test": "b\u00fccher.test",
		"XN--BCHER-KVA":      "B\u00fcCHER",
		"xn--n3h.":           "\u2603.",
		"plain.test":         "plain.test",
		"":                   "",
		// These are invalid, so they stay as they are.
		"xn--":                      "xn--",
		"xn--!":                     "xn--!",
		"xn--a":                     "xn--a",      // a control character
		"xn--maana-":                "xn--maana-", // decodes to plain ASCII
		"xn--99999999":              "xn--99999999",
		"xn--" + long("9"):          "xn--" + long("9"),
		"xn--" + long("z"):          "xn--" + long("z"),
		"xn--ab\u00fc-c":            "xn--ab\u00fc-c",
		"xn--" + punycode("\ufffd"): "\ufffd",
	} {
		if got := ToUnicode(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func long(s string) string { return strings.Repeat(s, 59) }

func FuzzPunycode(f *testing.F) {
	for _, tt := range idnaNames {
		f.Add(tt.name)
		f.Add(tt.want)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ToUnicode(acePrefix + s) // must not panic
		if !utf8.ValidString(s) || len(s) > 63 {
			return
		}
		p := punycode(s)
		if !IsASCII(p) {
			t.Fatalf("%q: %q", s, p)
		}
		if IsASCII(s) {
			return // its encoding only adds a hyphen
		}
		if back, ok := fromPunycode(p); back != s || !ok {
			t.Errorf("%q: %q, and that %q, %v", s, p, back, ok)
		}
	})
}

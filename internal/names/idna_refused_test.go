package names

import (
	"errors"
	"testing"
)

// A label of which the preparation leaves nothing is refused, wherever it stands. An empty last
// label is the root only as it was written.
func TestToASCIIRefusesLabelsOfNothing(t *testing.T) {
	for _, name := range []string{"\u00ad", "\u00ad.test", "a.\u00ad.test", "a.\u00ad", "a.\u200b\u2060", "a.\u00ad."} {
		got, err := ToASCII(name)
		if _, ok := errors.AsType[*RefusedError](err); !ok {
			t.Errorf("%q: %q, %v; want a *RefusedError", name, got, err)
		}
	}
	for name, want := range map[string]string{"a.": "a.", "a\u00ad.": "a.", "": ""} {
		if got, err := ToASCII(name); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", name, got, err, want)
		}
	}
}

package systems

import (
	"strings"
	"testing"
)

// Every question has an answer for every system, with its source.
func TestTableIsComplete(t *testing.T) {
	known := make(map[Question]bool)
	for _, q := range Questions() {
		if known[q] {
			t.Errorf("%q: twice", q)
		}
		known[q] = true
		for _, system := range Names {
			if a, ok := Of(system, q); !ok || a.Says == "" || a.Source == "" {
				t.Errorf("%q on %s: %+v, %v", q, system, a, ok)
			}
		}
		if a, _ := Of("linux", q); !a.Seen {
			t.Errorf("%q on linux: from the manual only", q)
		}
	}
	var b strings.Builder
	if err := Print(&b); err != nil || strings.Count(b.String(), "\n") != len(known)*(1+len(Names))+1 {
		t.Errorf("%v\n%s", err, &b)
	}
}

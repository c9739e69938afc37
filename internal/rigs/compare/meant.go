//go:build linux

package main

import "strings"

// A difference is one that is meant. Empty fields stand for any; circumstance is a part of the name.
type difference struct {
	kind, operation, circumstance, mode string
	raw, ours                           string
	reason                              string
}

var meant = []difference{}

// meaning is the index of the entry that explains a difference, or -1.
func meaning(r *row, mode, got string) int {
	fits := func(want, is string) bool { return want == "" || want == is }
	for i, m := range meant {
		if fits(m.kind, r.kind.name) && fits(m.operation, r.operation.name) && fits(m.mode, mode) && fits(m.raw, r.raw) && fits(m.ours, got) &&
			strings.Contains(r.circumstance.name, m.circumstance) {
			return i
		}
	}
	return -1
}

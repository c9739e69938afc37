package main

import (
	"slices"
	"strings"
	"testing"
)

// Whatever a server may do wrong with the bytes, the comparison shows it.
func TestPatternShows(t *testing.T) {
	const pos, n = 123_456, 4096
	sent := slices.Clone(patternAt(pos, n))
	if !isPattern(sent, pos) {
		t.Fatal("what was sent is not recognized")
	}
	if !isPattern(sent[:1], pos) || !isPattern(sent[100:], pos+100) {
		t.Fatal("a piece of what was sent is not recognized")
	}
	tests := []struct {
		name string
		got  []byte
	}{
		{"first byte", slices.Replace(slices.Clone(sent), 0, 1, sent[0]^1)},
		{"last byte", slices.Replace(slices.Clone(sent), n-1, n, sent[n-1]^0x80)},
		{"a byte lost", slices.Delete(slices.Clone(sent), 1000, 1001)},
		{"a byte doubled", slices.Insert(slices.Clone(sent), 1000, sent[1000])},
		{"the message before", patternAt(pos-64, n)},
		{"the message after", patternAt(pos+64, n)},
		{"another connection", patternAt(pos+patternStart(1), n)},
		{"zeros", make([]byte, n)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if isPattern(tt.got, pos) {
				t.Error("not noticed")
			}
		})
	}
}

// The pattern has no seam at its end.
func TestPatternGoesOn(t *testing.T) {
	for _, pos := range []uint64{0, patternPeriod - 1, patternPeriod, 1<<40 + 7} {
		whole := patternAt(pos, patternSpan)
		for _, k := range []uint64{1, 63, patternPeriod - 1, patternSpan - 1} {
			if !isPattern(whole[k:], pos+k) {
				t.Errorf("from %d on, %d bytes later: not the same", pos, k)
			}
		}
	}
}

// Connections do not begin at the same place, as far as a scenario goes.
func TestPatternStarts(t *testing.T) {
	seen := make(map[uint64]int)
	for i := range 10_000 {
		start := patternStart(i) % patternPeriod
		if other, ok := seen[start]; ok {
			t.Fatalf("connections %d and %d both begin at %d", other, i, start)
		}
		seen[start] = i
	}
}

// Answers are compared with the first one, except for their date.
func TestScriptNotices(t *testing.T) {
	const one = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n/"
	later := strings.Replace(one, "00:00:00", "00:00:01", 1)
	date := strings.Index(one, "Thu")
	for _, test := range []struct {
		name string
		got  uint64
		p    string
		want bool
	}{
		{"one", 0, one, true},
		{"two and a part", 0, one + one + one[:9], true},
		{"from the middle", 7, one[7:] + one, true},
		{"another date", 0, one + later, true},
		{"another date from the middle", uint64(date + 2), later[date+2:] + later, true},
		{"a bit", 0, strings.Replace(one, "OK", "OJ", 1), false},
		{"a place", 1, one, false},
		{"the end", 0, one[:len(one)-1] + "x", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{answer: []byte(one), date: date, dateEnd: date + len("Thu, 01 Jan 1970 00:00:00 GMT")}
			s.repeated = repeat(s.answer, 2*patternSpan)
			if got := s.right(&conn{got: test.got}, []byte(test.p)); got != test.want {
				t.Errorf("right is %v", got)
			}
			if test.want && !s.right(&conn{got: test.got}, []byte(test.p)) {
				t.Error("not right when it comes again")
			}
		})
	}
}

package store

import (
	"bytes"
	"testing"

	"github.com/polluxio/pollux/sock/protocol/resp"
)

// Many short commands that ask for a long value: Serve answers a part of them at a time, and all of
// them in the end.
func TestAnswersAreBounded(t *testing.T) {
	const size, n = 100_000, 1000
	s := New()
	set := resp.AppendCommand(nil, "SET", "k", string(make([]byte, size)))
	if _, used, err := s.Serve(nil, set); err != nil || used != len(set) {
		t.Fatal(used, err)
	}
	p := bytes.Repeat(resp.AppendCommand(nil, "GET", "k"), n)
	total := 0
	for len(p) > 0 {
		out, used, err := s.Serve(nil, p)
		if err != nil || used == 0 || len(out) > mostAnswers+size+100 {
			t.Fatalf("%d bytes of answers, %d bytes used, %v", len(out), used, err)
		}
		total += len(out)
		p = p[used:]
	}
	if want := n * len(resp.AppendBulk(nil, make([]byte, size))); total != want {
		t.Errorf("%d bytes, want %d", total, want)
	}
}

package store

import (
	"bytes"
	"testing"
)

// Commands that come in two parts have the answers of the whole, wherever they are cut; and nothing
// goes beyond what was given.
func FuzzServe(f *testing.F) {
	for _, in := range []string{
		"*1\r\n$4\r\nPING\r\n", "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
		"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n", "*0\r\n", "*-5\r\n", "*1\r\n$99999999\r\n", "$1", "*\r\n", "*1\r\r", "*00000000000000000000000001\r\n",
		"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n", "*2\r\n$4\r\necho\r\n$0\r\n\r\n",
		"PING\r\n\r\n set k  v \nGET k\r\n",
	} {
		f.Add([]byte(in), 7)
	}
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		want, used, err := New().Serve(nil, p)
		if used < 0 || used > len(p) {
			t.Fatalf("%d used of %d", used, len(p))
		}
		cut = int(uint(cut) % uint(len(p)+1))
		s := New()
		got, first, failed := s.Serve(nil, p[:cut])
		if failed == nil {
			var second int
			got, second, failed = s.Serve(got, p[first:])
			first += second
		}
		if !bytes.Equal(got, want) || first != used || (failed == nil) != (err == nil) {
			t.Fatalf("cut at %d: %q, %d, %v; whole %q, %d, %v", cut, got, first, failed, want, used, err)
		}
	})
}

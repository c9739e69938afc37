package sock

import "testing"

// MSG_WAITALL continues behind the data that was received.
func TestSkipBuffers(t *testing.T) {
	whole := [][]byte{[]byte("ab"), {}, []byte("cd"), []byte("e")}
	for n, want := range [][][]byte{whole, {[]byte("b"), {}, []byte("cd"), []byte("e")}, whole[2:], {[]byte("d"), []byte("e")}, whole[3:], {}} {
		got := skip(whole, n)
		if len(got) != len(want) {
			t.Errorf("%d: %q, want %q", n, got, want)
			continue
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("%d: %q, want %q", n, got, want)
			}
		}
	}
	if string(whole[0]) != "ab" {
		t.Error("the caller's own buffers were changed")
	}
}

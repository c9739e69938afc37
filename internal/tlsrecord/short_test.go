package tlsrecord

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// SealShort makes the records that Seal makes, a change of keys among them.
func TestSealShort(t *testing.T) {
	for _, v := range served {
		for _, seq := range []uint64{1, RecordsPerKey} {
			a, b := ends(t, v.version, v.suite)
			same, _ := ends(t, v.version, v.suite)
			a.out.seq, same.out.seq, b.in.seq = seq, seq, seq
			for _, n := range []int{0, 1, 100, MaxShort, 7} {
				text := bytes.Repeat([]byte{byte(n)}, n)
				want, err := same.Seal(nil, text)
				if err != nil {
					t.Fatal(err)
				}
				got, err := a.SealShort(text)
				if !bytes.Equal(got, want) || err != nil {
					t.Fatalf("%s, %d bytes: %x, %v; want %x", v.name, n, got, err, want)
				}
				if text2, err := all(b, got); !bytes.Equal(text2, text) || err != nil {
					t.Fatalf("%s, %d bytes: %x, %v", v.name, n, text2, err)
				}
			}
			if _, err := a.CloseNotify(nil); err != nil {
				t.Fatal(err)
			}
			if got, err := a.SealShort([]byte("text")); len(got) != 0 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s, after close_notify: %x, %v", v.name, got, err)
			}
		}
	}
}

//go:build !race

package tlsrecord

import (
	"bytes"
	"testing"
)

// A record allocates nothing, opened or sealed.
func TestRecordsAllocateNothing(t *testing.T) {
	for _, v := range served {
		a, b := ends(t, v.version, v.suite)
		text, room := bytes.Repeat([]byte("x"), MaxShort), make([]byte, 0, MaxRecord)
		if n := testing.AllocsPerRun(100, func() {
			record, err := a.SealShort(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Open(record); err != nil {
				t.Fatal(err)
			}
			record, err = a.Seal(room, text)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Open(record); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", v.name, n)
		}
	}
}

package sock_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The ancillary data of AF_ALG, byte by byte as in <linux/if_alg.h>, on a little-endian machine:
// item 119.
func TestControlOfAlg(t *testing.T) {
	socktest.LittleEndian(t)
	iv := sock.AlgIV("0123456789abcdef")
	for _, tt := range []struct {
		name string
		item sock.Control
		typ  int
		data string
	}{
		{"op, encrypt", sock.AlgOp(1).Control(), 3, "01000000"},
		{"op, decrypt", sock.AlgOp(0).Control(), 3, "00000000"},
		{"iv", iv.Control(), 2, "10000000" + hex.EncodeToString(iv)},
		{"no iv", sock.AlgIV(nil).Control(), 2, "00000000"},
		{"assoclen", sock.AlgAssoclen(258).Control(), 4, "02010000"},
	} {
		if got := hex.EncodeToString(tt.item.Data); tt.item.Level != 279 || tt.item.Type != tt.typ || got != tt.data {
			t.Errorf("%s: level %d, type %d, %s; want 279, %d, %s", tt.name, tt.item.Level, tt.item.Type, got, tt.typ, tt.data)
		}
	}
	if op, ok := sock.AlgOp(1).Control().AlgOp(); op != 1 || !ok || op.String() != "encrypt" {
		t.Error(op, ok)
	}
	if got, ok := iv.Control().AlgIV(); !bytes.Equal(got, iv) || !ok {
		t.Errorf("%q, %v", got, ok)
	}
	if n, ok := sock.AlgAssoclen(7).Control().AlgAssoclen(); n != 7 || !ok {
		t.Error(n, ok)
	}
	short := sock.Control{Level: 279, Type: 2, Data: []byte{5, 0, 0, 0, 'a', 'b'}}
	if iv, ok := short.AlgIV(); ok {
		t.Errorf("an iv of 5 bytes in 2: %q", iv)
	}
	if _, ok := iv.Control().AlgOp(); ok {
		t.Error("an iv was taken for an op")
	}
}

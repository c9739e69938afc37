package sock

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// These tests check structures that otherwise only the kernel sees, byte by byte, as on a
// little-endian machine.

func needLittleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the known bytes are those of a little-endian machine: run this on one")
	}
}

// <linux/if_alg.h>: the argument of sendmsg, as Python makes it. Item 119.
func TestAlgItemsLayout(t *testing.T) {
	needLittleEndian(t)
	if controlAlign != 8 {
		t.Skip("the known bytes are those of 64-bit Linux: run this there")
	}
	op, iv, assoc := "1400000000000000 17010000 03000000 ", "2000000000000000 17010000 02000000 ", "1400000000000000 17010000 04000000 "
	for _, tt := range []struct {
		name         string
		op, assoclen int
		iv           []byte
		want         string
	}{
		{"op alone", 1, 0, nil, op + "01000000 00000000"},
		{"an empty iv", 0, 0, []byte{}, op + "00000000 00000000" + "1800000000000000 17010000 02000000 00000000 00000000"},
		// 16 bytes of header, 4 of length, 5 of iv and 7 of padding are 32; CMSG_LEN would give 25.
		{"all, in this order", 1, 258, []byte("five!"), op + "01000000 00000000" + iv + "05000000 66697665 21000000 00000000" + assoc + "02010000 00000000"},
	} {
		b := appendAlgControl(nil, tt.op, tt.iv, tt.assoclen)
		if got, want := hex.EncodeToString(b), strings.ReplaceAll(tt.want, " ", ""); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

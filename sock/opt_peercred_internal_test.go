package sock

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// The structures with the credentials of a peer, byte by byte: <sys/un.h> of NetBSD,
// <sys/socket.h> of Linux and OpenBSD, <sys/ucred.h> of the others.
func TestPeerCredRules(t *testing.T) {
	const pid, uid, gid = 7, 1000, 1001
	nobody := uint32(math.MaxUint32)
	ints := func(list ...uint32) (b []byte) {
		for _, v := range list {
			b = binary.NativeEndian.AppendUint32(b, v)
		}
		return b
	}
	xucred := func(groups ...uint32) []byte {
		b := ints(0, uid) // XUCRED_VERSION is 0
		b = binary.NativeEndian.AppendUint16(b, uint16(len(groups)))
		b = append(b, 0, 0)
		return append(b, ints(slices.Concat(groups, make([]uint32, 16-len(groups)))...)...)
	}
	withPID := xucred(gid, 5)
	for pointer := int(unsafe.Sizeof(uintptr(0))); len(withPID)%pointer != 0; {
		withPID = append(withPID, 0)
	}
	withPID = append(withPID, ints(pid, 0)...)
	for _, tt := range []struct {
		system string
		data   []byte
		want   Ucred
	}{
		{"linux", ints(pid, uid, gid), Ucred{pid, uid, gid}},
		{"netbsd", ints(pid, uid, gid), Ucred{pid, uid, gid}},
		{"openbsd", ints(uid, gid, pid), Ucred{pid, uid, gid}},
		{"darwin", xucred(gid), Ucred{0, uid, gid}},
		{"dragonfly", xucred(gid), Ucred{0, uid, gid}},
		{"freebsd", withPID, Ucred{pid, uid, gid}},
		{"freebsd", xucred(), Ucred{0, uid, -1}},                               // before FreeBSD 13, and no group
		{"linux", ints(0, nobody, nobody), Ucred{0, int(nobody), int(nobody)}}, // of a socket that is not connected
	} {
		rule := peerCreds[tt.system]
		if len(tt.data) < rule.length || len(tt.data) > max(rule.length, rule.most) {
			t.Errorf("%s: the structure has %d bytes, and the rule %d to %d", tt.system, len(tt.data), rule.length, rule.most)
		}
		if got := rule.decode(tt.data); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.system, got, tt.want)
		}
	}
}

package sock

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"github.com/polluxio/pollux/families"
)

// The structures with the credentials of the sender, of FreeBSD and NetBSD, on a little-endian
// machine.
func TestSockCredBytes(t *testing.T) {
	if bigEndian {
		t.Skip("the known bytes are those of a little-endian machine: run this on one")
	}
	cmsgcred := "07000000" + "e8030000" + "00000000" + "e9030000" + "0200" + "0000" + "e9030000" + "05000000"
	for len(cmsgcred) < 2*84 {
		cmsgcred += "00000000"
	}
	sockcred := "07000000" + "e8030000" + "00000000" + "e9030000" + "05000000" + "02000000" + "e9030000" + "05000000"
	for _, tt := range []struct {
		name   string
		decode func([]byte) (SockCred, bool)
		data   string
		want   SockCred
		ok     bool
	}{
		{"struct cmsgcred", decodeCmsgcred, cmsgcred, SockCred{7, 1000, 0, 1001, -1, []int{1001, 5}}, true},
		{"a short one", decodeCmsgcred, cmsgcred[:160], SockCred{}, false},
		{"struct sockcred", decodeSockcred, sockcred, SockCred{7, 1000, 0, 1001, 5, []int{1001, 5}}, true},
		{"without a group", decodeSockcred, sockcred[:40] + "00000000", SockCred{7, 1000, 0, 1001, 5, []int{}}, true},
		{"a short one", decodeSockcred, sockcred[:40], SockCred{}, false},
	} {
		b, err := hex.DecodeString(tt.data)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tt.decode(b); ok != tt.ok || ok && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	for _, groups := range []uint32{3, 1 << 30, 1 << 31, 0xffffffff} { // more groups than the data holds
		b, _ := hex.DecodeString(sockcred)
		binary.NativeEndian.PutUint32(b[20:], groups)
		if got, ok := decodeSockcred(b); ok {
			t.Errorf("%d groups: %+v", groups, got)
		}
	}
}

// Each system's items with credentials, by their type and length.
func TestSockCredOfEachSystem(t *testing.T) {
	was := numbers
	defer func() { numbers = was }()
	plain := int32s(1000, 0, 1001, 5, 2, 1001, 5) // uid, euid, gid, egid, 2 groups
	sent := make([]byte, cmsgcredLen)
	copy(sent, int32s(7, 1000, 0, 1001, 0)) // pid, uid, euid, gid, no groups
	kernels, senders := SockCred{7, 1000, 0, 1001, 5, []int{1001, 5}}, SockCred{7, 1000, 0, 1001, -1, []int{}}
	without := kernels
	without.PID = -1
	for _, tt := range []struct {
		goos string
		typ  int
		data []byte
		want SockCred
		ok   bool
	}{
		{"freebsd", 8, append(int32s(0, 7), plain...), kernels, true}, // SCM_CREDS2, with its version
		{"freebsd", 3, plain, without, true},                          // SCM_CREDS after LOCAL_CREDS
		{"freebsd", 3, sent, senders, true},                           // SCM_CREDS from the sender
		{"dragonfly", 3, sent, senders, true},
		{"dragonfly", 3, plain, SockCred{}, false},
		{"netbsd", 16, append(int32s(7), plain...), kernels, true},
		{"netbsd", 4, plain, without, true},
		{"openbsd", 3, plain, SockCred{}, false},
		{"darwin", 3, plain, SockCred{}, false},
	} {
		numbers = controlNumbersOf[tt.goos]
		got, ok := Control{SOL_SOCKET, tt.typ, tt.data}.SockCred()
		if ok != tt.ok || ok && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s, type %d: %+v, %v; want %+v, %v", tt.goos, tt.typ, got, ok, tt.want, tt.ok)
		}
	}
}

// The forms of in_pktinfo on the different systems.
func TestPktInfoOfEachSystem(t *testing.T) {
	was := numbers
	defer func() { numbers = was }()
	for goos := range controlNumbersOf {
		numbers = controlNumbersOf[goos]
		want := PktInfo{Interface: 3, Local: netip.MustParseAddr("10.1.2.3")}
		got, ok := want.Control().PktInfo()
		if numbers.pktinfo == 0 {
			want.Interface = 0 // this form has the address only
		}
		if !ok || got.Interface != want.Interface || got.Local != want.Local {
			t.Errorf("%s: %+v, %v; want %+v", goos, got, ok, want)
		}
		for _, short := range [][]byte{nil, make([]byte, 3), make([]byte, 13)} {
			if got, ok := (Control{IPPROTO_IP, want.Control().Type, short}).PktInfo(); ok {
				t.Errorf("%s: %d bytes: %+v", goos, len(short), got)
			}
		}
		for _, c := range []Control{{IPPROTO_IP, numbers.ttl, []byte{9}}, {IPPROTO_IP, IP_TTL, int32s(9)}} {
			if ttl, ok := c.TTL(); numbers.ttl != 0 && (ttl != 9 || !ok) {
				t.Errorf("%s: %v: %d, %v", goos, c, ttl, ok)
			}
		}
	}
}

// If the address of a received message cannot be read, the descriptors of the message are closed:
// item 112.
func TestRightsOfBadMessage(t *testing.T) {
	if msgErrqueue == 0 {
		t.Skip("no descriptors here: write the poller of this system")
	}
	fds, err := sysSocketpair(int(AF_UNIX), int(SOCK_STREAM), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sysClose(fds[1])
	control, err := AppendControl(nil, Rights{fds[0]}.Control())
	if err != nil {
		t.Fatal(err)
	}
	o := new(msgOp)
	o.s = &core{family: int32(AF_INET)}
	o.control, o.got, o.buffers = control, len(control), [][]byte{nil}
	binary.NativeEndian.PutUint16(o.sa[:], uint16(AF_INET))
	o.salen = 3 // cut
	var bad *families.AddrError
	_, err = o.message()
	if !errors.As(err, &bad) {
		t.Errorf("%v, want an *AddrError", err)
	}
	if err := sysSetNonblock(fds[0], true); err == nil {
		t.Error("the descriptor is still open")
		sysClose(fds[0])
	}
}

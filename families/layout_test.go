//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows

package families_test

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/polluxio/pollux/families"
)

// The layout of Host equals that of package syscall for this system.
func TestLayout(t *testing.T) {
	var buf [families.MaxSockaddr]byte
	encode := func(a families.Addr) (unsafe.Pointer, int) {
		n, err := families.Host.Encode(buf[:], a)
		if err != nil {
			t.Fatal(err)
		}
		return unsafe.Pointer(&buf), n
	}

	p, n := encode(families.Inet("1.2.3.4", 0x0506))
	in := (*syscall.RawSockaddrInet4)(p)
	if n != int(unsafe.Sizeof(*in)) || in.Family != syscall.AF_INET || portBytes(&in.Port) != [2]byte{5, 6} || in.Addr != [4]byte{1, 2, 3, 4} {
		t.Errorf("sockaddr_in of %d bytes: %+v", n, *in)
	}

	p, n = encode(families.Inet6Scoped("0102:0304:0506:0708:090a:0b0c:0d0e:0f10", 0x0506, 0x70809, 0x0a0b0c0d))
	in6 := (*syscall.RawSockaddrInet6)(p)
	flow := *(*[4]byte)(unsafe.Pointer(&in6.Flowinfo))
	if n != int(unsafe.Sizeof(*in6)) || in6.Family != syscall.AF_INET6 || portBytes(&in6.Port) != [2]byte{5, 6} ||
		flow != [4]byte{0, 7, 8, 9} || in6.Scope_id != 0x0a0b0c0d ||
		in6.Addr != [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16} {
		t.Errorf("sockaddr_in6 of %d bytes: %+v", n, *in6)
	}

	p, n = encode(families.Unix("ab"))
	un := (*syscall.RawSockaddrUnix)(p)
	if n != int(unsafe.Offsetof(un.Path))+3 || un.Family != syscall.AF_UNIX || un.Path[0] != 'a' || un.Path[1] != 'b' || un.Path[2] != 0 {
		t.Errorf("sockaddr_un of %d bytes: %+v", n, *un)
	}
	longest := make([]byte, len(un.Path)-1)
	for i := range longest {
		longest[i] = 'a'
	}
	if _, n := encode(families.Unix(string(longest))); n != int(unsafe.Sizeof(*un)) {
		t.Errorf("the longest path has a sockaddr_un of %d bytes, want %d", n, unsafe.Sizeof(*un))
	}
}

func portBytes(p *uint16) [2]byte { return *(*[2]byte)(unsafe.Pointer(p)) }

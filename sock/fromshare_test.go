package sock

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"testing"
)

// All systems read a description in the same way. Its size is checked before the system is called.
func TestSharedSocket(t *testing.T) { // items 22, 81
	data := make([]byte, ShareSize)
	for i, v := range map[int]int32{76: 23, 80: 28, 84: 28, 88: 1, 92: 6} { // as for socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP)
		binary.LittleEndian.PutUint32(data[i:], uint32(v))
	}
	if family, typ, proto, err := sharedSocket(data); family != 23 || typ != 1 || proto != 6 || err != nil {
		t.Errorf("family %d, type %d, proto %d, %v", family, typ, proto, err)
	}
	for _, size := range []int{0, 1, 372, 627, 629} {
		var arg *ArgError
		if s, err := FromShare(make([]byte, size)); s != nil || !errors.As(err, &arg) ||
			arg.Rule != "socket descriptor string has wrong size, should be 628 bytes." {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestShareUnsupported(t *testing.T) { // items 22, 81
	if runtime.GOOS == "windows" {
		t.Skip("Windows has it: TestShare and TestIoctl are of that")
	}
	if s, err := FromShare(make([]byte, ShareSize)); s != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromShare: %v, want ErrUnsupported", err)
	}
	s, err := New(-1, -1, -1)
	if err != nil {
		t.Skip("until there is a poller:", err)
	}
	defer s.Close()
	if data, err := s.Share(os.Getpid()); data != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Share: %v, want ErrUnsupported", err)
	}
	var arg *ArgError
	if _, err := s.Share(-1); !errors.As(err, &arg) {
		t.Errorf("Share(-1): %v, want an ArgError", err)
	}
}

func FuzzSharedSocket(f *testing.F) { // item 81
	f.Add([]byte{})
	f.Add(make([]byte, ShareSize))
	f.Fuzz(func(t *testing.T, data []byte) {
		family, typ, proto, err := sharedSocket(data)
		if (err == nil) != (len(data) == ShareSize) || err != nil && (family != 0 || typ != 0 || proto != 0) {
			t.Errorf("%d bytes: %d, %d, %d, %v", len(data), family, typ, proto, err)
		}
	})
}

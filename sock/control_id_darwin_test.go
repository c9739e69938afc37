package sock

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel knows the control of tunnels, and no control of an unknown name: item 204.
func TestControlID(t *testing.T) {
	fd, err := unix.Socket(unix.AF_SYSTEM, unix.SOCK_DGRAM, int(SYSPROTO_CONTROL))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if id, err := sysControlID(fd, "com.apple.net.utun_control"); id == 0 || err != nil {
		t.Errorf("utun: %d, %v", id, err)
	}
	for _, name := range []string{"com.example.nosuch", strings.Repeat("x", 96)} {
		if id, err := sysControlID(fd, name); !errors.Is(err, unix.ENOENT) {
			t.Errorf("%q: %d, %v; want ENOENT", name, id, err)
		}
	}
}

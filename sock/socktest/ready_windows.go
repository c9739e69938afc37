package socktest

import (
	"testing"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/sock"

	"golang.org/x/sys/windows"
)

var procSelect = windows.NewLazySystemDLL("ws2_32.dll").NewProc("select")

// AwaitReadable waits until select reports that s is ready for receiving or accepting. It does not
// put the socket on a loop.
func AwaitReadable(t testing.TB, s *sock.Socket) { awaitReady(t, s, 0, "readable") }

// AwaitWritable is AwaitReadable for sending and connecting. It also ends after a connect that has
// failed.
func AwaitWritable(t testing.TB, s *sock.Socket) { awaitReady(t, s, 1, "writable") }

// awaitReady passes one struct fd_set each for reading, writing and exceptions: a count and a
// SOCKET. An empty set has the same effect as no set.
func awaitReady(t testing.TB, s *sock.Socket, which int, what string) {
	t.Helper()
	fd := uintptr(s.Fileno())
	sets := [3][2]uintptr{2: {1, fd}}
	sets[which] = [2]uintptr{1, fd}
	wait := [2]int32{int32(Patience / time.Second), 0} // struct timeval with two longs
	n, _, err := procSelect.Call(0, uintptr(unsafe.Pointer(&sets[0])), uintptr(unsafe.Pointer(&sets[1])),
		uintptr(unsafe.Pointer(&sets[2])), uintptr(unsafe.Pointer(&wait)))
	switch int32(n) {
	case -1:
		t.Fatal("select:", err)
	case 0:
		t.Fatalf("%v is not %s within %v", s, what, Patience)
	}
}

package socktest

import (
	"testing"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/sock"

	"golang.org/x/sys/windows"
)

var procSelect = windows.NewLazySystemDLL("ws2_32.dll").NewProc("select")

// AwaitReadable waits until select says that receiving or accepting is worth an attempt. The socket
// is not put on a loop by it.
func AwaitReadable(t testing.TB, s *sock.Socket) { awaitReady(t, s, 0, "readable") }

// AwaitWritable is AwaitReadable for sending and connecting, also for a connect that has failed.
func AwaitWritable(t testing.TB, s *sock.Socket) { awaitReady(t, s, 1, "writable") }

// awaitReady has one struct fd_set for each of reading, writing and exceptions: a count, and a
// SOCKET. An empty one is the same as none.
func awaitReady(t testing.TB, s *sock.Socket, which int, what string) {
	t.Helper()
	fd := uintptr(s.Fileno())
	sets := [3][2]uintptr{2: {1, fd}}
	sets[which] = [2]uintptr{1, fd}
	wait := [2]int32{int32(Patience / time.Second), 0} // struct timeval of two longs
	n, _, err := procSelect.Call(0, uintptr(unsafe.Pointer(&sets[0])), uintptr(unsafe.Pointer(&sets[1])),
		uintptr(unsafe.Pointer(&sets[2])), uintptr(unsafe.Pointer(&wait)))
	switch int32(n) {
	case -1:
		t.Fatal("select:", err)
	case 0:
		t.Fatalf("%v is not %s within %v", s, what, Patience)
	}
}

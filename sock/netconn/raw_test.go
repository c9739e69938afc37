package netconn_test

import (
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/socktest"
)

// A RawConn waits as the connection does: its functions run once the descriptor is ready, and end
// by the deadlines of the connection.
func TestSyscallConn(t *testing.T) {
	socktest.Check(t)
	a, b := pair(t, "tcp")
	raw, err := a.SyscallConn()
	socktest.Must(t, err)
	p := make([]byte, 10)
	n := 0
	reading := socktest.Start(func() error {
		return raw.Read(func(fd uintptr) bool {
			var err error
			n, err = socktest.Recv(int(fd), p, 0)
			return err != socktest.WouldBlock
		})
	})
	socktest.AwaitWaiting(t, a.Socket())
	_, err = b.Write([]byte("raw"))
	socktest.Must(t, err)
	socktest.Must(t, reading.Wait(t))
	if string(p[:n]) != "raw" {
		t.Errorf("%q", p[:n])
	}
	wrote := false
	socktest.Must(t, raw.Write(func(uintptr) bool { wrote = true; return true }))
	if !wrote {
		t.Error("Write has not called its function")
	}
	socktest.Must(t, a.SetReadDeadline(time.Unix(1, 0)))
	if err := raw.Read(func(uintptr) bool { return false }); err == nil {
		t.Error("no error beyond the deadline")
	}
	ln := listen(t, "tcp")
	raw, err = ln.SyscallConn()
	socktest.Must(t, err)
	called := false
	socktest.Must(t, raw.Control(func(fd uintptr) { called = fd > 0 }))
	if !called {
		t.Error("Control of the listener has not called its function")
	}
	socktest.Must(t, ln.Close())
	_, err = ln.SyscallConn()
	wantOp(t, err, "raw-control", "tcp", net.ErrClosed)
}

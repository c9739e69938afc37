package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// RawConn.Read calls its function at once, even if the lane is known to be empty. Database drivers
// check in this way whether a connection is alive (connCheck of go-redis and of go-sql-driver).
func TestRawConnLooksAtOnce(t *testing.T) {
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		// Both sockets join a loop, and after the receive the lane is blocked.
		call := socktest.Start(func() error { _, err := a.Recv(100, 0); return err })
		socktest.AwaitWaiting(t, a)
		_, err := b.Send([]byte("hello"), 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
		raw, err := a.SyscallConn()
		socktest.Must(t, err)
		for range 3 {
			var looked error
			call = socktest.Start(func() error {
				return raw.Read(func(fd uintptr) bool {
					_, looked = socktest.Recv(int(fd), make([]byte, 1), sock.MSG_PEEK)
					return true
				})
			})
			socktest.Must(t, call.Wait(t))
			if looked != socktest.WouldBlock {
				t.Errorf("it found %v, want %v", looked, socktest.WouldBlock)
			}
		}
		// It waits if its function asks for that, beside another call that waits.
		other := socktest.Start(func() error { _, err := a.Recv(1, sock.MSG_PEEK); return err })
		tries := make(chan int, 100)
		call = socktest.Start(func() error {
			n := 0
			return raw.Read(func(fd uintptr) bool {
				n++
				tries <- n
				_, err := socktest.Recv(int(fd), make([]byte, 1), sock.MSG_PEEK)
				return err != socktest.WouldBlock
			})
		})
		<-tries
		_, err = b.Send([]byte("again"), 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
		socktest.Must(t, other.Wait(t))
	})
}

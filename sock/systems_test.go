package sock_test

import (
	"runtime"
	"testing"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The table of internal/systems is right about the system that this test runs on.
func TestSystems(t *testing.T) {
	for q, situation := range map[systems.Question]func(t *testing.T) error{
		systems.ConnectAfterSuccess: func(t *testing.T) error {
			a, _ := socktest.TCP.Pair(t)
			a.Connect(sock.Inet("127.0.0.1", 1)) // may be the success that Linux reports once
			return a.Connect(sock.Inet("127.0.0.1", 1))
		},
		systems.BacklogFullUnix: func(t *testing.T) error {
			_, at := socktest.UnixStream.Listener(t)
			for range 300 {
				c := socktest.UnixStream.New(t)
				socktest.Must(t, c.SetTimeout(0))
				if err := c.Connect(at); err != nil {
					return err
				}
			}
			return nil
		},
		systems.SendTooLong: func(t *testing.T) error {
			a, _ := socktest.UDP.Pair(t)
			_, err := a.Send(make([]byte, 70000), 0)
			return err
		},
		systems.SendToWhenConnected: func(t *testing.T) error {
			a, b := socktest.UDP.Pair(t)
			_, err := a.Sendto(hello, 0, socktest.Name(t, b))
			return err
		},
		systems.SendUnaddressed: func(t *testing.T) error {
			_, err := socktest.UDP.New(t).Send(hello, 0)
			return err
		},
		systems.SendToFullUnixQueue: func(t *testing.T) error {
			a, _ := socktest.UnixDatagram.Pair(t)
			socktest.Must(t, a.SetTimeout(0))
			for {
				if _, err := a.Send(hello, 0); err != nil {
					return err
				}
			}
		},
		systems.ShutdownNotConnected: func(t *testing.T) error { return socktest.TCP.New(t).Shutdown(sock.SHUT_RDWR) },
		systems.SendAfterShutdown: func(t *testing.T) error {
			a, _ := socktest.TCP.Pair(t)
			socktest.Must(t, a.Shutdown(sock.SHUT_WR))
			_, err := a.Send(hello, 0)
			return err
		},
		systems.ReceiveAfterReset: func(t *testing.T) error {
			a, b := socktest.TCP.Pair(t)
			socktest.Must(t, a.SetTimeout(socktest.Patience))
			socktest.Must(t, b.SetLinger(sock.Linger{On: true}))
			socktest.Must(t, b.Close())
			_, err := a.Recv(10, 0)
			return err
		},
		systems.ReceiveNotConnected: func(t *testing.T) error {
			_, err := socktest.TCP.New(t).Recv(10, 0)
			return err
		},
	} {
		t.Run(string(q), func(t *testing.T) {
			socktest.Check(t)
			switch q {
			case systems.SendUnaddressed:
				socktest.SkipOnWine(t, "EINVAL")
			case systems.ReceiveAfterReset:
				socktest.SkipOnWine(t, "the end, and not the error")
			}
			a, ok := systems.Of(runtime.GOOS, q)
			want, known := a.Errnos()
			if !ok || !known {
				t.Skipf("the table says %q of %s", a.Says, runtime.GOOS)
			}
			if err := situation(t); !want.Has(err) {
				t.Errorf("%v, want %s (%s)", err, a.Says, a.Source)
			}
		})
	}
}

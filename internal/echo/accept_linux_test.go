package echo

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Of an error of accept, the server knows whether the listener has ended or one connection has.
func TestAcceptEnded(t *testing.T) {
	for err, want := range map[error]bool{
		net.ErrClosed:        true,
		syscall.EINVAL:       true, // it does not listen any more
		syscall.EBADF:        true,
		syscall.ENOTSOCK:     true,
		syscall.EOPNOTSUPP:   true,
		syscall.EPERM:        false, // a firewall
		syscall.ECONNABORTED: false,
		syscall.EPROTO:       false,
		syscall.ENETDOWN:     false, // accept(2): errors that the new connection had
		syscall.EHOSTUNREACH: false,
	} {
		wrapped := &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
		if got := new(Server).acceptEnded(wrapped); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

// A server whose listener is shut down accepts no more, in each mode, and its connections go on.
func TestListenerShutDown(t *testing.T) {
	for _, mode := range Modes {
		t.Run(mode, func(t *testing.T) {
			s, err := Listen(Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0), Loops: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Drain(10 * time.Second)
			a, err := s.Addr()
			if err != nil {
				t.Fatal(err)
			}
			c, err := net.Dial("tcp", a.String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(10 * time.Second))
			echoes := func(text string) error {
				if _, err := c.Write([]byte(text)); err != nil {
					return err
				}
				p := make([]byte, len(text))
				if _, err := c.Read(p); err != nil || string(p) != text {
					return fmt.Errorf("%q came back as %q: %w", text, p, err)
				}
				return nil
			}
			if err := echoes("before"); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Shutdown(s.ln.Fileno(), syscall.SHUT_RD); err != nil {
				t.Fatal(err)
			}
			live := func() int { // the connections, and the listener while it accepts
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.live
			}
			socktest.Await(t, "the server accepts no more", func() bool { return live() == 1 })
			if err := echoes("after"); err != nil {
				t.Error(err)
			}
		})
	}
}

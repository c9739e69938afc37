package sock_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// exhaust takes all descriptors of this process. giveBack releases some.
func exhaust(t *testing.T) (giveBack func()) {
	t.Helper()
	var limit unix.Rlimit
	socktest.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	lower := limit
	lower.Cur = 256
	socktest.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &lower))
	var fds []int
	giveBack = func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
		fds = nil
		unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	t.Cleanup(giveBack)
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EMFILE || err == unix.EINVAL {
			return giveBack
		}
		socktest.Must(t, err)
		fds = append(fds, fd)
	}
}

// pending returns a listener with a connection in its backlog.
func pending(t *testing.T) *sock.Socket {
	t.Helper()
	ln, addr := socktest.TCP.Listener(t)
	socktest.Must(t, socktest.TCP.New(t).Connect(addr))
	socktest.AwaitReadable(t, ln)
	return ln
}

// Accept does not fail when the process has no descriptor left. It continues when there is one
// again. In Python it fails with EMFILE.
func TestAcceptBacksOff(t *testing.T) {
	for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
		t.Run(modeName(mode), func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				said := captureStderr(t)
				ln := pending(t)
				socktest.Must(t, ln.SetTimeout(mode))
				giveBack := exhaust(t)
				call := socktest.Start(func() error {
					c, _, err := w.On(ln).Accept()
					if err == nil {
						err = c.Close()
					}
					return err
				})
				socktest.AwaitWaiting(t, ln)
				if call.Done() {
					t.Fatal("it did not wait: ", call.Wait(t))
				}
				giveBack()
				socktest.Must(t, call.Wait(t))
				told := make(chan struct{}) // wait for the loop, which writes its log line in its own time
				socktest.Must(t, ln.Loop().Post(func() { close(told) }))
				select {
				case <-told:
				case <-time.After(socktest.Patience):
					t.Fatal("the loop does not run what was posted")
				}
				if text := said(); !strings.Contains(text, "backs off") || !strings.Contains(text, "too many open files") {
					t.Errorf("the log says nothing of it: %q", text)
				}
			})
		})
	}
}

// An Accept that must not wait fails with the reason.
func TestAcceptWithoutDescriptors(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln := pending(t)
		socktest.Must(t, ln.SetTimeout(0))
		giveBack := exhaust(t)
		if c, _, err := w.On(ln).Accept(); !errors.Is(err, syscall.EMFILE) || c != nil {
			t.Errorf("%v, want EMFILE", err)
		}
		giveBack()
		c, _, err := w.On(ln).Accept()
		socktest.Must(t, err)
		c.Close()
	})
}

// A handler is not called for the missing descriptors. It is called again when an attempt may
// succeed, because the waiting connection causes no new edge.
func TestWatchedAcceptBacksOff(t *testing.T) {
	socktest.Check(t)
	said := captureStderr(t)
	ln := pending(t)
	h := newHandler()
	results := make(chan error, 1000)
	h.readable = func(s *sock.Socket) {
		c, _, err := s.Accept()
		closeIf(c)
		results <- err
	}
	giveBack := exhaust(t)
	socktest.Must(t, ln.Watch(nil, h))
	if err := socktest.Start(func() error { return <-results }).Wait(t); err != sock.ErrWouldBlock {
		t.Errorf("%v, want ErrWouldBlock", err)
	}
	giveBack()
	accepted := socktest.Start(func() error {
		for {
			if err := <-results; err != sock.ErrWouldBlock {
				return err
			}
		}
	})
	socktest.Must(t, accepted.Wait(t))
	if !strings.Contains(said(), "backs off") {
		t.Errorf("the log says nothing of it: %q", said())
	}
	ln.Close()
	h.end(t)
}

// All other operations fail at once.
func TestNoDescriptorsLeft(t *testing.T) { // item 14
	socktest.Check(t)
	s := socktest.TCP.New(t)
	defer exhaust(t)()
	_, newErr := sock.New(-1, -1, -1)
	_, dupErr := s.Dup()
	_, fromfdErr := sock.Fromfd(s.Fileno(), -1, -1, -1)
	_, _, pairErr := sock.Pair(-1, -1, -1)
	_, serverErr := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	for name, err := range map[string]error{
		"New": newErr, "Dup": dupErr, "Fromfd": fromfdErr, "Pair": pairErr, "CreateServer": serverErr,
	} {
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("%s: %v, want EMFILE", name, err)
		}
	}
}

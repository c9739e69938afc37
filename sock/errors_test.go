package sock_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// An error of the system is a *net.OpError around the errno.
func TestErrorOfTheSystem(t *testing.T) { // item 1
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		addr := refusing(t)
		err := w.On(socktest.TCP.New(t)).Connect(addr)
		var op *net.OpError
		if !errors.As(err, &op) {
			t.Fatalf("%v is a %T", err, err)
		}
		if op.Op != "connect" || op.Net != "tcp" || op.Addr != net.Addr(addr) || !errors.Is(op.Err, syscall.ECONNREFUSED) {
			t.Errorf("it says op %q, net %q, address %v", op.Op, op.Net, op.Addr)
		}
		if op.Source != nil && runtime.GOOS != "linux" { // Linux keeps the socket bound
			op.Source = nil
		}
		if want := "connect tcp " + addr.String() + ": " + sock.HostErrno(syscall.ECONNREFUSED).Error(); err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
		var ne net.Error
		if !errors.As(err, &ne) || ne.Timeout() {
			t.Errorf("%v is a timeout", err)
		}
	})
}

// In Python: TimeoutError "timed out", without an errno.
func TestErrorOfATimeout(t *testing.T) { // items 1, 42
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.UDP.New(t)
		socktest.Must(t, s.SetTimeout(time.Nanosecond))
		_, err := w.On(s).Recv(1, 0)
		var op *net.OpError
		var errno syscall.Errno
		if !errors.As(err, &op) || op.Err != os.ErrDeadlineExceeded || !op.Timeout() || errors.As(err, &errno) {
			t.Errorf("%v is a %T", err, err)
		}
		if want := "recv udp: i/o timeout"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	})
}

// In Python: BlockingIOError with EAGAIN.
func TestErrorOfNonBlocking(t *testing.T) { // items 1, 44
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.UDP.New(t)
		socktest.Must(t, s.SetTimeout(0))
		_, err := w.On(s).Recv(1, 0)
		for _, want := range []error{sock.ErrWouldBlock, syscall.EAGAIN, syscall.EWOULDBLOCK, loop.ErrAgain} {
			if !errors.Is(err, want) {
				t.Errorf("%v is not %v", err, want)
			}
		}
		for _, other := range []error{os.ErrDeadlineExceeded, net.ErrClosed, syscall.EINPROGRESS, context.Canceled} {
			if errors.Is(err, other) {
				t.Errorf("%v is %v", err, other)
			}
		}
	})
}

// In Python: EBADF.
func TestErrorOfClosed(t *testing.T) { // item 74
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.UDP.New(t)
		s.Close()
		_, err := w.On(s).Recv(1, 0)
		var op *net.OpError
		if !errors.As(err, &op) || op.Err != net.ErrClosed || op.Timeout() {
			t.Errorf("%v is a %T", err, err)
		}
		if want := "recv udp: use of closed network connection"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	})
}

func TestErrorOfCancel(t *testing.T) {
	socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.UDP.New(t)
		call := socktest.Start(func() error { _, err := w.On(s).Recv(1, 0); return err })
		socktest.AwaitWaiting(t, s)
		w.Cancel()
		err := call.Wait(t)
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "recv" || op.Err != context.Canceled {
			t.Errorf("%v is a %T", err, err)
		}
	})
}

// Each error names its operation and its family, each of them once.
func TestErrorSaysTheOperation(t *testing.T) { // item 6
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := socktest.UnixStream.New(t)
		s.Close()
		nowhere := sock.Unix("/nowhere")
		for want, err := range map[string]error{
			"recv":        func() error { _, err := w.On(s).Recv(1, 0); return err }(),
			"recvfrom":    func() error { _, _, err := w.On(s).Recvfrom(1, 0); return err }(),
			"send":        func() error { _, err := w.On(s).Send(hello, 0); return err }(),
			"sendall":     func() error { _, err := w.On(s).Sendall(hello, 0); return err }(),
			"sendto":      func() error { _, err := w.On(s).Sendto(hello, 0, nowhere); return err }(),
			"accept":      func() error { _, _, err := w.On(s).Accept(); return err }(),
			"connect":     w.On(s).Connect(nowhere),
			"bind":        s.Bind(nowhere),
			"listen":      s.Listen(1),
			"shutdown":    s.Shutdown(sock.SHUT_RD),
			"getsockname": func() error { _, err := s.Getsockname(); return err }(),
			"getpeername": func() error { _, err := s.Getpeername(); return err }(),
			"getsockopt":  func() error { _, err := s.Getsockopt(0, 0); return err }(),
			"setsockopt":  s.Setsockopt(0, 0, 0),
			"settimeout":  s.SetTimeout(0),
			"dup":         func() error { _, err := s.Dup(); return err }(),
		} {
			var op, inner *net.OpError
			switch {
			case !errors.As(err, &op) || op.Op != want || op.Net != "unix":
				t.Errorf("%v, want a *net.OpError of %s", err, want)
			case errors.As(op.Err, &inner):
				t.Errorf("%s: %v is wrapped twice", want, err)
			}
		}
	})
}

func TestErrorOfAnUnknownHost(t *testing.T) { // items 1, 2
	socktest.Check(t)
	err := socktest.UDP.New(t).Bind(sock.Inet("no such host", 0))
	var gai *sock.GaiError
	var dns *net.DNSError
	if !errors.As(err, &gai) || gai.Code != sock.EAI_NONAME || !errors.As(err, &dns) || !dns.IsNotFound {
		t.Fatalf("%v", err)
	}
	if !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) || errors.Is(err, &sock.GaiError{Code: sock.EAI_AGAIN}) {
		t.Errorf("%v is of another code", err)
	}
}

// The texts are those of Python, where Python has one.
func TestArgErrorText(t *testing.T) { // item 5
	socktest.Check(t)
	s := socktest.UDP.New(t)
	for _, test := range []struct {
		err  error
		want string
	}{
		{func() error { _, err := s.Recv(-1, 0); return err }(), "negative buffersize in recv"},
		{func() error { _, err := s.GetsockoptBytes(0, 0, 1025); return err }(), "getsockopt buflen out of range"},
		{s.SetTimeout(-1), "Timeout value out of range"},
		{func() error { _, err := sock.Adopt(-1, 0, 0, 0); return err }(), "negative file descriptor"},
		{s.Bind(sock.Inet("", -1)), "port must be 0-65535"},
		{s.Bind(families.Inet6Scoped("", 0, 1<<20, 0)), "address family mismatched"},
		{s.Bind(sock.Inet("a\x00b", 0)), "host name must not contain null character"},
	} {
		var op *net.OpError
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) || !errors.As(test.err, &op) {
			t.Errorf("%v, want %q", test.err, test.want)
		}
	}
}

// An error without a known family names no family.
func TestErrorWithoutFamily(t *testing.T) {
	_, err := sock.CreateConnection("127.0.0.1", -1, nil)
	if want := "create_connection: port must be 0-65535. (port is -1)"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

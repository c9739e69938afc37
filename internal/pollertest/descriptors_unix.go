//go:build unix

package pollertest

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"golang.org/x/sys/unix"
)

// The descriptors that the tests watch. They are bare and non-blocking, and Go's own poller does
// not know them.

// An address is that of a TCP socket.
type address = unix.Sockaddr

const (
	shutRead  = unix.SHUT_RD
	shutWrite = unix.SHUT_WR
	shutBoth  = unix.SHUT_RDWR

	hasLocalPairs = true

	errAgain   = unix.EAGAIN
	errRefused = unix.ECONNREFUSED
	errExists  = unix.EEXIST
	errFile    = unix.EPERM
	errNotOpen = unix.EBADF
	errAbsent  = unix.ENOENT
	errNoRoom  = unix.EINVAL
)

// Pair returns two connected stream sockets, which are closed with the test.
func Pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socketpair: %v", err)
	}
	for _, fd := range fds {
		t.Cleanup(func() { unix.Close(fd) }) // EBADF if the test has closed it
		prepare(t, fd)
	}
	return fds[0], fds[1]
}

func prepare(t *testing.T, fd int) {
	t.Helper()
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
}

// stream returns a TCP socket that is not connected.
func stream(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socket: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	prepare(t, fd)
	return fd
}

// bound returns a TCP socket that is bound to the loopback.
func bound(t *testing.T) int {
	t.Helper()
	fd := stream(t)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("bind: %v", err)
	}
	return fd
}

// listen makes a bound socket listen, and returns its address.
func listen(t *testing.T, fd int) address {
	t.Helper()
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatalf("listen: %v", err)
	}
	return nameOf(t, fd)
}

// nameOf returns the address of a bound socket.
func nameOf(t *testing.T, fd int) address {
	t.Helper()
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatalf("getsockname: %v", err)
	}
	return at
}

// connect begins to connect.
func connect(t *testing.T, fd int, at address) {
	t.Helper()
	if err := unix.Connect(fd, at); err != nil && err != unix.EINPROGRESS {
		t.Skipf("connect ended at once: %v; only one that goes on makes an event: run this where loopback connects go on", err)
	}
}

func accept(ln int) (int, error) {
	fd, _, err := unix.Accept(ln)
	return fd, err
}

// pendingError returns the error in SO_ERROR, or nil.
func pendingError(t *testing.T, fd int) error {
	t.Helper()
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		t.Fatal(err)
	}
	if errno == 0 {
		return nil
	}
	return unix.Errno(errno)
}

func sendUrgent(t *testing.T, fd int) {
	t.Helper()
	if err := unix.Sendmsg(fd, []byte("!"), nil, nil, unix.MSG_OOB); err != nil {
		t.Fatalf("sendmsg: %v", err)
	}
}

func send(fd int, p string) (int, error)    { return unix.Write(fd, []byte(p)) }
func receive(fd int, p []byte) (int, error) { return unix.Read(fd, p) }
func peek(fd int, p []byte) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, unix.MSG_PEEK)
	return n, err
}
func closeFD(fd int) error       { return unix.Close(fd) }
func shutdown(fd, how int) error { return unix.Shutdown(fd, how) }

// reset closes b so that the connection is reset.
func reset(_, b int) error {
	return errors.Join(unix.SetsockoptLinger(b, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}), unix.Close(b))
}

// limit skips the test if the process may not have so many descriptors.
func limit(t *testing.T, descriptors uint64) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if uint64(limit.Cur) < descriptors+200 {
		t.Skipf("%d open files are allowed: raise the limit (ulimit -n) to %d", limit.Cur, descriptors+200)
	}
}

// If the kernel reports only a hang-up or an error, the poller must still report the direction: the
// user's next attempt then finds the end.
func testHangupOfPipe(t *testing.T, open opener) {
	for _, tt := range []struct {
		name       string
		end, other int // of the pipe
		want       pollux.Ready
	}{
		{"writer closed", 0, 1, pollux.Readable | pollux.Hangup},
		{"reader closed", 1, 0, pollux.Writable | pollux.Hangup},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := open(t)
			var pipe [2]int
			if err := unix.Pipe(pipe[:]); err != nil {
				t.Fatal(err)
			}
			for _, fd := range pipe {
				t.Cleanup(func() { closeFD(fd) })
				prepare(t, fd)
			}
			fill(t, pipe[1])
			read(t, pipe[0])
			if tt.end == 1 {
				fill(t, pipe[1]) // so that it is not writable
			}
			add(t, p, pipe[tt.end], mine)
			quiet(t, p, mine, ^pollux.Ready(0), "neither direction is ready")
			closeFD(pipe[tt.other])
			await(t, p, mine, tt.want)
			if err := p.Delete(pipe[tt.end], mine); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if err := p.Delete(pipe[tt.end], mine); err == nil {
				t.Error("the second Delete returned nil")
			}
		})
	}
}

var keepers = []keeper{
	{"one descriptor", func(*testing.T, int) {}},
	{"duplicate here", func(t *testing.T, fd int) {
		dup, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(dup) })
	}},
	{"duplicate in a child", inherit},
}

// child marks a process that holds its inherited descriptors until its standard input ends.
const child = "POLLUX_TEST_HOLD"

// inherit makes a child process hold a duplicate of fd.
func inherit(t *testing.T, fd int) {
	dup, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "inherited")
	defer file.Close()
	cmd := bare.Program(t, "-test.run=^$")
	cmd.Env = append(os.Environ(), child+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = []*os.File{file}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	})
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("child: %v", err)
	}
}

// Hold is for TestMain of a package that runs the suite: in the child of a test it waits until
// standard input ends, and ends the process.
func Hold() {
	if os.Getenv(child) == "" {
		return
	}
	os.Stdout.WriteString("+")
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

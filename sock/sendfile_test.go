package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// onDisk returns a regular file with this content, open and at its start.
func onDisk(t *testing.T, content []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(socktest.Dir(t), "file"))
	socktest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.WriteAt(content, 0)
	if errors.Is(err, syscall.ENOSPC) {
		t.Skipf("%v: run this where a file can have %d bytes", err, len(content))
	}
	socktest.Must(t, err)
	return f
}

// position returns the file's position.
func position(t *testing.T, f io.Seeker) int64 {
	t.Helper()
	at, err := f.Seek(0, io.SeekCurrent)
	socktest.Must(t, err)
	return at
}

// awaitSendfile waits until a Sendfile on a has sent something to b and waits for room.
func awaitSendfile(t *testing.T, a, b *sock.Socket) {
	t.Helper()
	if runtime.GOOS == "windows" { // TransmitFile waits itself, and not on a loop
		socktest.AwaitReadable(t, b)
		return
	}
	socktest.AwaitWaiting(t, a)
}

// noDescriptor is a file that has to be read.
type noDescriptor struct{ io.ReadSeeker }

func TestSendfile(t *testing.T) { testSendfile(t) } // items 131, 136, 137, 138, 240, 241

// The same on a system without such a call, as NetBSD and OpenBSD are.
func TestSendfileWithoutTheCall(t *testing.T) {
	refuse := func(func(to, from int, offset int64, n int) (int, error), int, int, int64, int) (int, error) {
		return 0, syscall.ENOSYS
	}
	sock.WithSendfile(refuse, func() { testSendfile(t) })
}

func testSendfile(t *testing.T) {
	content := pattern(300_000)
	size := int64(len(content))
	for _, test := range []struct {
		name          string
		offset, count int64
		want          []byte
		at            int64 // of the file, which stood at 1000
		read          []byte
		readAt        int64 // the same if it is read
	}{
		{"all", 0, -1, content, size, content[1000:], size - 1000},
		{"from an offset", 7, -1, content[7:], size, content[7:], size},
		{"a part", 100, 50_001, content[100:50_101], 50_101, content[100:50_101], 50_101},
		{"a part from the start", 0, 10, content[:10], 10, content[1000:1010], 10},
		{"all by count", 7, size - 7, content[7:], size, content[7:], size},
		{"beyond the end", size - 5, 100, content[size-5:], size, content[size-5:], size},
		{"nothing beyond the end", size + 5, -1, nil, 1000, nil, size + 5},
		{"nothing at the end", size, 1, nil, 1000, nil, size},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, k := range socktest.Streams {
				for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
					t.Run(k.Name+" "+modeName(mode), func(t *testing.T) {
						socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
							for _, read := range []bool{false, true} {
								f := onDisk(t, content)
								_, err := f.Seek(1000, io.SeekStart)
								socktest.Must(t, err)
								var file io.Reader = f
								want, at := test.want, test.at
								if read {
									file, want, at = noDescriptor{f}, test.read, test.readAt
								}
								a, b := k.Pair(t)
								socktest.Must(t, a.SetTimeout(mode))
								var got []byte
								call := socktest.Start(func() (err error) {
									got, err = collect(b, 64<<10)
									return err
								})
								n, err := w.On(a).Sendfile(file, test.offset, test.count)
								if n != int64(len(want)) || err != nil {
									t.Errorf("Sendfile = %d, %v, want %d", n, err, len(want))
								}
								a.Close()
								socktest.Must(t, call.Wait(t))
								if !bytes.Equal(got, want) {
									t.Errorf("read %v: %d bytes came, which are not the %d of the file", read, len(got), len(want))
								}
								if now := position(t, f); now != at {
									t.Errorf("read %v: the file stands at %d, want %d", read, now, at)
								}
								f.Close()
							}
						})
					})
				}
			}
		})
	}
}

func TestSendfileChecks(t *testing.T) { // items 132, 133, 139; that a file has a text mode, or count is no int, cannot be in Go
	socktest.Check(t)
	full, empty := onDisk(t, hello), onDisk(t, nil)
	closed := onDisk(t, hello)
	closed.Close()
	stream, _ := socktest.TCP.Pair(t)
	packets, peer := socktest.UnixSeqpacket.Pair(t)
	datagram := socktest.UDP.New(t)
	gone, _ := socktest.TCP.Pair(t)
	gone.Close()
	for _, test := range []struct {
		name          string
		s             *sock.Socket
		timeout       time.Duration
		file          io.Reader
		offset, count int64
		want          int64
		text          string // of the error
		is            error
	}{
		{"datagrams", datagram, sock.Forever, full, 0, 0, 0, "only SOCK_STREAM type sockets are supported", nil},
		{"packets", packets, sock.Forever, full, 0, -1, int64(len(hello)), "", nil},
		{"count 0", stream, sock.Forever, full, 0, 0, 0, "count must be a positive integer (got 0)", nil},
		{"count -2", stream, sock.Forever, empty, 0, -2, 0, "count must be a positive integer (got -2)", nil},
		{"count 0, non-blocking", stream, 0, full, 0, 0, 0, "count must be a positive integer (got 0)", nil},
		{"no file", stream, sock.Forever, nil, 0, -1, 0, "must not be nil", nil},
		{"non-blocking", stream, 0, full, 0, -1, 0, "non-blocking sockets are not supported", nil},
		{"non-blocking, read", stream, 0, strings.NewReader("x"), 0, -1, 0, "non-blocking sockets are not supported", nil},
		{"empty", stream, sock.Forever, empty, 0, -1, 0, "", nil},
		{"empty, non-blocking", stream, 0, empty, 0, -1, 0, "", nil},
		{"empty, closed socket", gone, sock.Forever, empty, 0, -1, 0, "", nil},
		{"closed socket", gone, sock.Forever, full, 0, -1, 0, "", net.ErrClosed},
		{"closed file", stream, sock.Forever, closed, 0, -1, 0, "", os.ErrClosed},
		{"negative offset", stream, sock.Forever, full, -1, -1, 0, "", syscall.EINVAL},
		{"negative offset, read", stream, sock.Forever, noDescriptor{full}, -1, -1, 0, "", syscall.EINVAL},
		{"no seek", stream, sock.Forever, iotest.OneByteReader(full), 1, -1, 0, "cannot seek", nil},
		{"failing file", stream, sock.Forever, iotest.ErrReader(io.ErrUnexpectedEOF), 0, -1, 0, "", io.ErrUnexpectedEOF},
		{"lying file", stream, sock.Forever, liar{}, 0, -1, 0, "more bytes than its buffer holds", nil},
		{"file without progress", stream, sock.Forever, mute{}, 0, -1, 0, "", io.ErrNoProgress},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Must(t, ignoreClosed(test.s.SetTimeout(test.timeout)))
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				n, err := w.On(test.s).Sendfile(test.file, test.offset, test.count)
				if n != test.want || (err != nil) != (test.text != "" || test.is != nil) {
					t.Fatalf("Sendfile = %d, %v", n, err)
				}
				if test.is != nil && !errors.Is(err, test.is) || err != nil && !strings.Contains(err.Error(), test.text) {
					t.Errorf("the error is %q, want %q %v", err, test.text, test.is)
				}
				var arg *sock.ArgError
				if test.text != "" && test.text != "more bytes than its buffer holds" && !errors.As(err, &arg) {
					t.Errorf("the error is a %T", err)
				}
				if test.s == packets {
					if p, err := peer.Recv(100, 0); string(p) != string(hello) {
						t.Errorf("%q came, %v", p, err)
					}
				}
			})
		})
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

type liar struct{}

func (liar) Read(p []byte) (int, error) { return len(p) + 1, nil }

type mute struct{}

func (mute) Read(p []byte) (int, error) { return 0, nil }

// Sendfile reads a file that the system cannot send from: a pipe, a connection, a plain reader, and
// a file that the system refuses.
func TestSendfileFallsBack(t *testing.T) { // items 133, 134, 138
	content := pattern(100_000)
	const few = 3000 // each byte is a system call, which is slow under Wine
	refuse := func(err error) func(t *testing.T, run func()) {
		return func(t *testing.T, run func()) {
			sock.WithSendfile(func(_ func(int, int, int64, int) (int, error), _, _ int, _ int64, _ int) (int, error) { return 0, err }, run)
		}
	}
	plain := func(_ *testing.T, run func()) { run() }
	for _, test := range []struct {
		name string
		file func(t *testing.T) io.Reader
		with func(t *testing.T, run func())
	}{
		{"pipe", func(t *testing.T) io.Reader {
			r, w, err := os.Pipe()
			socktest.Must(t, err)
			go func() {
				w.Write(content)
				w.Close()
			}()
			t.Cleanup(func() { r.Close() })
			return r
		}, plain},
		{"reader", func(*testing.T) io.Reader { return bytes.NewReader(content) }, plain},
		{"one byte at a time", func(*testing.T) io.Reader { return iotest.OneByteReader(bytes.NewReader(content[:few])) }, plain},
		{"end with the data", func(*testing.T) io.Reader { return iotest.DataErrReader(bytes.NewReader(content)) }, plain},
		{"refused", func(t *testing.T) io.Reader { return onDisk(t, content) }, refuse(syscall.EINVAL)},
		{"not there", func(t *testing.T) io.Reader { return onDisk(t, content) }, refuse(syscall.ENOSYS)},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, count := range []int64{-1, few - 1000, 200_000} {
				socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
					a, b := socktest.TCP.Pair(t)
					want := content
					if test.name == "one byte at a time" {
						want = content[:few]
					}
					if count > 0 {
						want = want[:min(count, int64(len(want)))]
					}
					var got []byte
					call := socktest.Start(func() (err error) {
						got, err = collect(b, 64<<10)
						return err
					})
					file := test.file(t)
					test.with(t, func() {
						if n, err := w.On(a).Sendfile(file, 0, count); n != int64(len(want)) || err != nil {
							t.Errorf("Sendfile = %d, %v, want %d", n, err, len(want))
						}
					})
					a.Close()
					socktest.Must(t, call.Wait(t))
					if !bytes.Equal(got, want) {
						t.Errorf("%d bytes came, which are not the %d of the file", len(got), len(want))
					}
					if f, ok := file.(*os.File); ok {
						io.Copy(io.Discard, f) // so that the writer of a pipe can finish
						f.Close()
					}
				})
			}
		})
	}
}

// An error after some bytes is the error of the call, also an error of the file. The position shows
// how much was sent.
func TestSendfileFailsMidway(t *testing.T) { // items 134, 137
	content := pattern(100_000)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.LocalStream.Pair(t)
		f := onDisk(t, content)
		first := true
		sock.WithSendfile(func(call func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
			if !first {
				return 0, syscall.EIO
			}
			first = false
			return call(to, from, offset, 100)
		}, func() {
			n, err := w.On(a).Sendfile(f, 50, -1)
			if n != 100 || !errors.Is(err, syscall.EIO) {
				t.Errorf("Sendfile = %d, %v, want 100, EIO", n, err)
			}
		})
		if at := position(t, f); at != 150 {
			t.Errorf("the file stands at %d, want 150", at)
		}
		file := io.MultiReader(bytes.NewReader(content[:9000]), iotest.ErrReader(io.ErrUnexpectedEOF))
		if n, err := w.On(a).Sendfile(file, 0, -1); n != 9000 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Sendfile = %d, %v, want 9000, unexpected EOF", n, err)
		}
		a.Close()
		got, err := collect(b, 64<<10)
		if want := append(content[50:150:150], content[:9000]...); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes came, %v", len(got), err)
		}
		f.Close()
	})
}

// Whatever ends it, Sendfile returns how much was sent, and the socket still works from that point.
func TestSendfileEnds(t *testing.T) { // items 135, 137
	content := pattern(8 << 20)
	for _, test := range []struct {
		name    string
		timeout time.Duration
		end     func(w *socktest.Waiter, a *sock.Socket)
		want    error
	}{
		{"timeout", 20 * time.Millisecond, nil, os.ErrDeadlineExceeded},
		{"cancel", sock.Forever, func(w *socktest.Waiter, _ *sock.Socket) { w.Cancel() }, context.Canceled},
		{"close", sock.Forever, func(_ *socktest.Waiter, a *sock.Socket) { a.Close() }, net.ErrClosed},
		{"made non-blocking, then closed", sock.Forever, func(_ *socktest.Waiter, a *sock.Socket) {
			a.SetTimeout(0)
			a.Close()
		}, net.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				if test.name == "cancel" && !w.CanCancel {
					return
				}
				for _, read := range []bool{false, true} {
					a, b := socktest.TCP.Pair(t)
					socktest.Must(t, a.SetTimeout(test.timeout))
					f := onDisk(t, content)
					var file io.Reader = f
					if read {
						file = noDescriptor{f}
					}
					var n int64
					call := socktest.Start(func() (err error) {
						n, err = w.On(a).Sendfile(file, 0, -1)
						return err
					})
					if test.end != nil {
						if read {
							socktest.AwaitWaiting(t, a)
						} else {
							awaitSendfile(t, a, b)
						}
						test.end(w, a)
					}
					if err := call.Wait(t); !errors.Is(err, test.want) || n == 0 || n == int64(len(content)) {
						t.Fatalf("read %v: Sendfile = %d, %v, want some of it and %v", read, n, err, test.want)
					}
					if at := position(t, f); at != n {
						t.Errorf("read %v: the file stands at %d, and %d were sent", read, at, n)
					}
					want := content[:n:n]
					rest := socktest.Start(func() error {
						if test.want == net.ErrClosed {
							return nil
						}
						a.SetTimeout(sock.Forever)
						m, err := w.On(a).Sendfile(f, n, -1)
						if m != int64(len(content))-n {
							err = errors.Join(err, fmt.Errorf("the rest = %d", m))
						}
						want = content
						a.Close()
						return err
					})
					got, err := collect(b, 64<<10)
					socktest.Must(t, rest.Wait(t))
					if !bytes.Equal(got, want) || err != nil {
						t.Errorf("read %v: %d bytes came of %d, %v", read, len(got), len(want), err)
					}
					f.Close()
				}
			})
		})
	}
}

// In a callback it would stop the loop, so it is an error.
func TestSendfileInCallback(t *testing.T) {
	socktest.Check(t)
	a, _ := socktest.TCP.Pair(t)
	f := onDisk(t, hello)
	r, err := loop.Default()
	socktest.Must(t, err)
	told := make(chan error, 1)
	r.Next().Post(func() {
		_, err := a.Sendfile(f, 0, -1)
		told <- err
	})
	if err := <-told; !errors.Is(err, loop.ErrOnLoop) {
		t.Errorf("Sendfile in a callback: %v", err)
	}
}

// A closed peer is an error, at any position of the file. The position stays, because nothing was
// sent. In Python a block was read.
func TestSendfileBrokenPipe(t *testing.T) { // item 242
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		b.Close()
		f := onDisk(t, pattern(10_000))
		defer f.Close()
		for _, at := range []int64{0, 9_990, 10_000} {
			_, err := f.Seek(at, io.SeekStart)
			socktest.Must(t, err)
			if n, err := w.On(a).Sendfile(f, 0, -1); n != 0 || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("the file at %d: Sendfile = %d, %v, want EPIPE", at, n, err)
			}
			if now := position(t, f); now != at {
				t.Errorf("the file stands at %d, want %d", now, at)
			}
		}
	})
}

// A file that panics in its Read leaves the socket usable.
func TestSendfilePanic(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	bad := io.MultiReader(strings.NewReader("x"), panics{})
	func() {
		defer func() {
			if v := recover(); v == nil {
				t.Error("no panic")
			}
		}()
		a.Sendfile(bad, 0, -1)
	}()
	bad = io.MultiReader(strings.NewReader("x"), panics{})
	var failed *loop.PanicError
	if n, err := a.Async().Sendfile(bad, 0, -1).Wait(t.Context()); n != 1 || !errors.As(err, &failed) {
		t.Errorf("Sendfile = %d, %v", n, err)
	}
	if _, err := a.With(t.Context()).Sendall(hello, 0); err != nil {
		t.Error(err)
	}
	a.Close()
	if got, err := collect(b, 100); string(got) != "xx"+string(hello) {
		t.Errorf("%q came, %v", got, err)
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("no") }

// seeking calls fn in each Seek.
type seeking struct {
	*os.File
	fn func()
}

func (f seeking) Seek(offset int64, whence int) (int64, error) {
	f.fn()
	return f.File.Seek(offset, whence)
}

// A Read of the file ends its goroutine: the number of bytes is still reported.
func TestSendfileGoexit(t *testing.T) {
	socktest.Check(t)
	a, _ := socktest.LocalStream.Pair(t)
	n, err := a.Async().Sendfile(&exits{hello}, 0, -1).Wait(t.Context())
	if n != int64(len(hello)) || err == nil {
		t.Errorf("Sendfile = %d, %v", n, err)
	}
	if _, err := a.With(t.Context()).Sendall(hello, 0); err != nil {
		t.Error(err)
	}
}

// exits returns one byte at a time, without end.
type exits struct{ left []byte }

func (f *exits) Read(p []byte) (int, error) {
	if len(f.left) == 0 {
		runtime.Goexit()
	}
	n := copy(p[:1], f.left)
	f.left = f.left[n:]
	return n, nil
}

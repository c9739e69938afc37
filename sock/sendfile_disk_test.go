package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A slow disk blocks only its own Sendfile: not another socket on the loop, and not the receives of
// the same socket. A send that waits behind it ends by its own timeout.
func TestSendfileSlowDisk(t *testing.T) {
	content := pattern(100_000)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		r, err := loop.Default()
		socktest.Must(t, err)
		for _, way := range []string{"sendfile", "pipe"} {
			a, b := socktest.LocalStream.Pair(t)
			c, d := socktest.TCP.Pair(t)
			for _, s := range []*sock.Socket{a, b, c, d} {
				socktest.Must(t, s.Join(r.Loops()[0]))
			}
			disk := make(chan struct{})
			inDisk := make(chan struct{}, 100)
			var file io.Reader
			var f *os.File
			if way == "sendfile" {
				f = onDisk(t, content)
				file = f
			} else {
				var stuck *os.File
				f, stuck, err = os.Pipe()
				socktest.Must(t, err)
				_, err := stuck.Write(content[:10])
				socktest.Must(t, err)
				file = &noted{f, inDisk}
				go func() {
					<-disk
					stuck.Write(content[10:])
					stuck.Close()
				}()
			}
			var got []byte
			recv := socktest.Start(func() (err error) {
				got, err = collect(b, 64<<10)
				return err
			})
			sock.WithSendfile(func(call func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
				select {
				case inDisk <- struct{}{}:
				default:
				}
				<-disk
				return call(to, from, offset, n)
			}, func() {
				call := socktest.Start(func() error {
					n, err := w.On(a).Sendfile(file, 0, -1)
					if n != int64(len(content)) && err == nil {
						err = fmt.Errorf("Sendfile = %d", n)
					}
					return err
				})
				<-inDisk
				if way == "pipe" {
					<-inDisk
				}

				// The same loop serves other tasks and goroutines.
				echo := r.Loops()[0].Go(func(task *loop.Task) {
					for range 100 {
						if p, err := c.In(task).Recv(10, 0); err != nil {
							t.Error(err)
						} else if _, err := c.In(task).Sendall(p, 0); err != nil {
							t.Error(err)
						}
					}
				})
				for range 100 {
					d.Sendall(hello, 0)
					if p, err := d.Recv(10, 0); string(p) != string(hello) {
						t.Fatalf("%q, %v", p, err)
					}
				}
				socktest.Must(t, socktest.Start(func() error { return echo.Wait(t.Context()) }).Wait(t))

				// The other lane of the socket, and the calls that wait behind.
				_, err := b.Send(hello, 0)
				socktest.Must(t, err)
				if p, err := a.Recv(10, 0); string(p) != string(hello) {
					t.Errorf("%q, %v", p, err)
				}
				socktest.Must(t, a.SetTimeout(10*time.Millisecond))
				behind := socktest.Start(func() error { _, err := a.Send(hello, 0); return err })
				if err := behind.Wait(t); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("Send behind a slow disk: %v", err)
				}
				socktest.Must(t, a.SetTimeout(sock.Forever))
				if call.Done() {
					t.Error("it is over, and the disk has given nothing")
				}
				close(disk)
				socktest.Must(t, call.Wait(t))
			})
			a.Close()
			socktest.Must(t, recv.Wait(t))
			if !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes came of %d", way, len(got), len(content))
			}
			f.Close()
		}
	})
}

// noted reports the start of each Read.
type noted struct {
	io.Reader
	begun chan<- struct{}
}

func (r *noted) Read(p []byte) (int, error) {
	select {
	case r.begun <- struct{}{}:
	default: // no test reads it any more
	}
	return r.Reader.Read(p)
}

// A close or a cancel during a slow read of the disk takes effect after that read. The descriptor
// stays open until then.
func TestSendfileEndsInSlowDisk(t *testing.T) {
	content := pattern(100_000)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for name, end := range map[string]func(a *sock.Socket){"close": func(a *sock.Socket) { a.Close() }, "cancel": func(*sock.Socket) { w.Cancel() }} {
			if name == "cancel" && !w.CanCancel {
				continue
			}
			a, b := socktest.LocalStream.Pair(t)
			f := onDisk(t, content)
			disk, inDisk := make(chan struct{}), make(chan struct{}, 1)
			var n int64
			sock.WithSendfile(func(call func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
				inDisk <- struct{}{}
				<-disk
				return call(to, from, offset, 1000)
			}, func() {
				call := socktest.Start(func() (err error) {
					n, err = w.On(a).Sendfile(f, 0, -1)
					return err
				})
				<-inDisk
				end(a)
				close(disk)
				want := map[string]error{"close": net.ErrClosed, "cancel": context.Canceled}[name]
				if err := call.Wait(t); !errors.Is(err, want) || n != 1000 {
					t.Errorf("%s: Sendfile = %d, %v", name, n, err)
				}
			})
			a.Close()
			if got, err := collect(b, 64<<10); !bytes.Equal(got, content[:1000]) {
				t.Errorf("%s: %d bytes came, %v", name, len(got), err)
			}
			f.Close()
		}
	})
}

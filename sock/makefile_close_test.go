package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The descriptor stays open until the socket and all files are closed, in any order.
func TestMakefileKeepsDescriptorOpen(t *testing.T) { // items 124, 125, 126
	for _, order := range []string{"sff", "fsf", "ffs", "sfff", "fffs", "ssffs"} {
		t.Run(order, func(t *testing.T) {
			socktest.Each(t, []socktest.Kind{socktest.TCP, socktest.UnixStream}, func(t *testing.T, k socktest.Kind) {
				a, b := k.Pair(t)
				fileno := a.Fileno()
				files := []*sock.File{makefile(t, a, "rb", -1), makefile(t, a, "rwb", 0)}
				left, socketOpen := slices.Clone(files), true
				for i, what := range order {
					if what == 's' {
						socktest.Must(t, a.Close())
						socketOpen = false
						if _, err := a.Recv(1, 0); !errors.Is(err, net.ErrClosed) || a.Fileno() != -1 {
							t.Errorf("Recv of a closed socket: %v", err)
						}
						if _, err := a.Makefile("r", -1); !errors.Is(err, net.ErrClosed) {
							t.Errorf("Makefile of a closed socket: %v", err)
						}
					} else if len(left) > 0 {
						f := left[0]
						left = left[1:]
						socktest.Must(t, f.Close())
						if _, err := f.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) || !errors.Is(err, os.ErrClosed) ||
							!strings.Contains(err.Error(), "I/O operation on closed file") {
							t.Errorf("Read of a closed file: %v", err)
						}
					} else {
						socktest.Must(t, files[0].Close()) // counts once
					}
					if len(left) > 0 || socketOpen {
						socktest.Must(t, b.SetTimeout(socktest.Patience))
						if _, err := b.Send([]byte{byte(i)}, 0); err != nil {
							t.Fatalf("after %q: %v", order[:i+1], err)
						}
						var p [1]byte
						if len(left) > 0 {
							if n, err := left[0].Read(p[:]); n != 1 || p[0] != byte(i) || err != nil || left[0].Fileno() != fileno {
								t.Errorf("after %q the file of %d read %d, %v, %v", order[:i+1], left[0].Fileno(), n, p, err)
							}
						} else if n, err := a.RecvInto(p[:], 0); n != 1 || p[0] != byte(i) || err != nil {
							t.Errorf("after %q the socket received %d, %v, %v", order[:i+1], n, p, err)
						}
						continue
					}
					if p, err := b.Recv(1, 0); len(p) != 0 || err != nil {
						t.Errorf("after %q the peer received %q, %v, want the end", order[:i+1], p, err)
					}
				}
			})
		})
	}
}

// A Read or Write of a file that waits while the socket is closed continues, and so do later ones.
// Operations of the socket itself end with an error.
func TestMakefileGoesOnAfterClose(t *testing.T) { // item 124
	for _, how := range []string{"goroutine", "context", "task"} {
		t.Run(how, func(t *testing.T) {
			socktest.Check(t)
			a, b := socktest.TCP.Pair(t)
			content := pattern(8 << 20)
			var f *sock.File
			run := func(fn func() error) *socktest.Call { return socktest.Start(fn) }
			switch how {
			case "goroutine":
				f = makefile(t, a, "rwb", -1)
			case "context":
				f = makefile(t, a.With(t.Context()), "rwb", -1)
			case "task":
				r, err := loop.Default()
				socktest.Must(t, err)
				run = func(fn func() error) *socktest.Call {
					return socktest.Start(func() (err error) {
						return errors.Join(r.Next().Go(func(task *loop.Task) {
							f = makefile(t, a.In(task), "rwb", -1)
							err = fn()
						}).Wait(t.Context()), err)
					})
				}
			}
			call := run(func() error {
				if n, err := f.Write(content); n != len(content) || err != nil {
					return fmt.Errorf("wrote %d, %w", n, err)
				}
				line, err := f.ReadString('\n')
				if line != "line\n" || err != nil {
					return fmt.Errorf("read %q, %w", line, err)
				}
				return f.Close()
			})
			socktest.AwaitWaiting(t, a)
			receiver := socktest.Start(func() error { _, err := a.Recv(1, 0); return err })
			a.Close()
			if err := receiver.Wait(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Recv on the socket: %v", err)
			}
			got := make([]byte, len(content))
			_, err := io.ReadFull(socketReader{b}, got)
			if !bytes.Equal(got, content) || err != nil {
				t.Errorf("%v, or other bytes", err)
			}
			b.Send([]byte("line\n"), 0)
			socktest.Must(t, call.Wait(t))
			if p, err := b.Recv(1, 0); len(p) != 0 || err != nil {
				t.Errorf("%q, %v, want the end", p, err)
			}
		})
	}
}

type socketReader struct{ s *sock.Socket }

func (r socketReader) Read(p []byte) (int, error) {
	n, err := r.s.RecvInto(p, 0)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// Closing a file ends every operation that waits in it, and not the socket.
func TestMakefileCloseEndsWaits(t *testing.T) { // items 124, 126
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	f := makefile(t, a, "rw", -1)
	reader := socktest.Start(func() error { _, err := f.ReadBytes('\n'); return err })
	socktest.AwaitWaiting(t, a)
	c, _ := socktest.TCP.Pair(t)
	g := makefile(t, c, "w", 10)
	writer := socktest.Start(func() error { _, err := g.Write(make([]byte, 16<<20)); return err })
	socktest.AwaitWaiting(t, c)
	socktest.Must(t, f.Close())
	socktest.Must(t, g.Close())
	for name, call := range map[string]*socktest.Call{"reader": reader, "writer": writer} {
		if err := call.Wait(t); !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "I/O operation on closed file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.Send(hello, 0)
	if p, err := a.Recv(10, 0); string(p) != string(hello) {
		t.Errorf("the socket: %q, %v", p, err)
	}
	for name, err := range map[string]error{
		"Flush":     f.Flush(),
		"ReadByte":  func() error { _, err := f.ReadByte(); return err }(),
		"WriteByte": f.WriteByte(1),
		"ReadFrom":  func() error { _, err := f.ReadFrom(strings.NewReader("x")); return err }(),
		"WriteTo":   func() error { _, err := f.WriteTo(io.Discard); return err }(),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s of a closed file: %v", name, err)
		}
	}
}

// Detach takes the descriptor away from the files too.
func TestMakefileDetach(t *testing.T) { // items 76, 124
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	f := makefile(t, a, "rb", -1)
	reader := socktest.Start(func() error { _, err := f.ReadByte(); return err })
	socktest.AwaitWaiting(t, a)
	fd := a.Detach()
	if err := reader.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read = %v", err)
	}
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) || f.Fileno() != -1 {
		t.Errorf("Read = %v, descriptor %d", err, f.Fileno())
	}
	socktest.Must(t, f.Close())
	again, err := sock.Adopt(fd, -1, -1, -1)
	socktest.Must(t, err)
	socktest.Closing(t, again)
	b.Send(hello, 0)
	if p, err := again.Recv(10, 0); string(p) != string(hello) {
		t.Errorf("%q, %v", p, err)
	}
}

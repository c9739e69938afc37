package netconn_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// received starts to read all that comes.
func received(c io.Reader) func(t *testing.T) []byte {
	var got bytes.Buffer
	call := socktest.Start(func() error {
		_, err := got.ReadFrom(struct{ io.Reader }{c})
		return err
	})
	return func(t *testing.T) []byte {
		t.Helper()
		socktest.Must(t, call.Wait(t))
		return got.Bytes()
	}
}

// pattern is n bytes, of which no two parts are the same.
func pattern(n int) []byte {
	p := make([]byte, 0, n+8)
	for i := 0; len(p) < n; i++ {
		p = fmt.Appendf(p, "%d,", i)
	}
	return p[:n]
}

// ReadFrom sends a file from where it stands, a part of it, what is no regular file, and other
// readers.
func TestReadFrom(t *testing.T) {
	text := pattern(300_000)
	path := filepath.Join(t.TempDir(), "file")
	socktest.Must(t, os.WriteFile(path, text, 0o666))
	for _, network := range []string{"tcp", "unix", "pair"} {
		for name, tt := range map[string]struct {
			from func(f *os.File) io.Reader
			want []byte
			left int64 // where the file stands afterwards; -1 for anywhere
		}{
			"file":         {func(f *os.File) io.Reader { return f }, text[10:], 300_000},
			"part":         {func(f *os.File) io.Reader { return io.LimitReader(f, 1000) }, text[10:1010], 1010},
			"more":         {func(f *os.File) io.Reader { return io.LimitReader(f, 1<<40) }, text[10:], 300_000},
			"nothing":      {func(f *os.File) io.Reader { return io.LimitReader(f, 0) }, nil, 10},
			"not a file":   {func(f *os.File) io.Reader { return bufio.NewReader(f) }, text[10:], -1},
			"a long other": {func(*os.File) io.Reader { return strings.NewReader(string(text)) }, text, 10},
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				socktest.Check(t)
				a, b := pair(t, network)
				all := received(b)
				f, err := os.Open(path)
				socktest.Must(t, err)
				defer f.Close()
				_, err = f.Seek(10, io.SeekStart)
				socktest.Must(t, err)
				n, err := io.Copy(a, tt.from(f))
				if err != nil || n != int64(len(tt.want)) {
					t.Errorf("%d bytes, %v; want %d", n, err, len(tt.want))
				}
				socktest.Must(t, a.CloseWrite())
				if !bytes.Equal(all(t), tt.want) {
					t.Error("other bytes came")
				}
				if at, err := f.Seek(0, io.SeekCurrent); err != nil || tt.left >= 0 && at != tt.left {
					t.Errorf("the file stands at %d, %v; want %d", at, err, tt.left)
				}
			})
		}
	}
	if runtime.GOOS == "linux" { // a file that says it has no bytes
		a, b := pair(t, "tcp")
		all := received(b)
		f, err := os.Open("/proc/version")
		socktest.Must(t, err)
		defer f.Close()
		n, err := a.ReadFrom(f)
		socktest.Must(t, err)
		socktest.Must(t, a.Close())
		if got := all(t); n == 0 || int64(len(got)) != n || !bytes.Contains(got, []byte("Linux")) {
			t.Errorf("%d bytes: %q", n, got)
		}
	}
}

// A failingWriter takes some bytes and then fails.
type failingWriter struct {
	left int
	err  error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, w.err
	}
	w.left -= len(p)
	return len(p), nil
}

// WriteTo copies up to the end of the stream, and reports what the destination has taken.
func TestWriteTo(t *testing.T) {
	socktest.Check(t)
	text := pattern(200_000)
	for _, network := range []string{"tcp", "unix"} {
		a, b := pair(t, network)
		c, d := pair(t, network)
		all := received(d)
		copied := socktest.Start(func() error {
			n, err := io.Copy(c, b) // from one Conn to another
			if err == nil && n != int64(len(text)) {
				err = fmt.Errorf("%d bytes", n)
			}
			return errors.Join(err, c.CloseWrite())
		})
		_, err := a.Write(text)
		socktest.Must(t, err)
		socktest.Must(t, a.CloseWrite())
		socktest.Must(t, copied.Wait(t))
		if !bytes.Equal(all(t), text) {
			t.Errorf("%s: other bytes came", network)
		}
		_, err = b.Write([]byte("the other way is still open"))
		socktest.Must(t, err)

		full := errors.New("full")
		for _, tt := range []struct {
			w    *failingWriter
			want error
		}{{&failingWriter{100, full}, full}, {&failingWriter{100, nil}, io.ErrShortWrite}} {
			x, y := pair(t, network)
			_, err := x.Write(text[:1000])
			socktest.Must(t, err)
			if n, err := y.WriteTo(tt.w); n != 100 || err != tt.want {
				t.Errorf("%d, %v; want 100, %v", n, err, tt.want)
			}
		}
	}
}

// WriteBuffers sends any number of buffers, empty ones too, and takes what went out of them.
func TestWriteBuffers(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "pair"} {
		for _, way := range []string{"WriteBuffers", "ReadFrom"} {
			t.Run(network+" "+way, func(t *testing.T) {
				socktest.Check(t)
				a, b := pair(t, network)
				all := received(b)
				text := pattern(3_000_000)
				buffers := net.Buffers{nil, text[:1], {}}
				for rest := text[1:]; len(rest) > 0; { // more than IOV_MAX
					n := min(len(rest), 1+len(buffers)%3000)
					buffers = append(buffers, rest[:n])
					rest = rest[n:]
				}
				kept := slices.Clone(buffers)
				var n int64
				var err error
				if way == "ReadFrom" {
					n, err = a.ReadFrom(&buffers)
				} else {
					n, err = a.WriteBuffers(&buffers)
				}
				if err != nil || n != int64(len(text)) || len(buffers) != 0 {
					t.Errorf("%d bytes, %v, and %d buffers are left", n, err, len(buffers))
				}
				socktest.Must(t, a.CloseWrite())
				if !bytes.Equal(all(t), text) || !bytes.Equal(slices.Concat(kept...), text) {
					t.Error("other bytes came")
				}
			})
		}
	}
	t.Run("a part", func(t *testing.T) {
		socktest.Check(t)
		a, b := pair(t, "tcp")
		text := pattern(1_000_000)
		buffers := net.Buffers{text[:7], text[7:1000], text[1000:]}
		for len(buffers) < 100 { // far more than the system takes
			buffers = append(buffers, text)
		}
		total := 98 * len(text)
		writing := socktest.Start(func() error {
			n, err := a.WriteBuffers(&buffers)
			left := 0
			for _, p := range buffers {
				if from := (int(n) + left) % len(text); !bytes.HasPrefix(text[from:], p) {
					return fmt.Errorf("%d went, and the buffer behind %d bytes that are left is wrong", n, left)
				}
				left += len(p)
			}
			if int(n)+left != total {
				return fmt.Errorf("%d went, and %d are left", n, left)
			}
			return err
		})
		socktest.AwaitWaiting(t, a.Socket())
		socktest.Must(t, a.Close())
		wantOp(t, writing.Wait(t), "write", "tcp", net.ErrClosed)
		b.Close()
	})
	t.Run("one packet", func(t *testing.T) {
		a, b := pair(t, "unixpacket")
		n, err := a.WriteBuffers(&net.Buffers{[]byte("one "), []byte("packet")})
		p := make([]byte, 100)
		m, failed := b.Read(p)
		if err = errors.Join(err, failed); err != nil || n != 10 || string(p[:m]) != "one packet" {
			t.Errorf("%d went, %q came, %v", n, p[:m], err)
		}
	})
}

// Library code that knows nothing of tasks runs in one: several conversations on one loop.
func TestInTask(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	ln := listen(t, "tcp")
	serving := r.Next().Go(func(t *loop.Task) {
		for ln := ln.In(t); ; {
			c, err := ln.AcceptConn()
			if err != nil {
				return
			}
			t.Loop().Go(func(t *loop.Task) {
				defer c.Close()
				text := textproto.NewConn(c.In(t))
				for {
					line, err := text.ReadLine()
					if err != nil {
						return
					}
					if err := text.PrintfLine("250 %s", strings.ToUpper(line)); err != nil {
						return
					}
				}
			})
		}
	})
	clients := make([]*loop.Task, 20)
	for i := range clients {
		clients[i] = r.Next().Go(func(task *loop.Task) {
			d := netconn.Dialer{Task: task}
			c, err := d.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			text := textproto.NewConn(c)
			defer text.Close()
			for j := range 20 {
				id, err := text.Cmd("hello %d %d", i, j)
				if err != nil {
					t.Error(err)
					return
				}
				text.StartResponse(id)
				_, got, err := text.ReadCodeLine(250)
				text.EndResponse(id)
				if want := fmt.Sprintf("HELLO %d %d", i, j); err != nil || got != want {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
			}
		})
	}
	for _, c := range clients {
		socktest.Must(t, c.Wait(context.Background()))
	}
	ln.Close()
	socktest.Must(t, serving.Wait(context.Background()))
}

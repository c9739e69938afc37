package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// makefile returns s as a file. It is closed at the end of the test.
func makefile(t *testing.T, s *sock.Socket, mode string, buffering int) *sock.File {
	t.Helper()
	f, err := s.Makefile(mode, buffering)
	socktest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// item 121; item 123: Go makes no difference between text and binary, so one type serves all; item
// 126; item 130: Go has no class for the raw stream and no mode strings: Mode returns what Python
// would return.
func TestMakefileModes(t *testing.T) {
	socktest.Check(t)
	a, _ := socktest.TCP.Pair(t)
	for _, test := range []struct {
		mode, want       string
		reading, writing bool
	}{
		{"", "rb", true, false},
		{"r", "rb", true, false},
		{"b", "rb", true, false},
		{"rb", "rb", true, false},
		{"br", "rb", true, false},
		{"w", "wb", false, true},
		{"bw", "wb", false, true},
		{"rw", "rwb", true, true},
		{"wr", "rwb", true, true},
		{"rrwwbb", "rwb", true, true},
	} {
		f, err := a.Makefile(test.mode, -1)
		if err != nil {
			t.Errorf("%q: %v", test.mode, err)
			continue
		}
		if f.Mode() != test.want || f.Readable() != test.reading || f.Writable() != test.writing || f.Fileno() != a.Fileno() {
			t.Errorf("%q: mode %q, readable %v, writable %v, descriptor %d", test.mode, f.Mode(), f.Readable(), f.Writable(), f.Fileno())
		}
		var arg *sock.ArgError
		if !test.writing {
			if _, err := f.Write(hello); !errors.As(err, &arg) {
				t.Errorf("%q: writing: %v", test.mode, err)
			}
		}
		if !test.reading {
			if _, err := f.Read(make([]byte, 1)); !errors.As(err, &arg) {
				t.Errorf("%q: reading: %v", test.mode, err)
			}
		}
		socktest.Must(t, f.Close())
		if f.Fileno() != -1 {
			t.Errorf("%q: descriptor %d after Close", test.mode, f.Fileno())
		}
	}
	for _, mode := range []string{"x", "a", "rt", "r+", "U", "R", "é"} {
		var arg *sock.ArgError
		if _, err := a.Makefile(mode, -1); !errors.As(err, &arg) || !strings.Contains(err.Error(), "invalid mode '"+mode+"' (only r, w, b allowed)") {
			t.Errorf("%q: %v", mode, err)
		}
	}
	for _, mode := range []string{"", "r", "w", "rw"} { // item 122
		if _, err := a.Makefile(mode, 0); err == nil || !strings.Contains(err.Error(), "unbuffered streams must be binary") {
			t.Errorf("%q without a buffer: %v", mode, err)
		}
	}
	a.Close()
	if _, err := a.Makefile("r", -1); !errors.Is(err, net.ErrClosed) {
		t.Errorf("of a closed socket: %v", err)
	}
}

func TestMakefileReadsAndWrites(t *testing.T) { // items 122, 127, 129
	long := 5000
	if socktest.Wine() { // where a system call takes a hundred times as long
		long = 100
	}
	lines := []string{"first\n", "\n", strings.Repeat("long ", long) + "\n", "no end"}
	for _, buffering := range []int{-1, 0, 1, 100, 1 << 20} {
		for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
			t.Run(fmt.Sprint(buffering, " ", modeName(mode)), func(t *testing.T) {
				socktest.Each(t, socktest.Streams, func(t *testing.T, k socktest.Kind) {
					a, b := k.Pair(t)
					socktest.Must(t, a.SetTimeout(mode))
					out, in := makefile(t, a, "wb", buffering), makefile(t, b, "rb", buffering)
					call := socktest.Start(func() error {
						for _, line := range lines {
							n, err := out.WriteString(line)
							if n != len(line) || err != nil {
								return fmt.Errorf("wrote %d of %d, %w", n, len(line), err)
							}
						}
						return errors.Join(out.WriteByte('!'), out.Close(), a.Close())
					})
					for _, want := range append(slices.Clone(lines[:3]), lines[3]+"!") {
						line, err := in.ReadString('\n')
						if line != want || (err == io.EOF) != (want == lines[3]+"!") {
							t.Fatalf("read %d bytes, %v, want %d", len(line), err, len(want))
						}
					}
					if n, err := in.Read(make([]byte, 10)); n != 0 || err != io.EOF {
						t.Errorf("at the end: %d, %v", n, err)
					}
					socktest.Must(t, call.Wait(t))
				})
			})
		}
	}
}

// Without a buffer, a file takes only the bytes that the caller wants, and sends at once. With a
// buffer, it sends at Flush and at Close.
func TestMakefileBuffer(t *testing.T) { // items 122, 129
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	raw := makefile(t, b, "rwb", 0)
	b.SetTimeout(socktest.Patience)
	a.Sendall([]byte("line\nrest"), 0)
	if line, err := raw.ReadString('\n'); line != "line\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	if p, err := b.Recv(100, 0); string(p) != "rest" {
		t.Errorf("%q, %v: the file took more than its line", p, err)
	}
	raw.WriteString("at once")
	if p, err := a.Recv(100, 0); string(p) != "at once" || err != nil {
		t.Errorf("%q, %v", p, err)
	}

	f := makefile(t, b, "w", 20)
	a.SetTimeout(0)
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { _, err := f.WriteString("12345"); return err }, ""},
		{func() error { return f.WriteByte('6') }, ""},
		{f.Flush, "123456"},
		{f.Flush, ""},
		{func() error { _, err := f.WriteString("1234567890"); return err }, ""},
		{func() error { _, err := f.WriteString("12345678901"); return err }, "1234567890"},
		{func() error { _, err := f.WriteString(strings.Repeat("x", 30)); return err }, "12345678901" + strings.Repeat("x", 30)},
		{func() error { _, err := f.WriteString("the last"); return err }, ""},
		{f.Close, "the last"},
		{f.Close, ""},
	} {
		socktest.Must(t, step.do())
		if p, _ := a.Recv(100, 0); string(p) != step.want {
			t.Errorf("%q came, want %q", p, step.want)
		}
	}

	// Flush and Close return a write error.
	f = makefile(t, b, "w", -1)
	a.Close()
	if _, err := f.WriteString("x"); err != nil {
		t.Error(err)
	}
	if err := f.Close(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Close with something to write = %v, want EPIPE", err)
	}
	if f.Fileno() != -1 {
		t.Error("it is open after a Close that failed")
	}
}

// A file continues after a timeout, and errors.Is finds the timeout in the error. item 128: Python
// refuses every later read instead.
func TestMakefileTimeout(t *testing.T) { // items 50, 127
	for _, buffering := range []int{-1, 0} {
		socktest.Check(t)
		a, b := socktest.TCP.Pair(t)
		f := makefile(t, a, "rwb", buffering)
		socktest.Must(t, a.SetTimeout(0))
		if n, err := f.Read(make([]byte, 10)); n != 0 || err != sock.ErrWouldBlock {
			t.Errorf("non-blocking: %d, %v", n, err)
		}
		b.Send([]byte("half "), 0)
		socktest.AwaitReadable(t, a)
		socktest.Must(t, a.SetTimeout(5*time.Millisecond))
		for _, want := range []string{"half ", ""} {
			if line, err := f.ReadString('\n'); line != want || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("with a timeout: %q, %v", line, err)
			}
		}
		b.Send([]byte("line\n"), 0)
		socktest.AwaitReadable(t, a)
		if line, err := f.ReadString('\n'); line != "line\n" || err != nil {
			t.Errorf("after a timeout: %q, %v", line, err)
		}
		if n, err := f.Write(hello); n != len(hello) || err != nil {
			t.Errorf("Write after a Read that timed out: %d, %v", n, err)
		}
		socktest.Must(t, b.Shutdown(sock.SHUT_WR))
		if _, err := f.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the end of the stream: %v", err)
		}
	}
}

// Views of a file share its buffer, and each waits in its own way.
func TestMakefileViews(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	f := makefile(t, a, "rw", -1)
	b.Send([]byte("one\ntwo\n"), 0)
	socktest.AwaitReadable(t, a)
	if line, err := f.ReadString('\n'); line != "one\n" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if line, err := f.With(ctx).ReadString('\n'); line != "two\n" || err != nil {
		t.Errorf("from the buffer that the views share: %q, %v", line, err)
	}
	call := socktest.Start(func() error { _, err := f.With(ctx).ReadByte(); return err })
	socktest.AwaitWaiting(t, a)
	cancel()
	if err := call.Wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	var none context.Context
	if _, err := f.With(ctx).With(none).WriteString("x"); err != nil {
		t.Errorf("without its context again: %v", err)
	}
	inTask(t, func(task *loop.Task) error {
		// Both tasks are on one loop. The second would stop the first if it blocked the goroutine.
		other := task.Loop().Go(func(other *loop.Task) {
			if line, err := f.In(other).ReadString('\n'); line != "line\n" || err != nil {
				t.Errorf("the first task: %q, %v", line, err)
			}
		})
		task.Loop().Go(func(peer *loop.Task) { b.In(peer).Sendall([]byte("line\nline\n"), 0) })
		if line, err := f.In(task).ReadString('\n'); line != "four\n" && line != "line\n" || err != nil {
			t.Errorf("the second task: %q, %v", line, err)
		}
		_, err := other.Done().Await(task)
		return err
	})
	call = socktest.Start(func() error { _, err := f.With(t.Context()).ReadByte(); return err })
	socktest.AwaitWaiting(t, a)
	socktest.Must(t, f.With(t.Context()).Close())
	if err := call.Wait(t); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close of a view: %v", err)
	}
	if _, err := f.ReadByte(); !errors.Is(err, net.ErrClosed) || f.Fileno() != -1 {
		t.Errorf("after it: %v", err)
	}
}

// An operation may wait for its turn, because another one is active. Its context ends this wait
// too.
func TestMakefileTurn(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	f := makefile(t, a, "r", -1)
	first := socktest.Start(func() error { _, err := f.ReadByte(); return err })
	socktest.AwaitWaiting(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	second := socktest.Start(func() error { _, err := f.With(ctx).ReadByte(); return err })
	cancel()
	if err := second.Wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("the second: %v", err)
	}
	third := socktest.Start(func() error { _, err := f.ReadByte(); return err })
	b.Send([]byte("ab"), 0)
	if err := errors.Join(first.Wait(t), third.Wait(t)); err != nil {
		t.Error(err)
	}
}

// Data that cannot be written now is neither lost nor written twice. Write returns the number of
// bytes that it took, and Flush continues after them.
func TestMakefileWriteGoesOn(t *testing.T) { // items 127, 129
	for _, buffering := range []int{-1, 0, 100} {
		for _, timeout := range []time.Duration{0, time.Millisecond} {
			socktest.Check(t)
			a, b := socktest.UnixStream.Pair(t)
			socktest.Must(t, a.SetTimeout(timeout))
			f := makefile(t, a, "wb", buffering)
			content := pattern(1 << 20)
			taken, failed := 0, 0
			var got []byte
			b.SetTimeout(0)
			drain := func() {
				for {
					p, err := b.Recv(64<<10, 0)
					if got = append(got, p...); err != nil {
						return
					}
				}
			}
			for taken < len(content) {
				n, err := f.Write(content[taken:min(taken+3000, len(content))])
				taken += n
				if err != nil {
					if err != sock.ErrWouldBlock && !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Fatal(err)
					}
					failed++
					drain()
				}
			}
			for {
				err := f.Flush()
				drain()
				if err == nil {
					break
				}
			}
			if failed == 0 || !bytes.Equal(got, content) {
				t.Errorf("buffer %d, %s: %d bytes came of %d, after %d failures", buffering, modeName(timeout), len(got), len(content), failed)
			}
		}
	}
}

// io.Copy sends a regular file to a File by sendfile. From a File, it writes to any Writer without
// another buffer.
func TestMakefileCopy(t *testing.T) {
	content := pattern(500_000)
	for _, test := range []struct {
		name string
		from func(f *os.File) io.Reader
		want []byte
		sent bool // by sendfile
	}{
		{"file", func(f *os.File) io.Reader { return f }, content[100:], true},
		{"limited file", func(f *os.File) io.Reader { return io.LimitReader(f, 70_000) }, content[100:70_100], true},
		{"limited beyond the end", func(f *os.File) io.Reader { return io.LimitReader(f, 1<<40) }, content[100:], true},
		{"limited to nothing", func(f *os.File) io.Reader { return io.LimitReader(f, 0) }, nil, false},
		{"reader", func(f *os.File) io.Reader { return iotest.HalfReader(f) }, content[100:], false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, buffering := range []int{-1, 0} {
				socktest.Check(t)
				a, b := socktest.TCP.Pair(t)
				out, in := makefile(t, a, "wb", buffering), makefile(t, b, "rb", buffering)
				disk := onDisk(t, content)
				disk.Seek(100, io.SeekStart)
				var got bytes.Buffer
				call := socktest.Start(func() error {
					_, err := io.Copy(&got, in)
					return err
				})
				sent := false
				sock.WithSendfile(func(fn func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
					sent = true
					return fn(to, from, offset, n)
				}, func() {
					out.WriteString("before ")
					n, err := io.Copy(out, test.from(disk))
					if n != int64(len(test.want)) || err != nil {
						t.Errorf("Copy = %d, %v, want %d", n, err, len(test.want))
					}
					out.WriteString(" after")
				})
				if at := position(t, disk); at != 100+int64(len(test.want)) {
					t.Errorf("the file stands at %d", at)
				}
				socktest.Must(t, out.Close())
				a.Close()
				socktest.Must(t, call.Wait(t))
				if got.String() != "before "+string(test.want)+" after" || sent != test.sent {
					t.Errorf("%d bytes came, by sendfile: %v", got.Len(), sent)
				}
				disk.Close()
			}
		})
	}
}

// A File that is dropped is closed, and so is the descriptor if this was its last File.
func TestMakefileDropped(t *testing.T) { // item 125
	socktest.Check(t)
	a, b := socktest.LocalStream.Pair(t)
	func() {
		f, err := a.Makefile("rwb", -1)
		socktest.Must(t, err)
		f.Write(hello)
	}()
	g := makefile(t, a, "rb", 0)
	for range 3 {
		runtime.GC()
	}
	a.Close()
	b.Send(hello, 0)
	if n, err := g.Read(make([]byte, 10)); n != len(hello) || err != nil {
		t.Errorf("Read = %d, %v", n, err)
	}
	g.Close()
	b.SetTimeout(0)
	socktest.Await(t, "the end of the stream, as the last file was dropped", func() bool {
		runtime.GC()
		p, err := b.Recv(1, 0)
		return len(p) == 0 && err == nil
	})
}

// A File in use is not treated as dropped.
func TestMakefileInUseIsNotDropped(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.LocalStream.Pair(t)
	call := socktest.Start(func() error {
		f, err := a.Makefile("rb", -1)
		if err != nil {
			return err
		}
		_, err = f.ReadByte() // the last use of f
		return err
	})
	socktest.AwaitWaiting(t, a)
	for range 5 {
		runtime.GC()
	}
	b.Send(hello, 0)
	socktest.Must(t, call.Wait(t))
	runtime.GC()
}

// Many goroutines close at once while others read and write.
func TestMakefileRaces(t *testing.T) { // items 124, 125
	socktest.SkipOnWine(t, "so many closes at once can end Wine's server: an assertion in its sock_poll_event")
	socktest.Check(t)
	for range 200 {
		a, b := socktest.LocalStream.Pair(t)
		var all sync.WaitGroup
		var files []*sock.File
		for range 3 {
			files = append(files, makefile(t, a, "rwb", -1))
		}
		for _, f := range files {
			all.Go(func() { f.ReadByte() })
			all.Go(func() { f.WriteByte(1); f.Flush() })
			all.Go(func() { f.Close() })
		}
		all.Go(func() { a.Recv(1, 0) })
		all.Go(func() { a.Close() })
		all.Go(func() {
			if f, err := a.Makefile("r", -1); err == nil {
				f.Close()
			}
		})
		all.Go(func() { b.Send(hello, 0) })
		socktest.Must(t, socktest.Start(func() error { all.Wait(); return nil }).Wait(t))
		socktest.Must(t, b.SetTimeout(socktest.Patience))
		for {
			p, err := b.Recv(10, 0)
			if len(p) == 0 {
				if err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("no end: %v", err)
				}
				break
			}
		}
		b.Close()
	}
}

// Operations of a file end with the context that the file was made with.
func TestMakefileContext(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	f := makefile(t, a.With(ctx), "rb", -1)
	call := socktest.Start(func() error { _, err := f.ReadByte(); return err })
	socktest.AwaitWaiting(t, a)
	cancel()
	if err := call.Wait(t); !errors.Is(err, context.Canceled) || errors.Is(err, os.ErrClosed) {
		t.Errorf("Read = %v", err)
	}
	b.Send(hello, 0)
	if p, err := a.Recv(10, 0); string(p) != string(hello) {
		t.Errorf("%q, %v", p, err)
	}
}

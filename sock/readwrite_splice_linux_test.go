package sock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// spliced is how many bytes the splice(2) of all operations of test moved.
func spliced(test func()) int64 {
	var moved atomic.Int64
	sock.WithSplice(func(call func(from, to, n int) (int, error), from, to, n int) (int, error) {
		n, err := call(from, to, n)
		moved.Add(int64(n))
		return n, err
	}, test)
	return moved.Load()
}

// A copy from one stream socket to another, by any function of package io, is spliced: each byte
// goes into a pipe and out of it, and none through the program. A limit is kept, and counted.
func TestStreamToStreamIsSpliced(t *testing.T) {
	want := bytes.Repeat([]byte("to the other side "), 20_000)
	limit := int64(len(want)) / 3
	for name, tt := range map[string]struct {
		copy func(to, from *sock.Socket) (int64, error)
		want []byte
	}{
		"io.Copy":  {func(to, from *sock.Socket) (int64, error) { return io.Copy(to, from) }, want},
		"ReadFrom": {func(to, from *sock.Socket) (int64, error) { return to.ReadFrom(from) }, want},
		"WriteTo":  {func(to, from *sock.Socket) (int64, error) { return from.WriteTo(to) }, want},
		"io.CopyN": {func(to, from *sock.Socket) (int64, error) { return io.CopyN(to, from, limit) }, want[:limit]},
		"a limit beyond the end": {func(to, from *sock.Socket) (int64, error) {
			l := &io.LimitedReader{R: from, N: 1 << 40}
			n, err := to.ReadFrom(l)
			if l.N != 1<<40-n {
				err = errors.Join(err, errors.New("the limit counted otherwise"))
			}
			return n, err
		}, want},
		"no room": {func(to, from *sock.Socket) (int64, error) { return to.ReadFrom(io.LimitReader(from, -1)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachView(t, func(t *testing.T, in func(func(view func(*sock.Socket) *sock.Socket))) {
				client, front := socktest.TCP.Pair(t)
				back, server := socktest.UnixStream.Pair(t)
				var got []byte
				reading := socktest.Start(func() (err error) { got, err = io.ReadAll(server); return err })
				writing := socktest.Start(func() error {
					_, err := client.Write(want)
					return errors.Join(err, client.Shutdown(sock.SHUT_WR))
				})
				var n int64
				var err error
				moved := spliced(func() {
					in(func(view func(*sock.Socket) *sock.Socket) { n, err = tt.copy(view(back), view(front)) })
				})
				// The other direction of both is still open.
				_, failed := server.Write([]byte("answer"))
				answer, refused := back.Recv(100, 0)
				rest := socktest.Start(func() error { _, err := io.Copy(io.Discard, front); return err })
				err = errors.Join(err, failed, refused, writing.Wait(t), rest.Wait(t), back.Close(), reading.Wait(t))
				if err != nil || n != int64(len(tt.want)) || !bytes.Equal(got, tt.want) || string(answer) != "answer" {
					t.Errorf("%d of %d bytes, %v; the answer is %q", n, len(tt.want), err, answer)
				}
				if moved != 2*n {
					t.Errorf("splice moved %d bytes, want %d", moved, 2*n)
				}
			})
		})
	}
}

// Each side waits in its own view: the task or context of one has no effect on the other.
func TestStreamToStreamOfOtherViews(t *testing.T) {
	socktest.Check(t)
	in, source, sink, out := relayed(t, spliceKinds[0], spliceKinds[1])
	ctx, cancel := context.WithCancelCause(t.Context())
	call := socktest.Start(func() error { _, err := io.Copy(sink, source.With(ctx)); return err })
	socktest.AwaitWaiting(t, source)
	why := errors.New("enough")
	cancel(why)
	if err := call.Wait(t); !errors.Is(err, why) {
		t.Errorf("%v, want the cause of the source's context", err)
	}
	var n int64
	inTask(t, func(task *loop.Task) (err error) {
		_, err = in.In(task).Write([]byte("hello"))
		socktest.Must(t, err)
		socktest.Must(t, in.Shutdown(sock.SHUT_WR))
		n, err = io.Copy(sink.In(task), source.In(task).With(t.Context()))
		return err
	})
	if p, err := out.Recv(100, 0); n != 5 || string(p) != "hello" || err != nil {
		t.Errorf("%d, %q, %v", n, p, err)
	}
}

// An error names the side that it comes from, as if the bytes had been copied.
func TestStreamToStreamFails(t *testing.T) {
	eachView(t, func(t *testing.T, in func(func(view func(*sock.Socket) *sock.Socket))) {
		client, front := socktest.TCP.Pair(t)
		back, server := socktest.UnixStream.Pair(t)
		want := func(err error, op string, cause error) {
			t.Helper()
			var e *net.OpError
			if !errors.As(err, &e) || e.Op != op || !errors.Is(err, cause) {
				t.Errorf("%v; want %s and %v", err, op, cause)
			}
		}
		in(func(view func(*sock.Socket) *sock.Socket) {
			socktest.Must(t, front.SetTimeout(time.Millisecond))
			_, err := io.Copy(view(back), view(front))
			want(err, "recv", os.ErrDeadlineExceeded)
			socktest.Must(t, front.SetTimeout(sock.Forever))
			socktest.Must(t, server.Close())
			socktest.Must(t, sendAll(view(client), "lost"))
			n, err := io.Copy(view(back), view(front))
			if want(err, "sendall", syscall.EPIPE); n != 0 {
				t.Errorf("%d bytes went to nothing", n)
			}
			socktest.Must(t, front.Close())
			_, err = io.Copy(view(back), view(front))
			want(err, "recv", net.ErrClosed)
		})
	})
}

// A system that refuses to splice, and a process without descriptors for a pipe, copy.
func TestStreamToStreamCopies(t *testing.T) {
	relay := func(t *testing.T) {
		t.Helper()
		in, source, sink, out := relayed(t, spliceKinds[0], spliceKinds[1])
		socktest.Must(t, errors.Join(sendAll(in, "hello, world"), in.Shutdown(sock.SHUT_WR)))
		n, err := io.Copy(sink, io.LimitReader(source, 5))
		if p, failed := out.Recv(100, 0); n != 5 || string(p) != "hello" || errors.Join(err, failed) != nil {
			t.Errorf("%d, %q, %v", n, p, err)
		}
		if p, err := source.Recv(100, 0); string(p) != ", world" || err != nil {
			t.Errorf("the rest is %q, %v", p, err)
		}
	}
	t.Run("refused", func(t *testing.T) {
		socktest.Check(t)
		sock.WithSplice(func(func(int, int, int) (int, error), int, int, int) (int, error) { return 0, syscall.EINVAL },
			func() { relay(t) })
	})
	t.Run("no pipe", func(t *testing.T) {
		socktest.Check(t)
		in, source, sink, out := relayed(t, spliceKinds[0], spliceKinds[1])
		socktest.Must(t, errors.Join(sendAll(in, "hello"), in.Shutdown(sock.SHUT_WR)))
		sock.ForgetPipes()
		giveBack := exhaust(t)
		n, err := io.Copy(sink, source)
		giveBack()
		if p, failed := out.Recv(100, 0); n != 5 || string(p) != "hello" || errors.Join(err, failed) != nil {
			t.Errorf("%d, %q, %v", n, p, err)
		}
	})
}

func sendAll(s *sock.Socket, text string) error {
	_, err := s.Write([]byte(text))
	return err
}

package sock_test

import (
	"errors"
	"math"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// RecvBuffer receives as RecvInto does, into memory that is lent when data is available.

// eachBorrower is EachWaiter without futures, which have no RecvBuffer.
func eachBorrower(t *testing.T, scenario func(t *testing.T, w *socktest.Waiter, recv func(*sock.Socket, *sock.Buffers, int) ([]byte, error))) {
	t.Helper()
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		type borrower interface {
			RecvBuffer(*sock.Buffers, int) ([]byte, error)
		}
		a, b := socktest.UDP.Pair(t)
		b.Close()
		if _, ok := w.On(a).(borrower); ok {
			scenario(t, w, func(s *sock.Socket, b *sock.Buffers, flags int) ([]byte, error) {
				return w.On(s).(borrower).RecvBuffer(b, flags)
			})
		}
	})
}

func TestRecvBuffer(t *testing.T) {
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			eachBorrower(t, func(t *testing.T, w *socktest.Waiter, recv func(*sock.Socket, *sock.Buffers, int) ([]byte, error)) {
				a, b := k.Pair(t)
				buffers := sock.NewBuffers(16)
				for _, waits := range []bool{false, true} {
					send := func() error { _, err := b.Send(hello, 0); return err }
					sender := socktest.Start(func() error {
						if waits {
							socktest.AwaitWaiting(t, a)
						}
						return send()
					})
					if !waits {
						socktest.Must(t, sender.Wait(t))
					}
					p, err := recv(a, buffers, 0)
					if err != nil || string(p) != "hello" || cap(p) != buffers.Size() {
						t.Errorf("waits %v: %q, of %d bytes, %v", waits, p, cap(p), err)
					}
					buffers.Put(p)
					socktest.Must(t, sender.Wait(t))
				}
				for name, flags := range map[string]int{"MSG_PEEK": sock.MSG_PEEK, "none": 0} {
					_, err := b.Send(hello, 0)
					socktest.Must(t, err)
					if p, err := recv(a, buffers, flags); err != nil || string(p) != "hello" {
						t.Errorf("%s: %q, %v", name, p, err)
					}
					if flags != 0 {
						_, err := a.Recv(5, 0)
						socktest.Must(t, err)
					}
				}
				if large := int64(math.MaxInt64); int64(int(large)) == large {
					_, err := recv(a, buffers, int(large))
					if err == nil {
						t.Error("flags that are no C int are taken")
					}
				}
				socktest.Must(t, a.SetTimeout(time.Millisecond))
				if p, err := recv(a, buffers, 0); p != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("nothing comes: %q, %v", p, err)
				}
				socktest.Must(t, a.SetTimeout(0))
				for _, flags := range []int{0, sock.MSG_PEEK} {
					if p, err := recv(a, buffers, flags); p != nil || err != sock.ErrWouldBlock {
						t.Errorf("non-blocking, flags %d: %q, %v", flags, p, err)
					}
				}
				socktest.Must(t, a.Close())
				if p, err := recv(a, buffers, 0); p != nil || !errors.Is(err, net.ErrClosed) {
					t.Errorf("closed: %q, %v", p, err)
				}
			})
		})
	}
}

// The end of a stream is nil. An empty datagram is not nil, since the socket goes on.
func TestRecvBufferOfNothing(t *testing.T) {
	for _, k := range []socktest.Kind{socktest.TCP, socktest.UnixStream, socktest.UnixSeqpacket, socktest.UDP, socktest.UnixDatagram} {
		t.Run(k.Name, func(t *testing.T) {
			eachBorrower(t, func(t *testing.T, w *socktest.Waiter, recv func(*sock.Socket, *sock.Buffers, int) ([]byte, error)) {
				a, b := k.Pair(t)
				buffers := sock.NewBuffers(16)
				datagrams := k.Type == sock.SOCK_DGRAM
				for _, flags := range []int{0, sock.MSG_PEEK} {
					if datagrams {
						_, err := b.Send(nil, 0)
						socktest.Must(t, err)
					} else {
						socktest.Must(t, b.Shutdown(sock.SHUT_WR))
					}
					p, err := recv(a, buffers, flags)
					if err != nil || len(p) != 0 || (p != nil) != datagrams {
						t.Errorf("flags %d: %v, %v; nil is the end", flags, p, err)
					}
					buffers.Put(p)
				}
			})
		})
	}
}

func TestRecvBufferCuts(t *testing.T) {
	a, b := socktest.UDP.Pair(t)
	buffers := sock.NewBuffers(3)
	for _, flags := range []int{0, sock.MSG_TRUNC, sock.MSG_WAITALL} {
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		if runtime.GOOS != "linux" && flags == sock.MSG_TRUNC {
			flags = 0 // on other systems it is no flag of recv(2)
		}
		if p, err := a.RecvBuffer(buffers, flags); err != nil || string(p) != "hel" {
			t.Errorf("flags %#x: %q, %v", flags, p, err)
		}
	}
}

func TestBuffersPut(t *testing.T) {
	b := sock.NewBuffers(8)
	for name, p := range map[string][]byte{
		"nil":                    nil,
		"shorter":                make([]byte, 7),
		"longer":                 make([]byte, 9),
		"a part from the middle": b.Get()[1:],
		"one that was cut":       b.Get()[:4:4],
	} {
		b.Put(p)
		for range 4 {
			if got := b.Get(); len(got) != 8 || cap(got) != 8 || p != nil && unsafe.SliceData(got) == unsafe.SliceData(p) {
				t.Errorf("after Put of %s Get gives %d bytes, with room for %d, at the same place", name, len(got), cap(got))
			}
		}
	}
	p := b.Get()
	b.Put(p[:0])
	if got := b.Get(); len(got) != 8 {
		t.Errorf("%d bytes", len(got))
	}
	for _, size := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for size %d", size)
				}
			}()
			sock.NewBuffers(size)
		}()
	}
}

// A nil Buffers is an error: a nil result alone would look like the end of the stream.
func TestRecvBufferOfNil(t *testing.T) {
	a, b := socktest.LocalStream.Pair(t)
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	var arg *sock.ArgError
	if p, err := a.RecvBuffer(nil, 0); p != nil || !errors.As(err, &arg) {
		t.Errorf("%q, %v, want an ArgError", p, err)
	}
	socktest.Must(t, wantBytes("hello")(a.Recv(10, 0)))
}

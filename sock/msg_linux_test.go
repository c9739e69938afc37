package sock_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A message arrives whole, in every way to wait and on every kind of socket: items 97, 104, 114.
func TestMessagesInEveryWay(t *testing.T) {
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				p, q := make([]byte, 2), make([]byte, 10)
				call := socktest.Start(func() error {
					n, items, flags, _, err := w.On(a).RecvmsgInto([][]byte{p, nil, q}, 64, 0)
					if err == nil && (n != 5 || string(p)+string(q[:3]) != "hello" || len(items) != 0 || flags&^sock.MSG_EOR != 0) {
						t.Errorf("%d %q %q %v %#x", n, p, q, items, flags)
					}
					return err
				})
				socktest.AwaitWaiting(t, a)
				if n, err := w.On(b).Sendmsg([][]byte{[]byte("he"), nil, []byte("llo")}, nil, 0, sock.Addr{}); n != 5 || err != nil {
					t.Error(n, err)
				}
				socktest.Must(t, call.Wait(t))
				socktest.Must(t, wantN(5)(w.On(b).Sendmsg([][]byte{[]byte("again")}, nil, 0, sock.Addr{})))
				data, _, _, _, err := w.On(a).Recvmsg(100, 0, 0)
				socktest.Must(t, wantBytes("again")(data, err))
			})
		})
	}
}

// The sender is the zero Addr if the system names no sender: item 106.
func TestMessageSender(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		stream, peer := socktest.TCP.Pair(t)
		one, other, err := sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
		socktest.Must(t, err)
		socktest.Closing(t, one)
		socktest.Closing(t, other)
		named, addr := socktest.UnixDatagram.Bound(t)
		bound, from := socktest.UnixDatagram.Bound(t)
		udp, udpAddr := socktest.UDP.Bound(t)
		for _, tt := range []struct {
			name     string
			from, at *sock.Socket
			to, want sock.Addr
		}{
			{"a connected stream", peer, stream, sock.Addr{}, sock.Addr{}},
			{"a Unix pair", one, other, sock.Addr{}, sock.Addr{}},
			{"an unbound Unix datagram socket", socktest.UnixDatagram.New(t), named, addr, sock.Addr{}},
			{"a bound one", bound, named, addr, from},
			{"UDP", udp, udp, udpAddr, udpAddr},
		} {
			socktest.Must(t, tt.at.SetTimeout(socktest.Patience))
			socktest.Must(t, wantN(5)(w.On(tt.from).Sendmsg([][]byte{hello}, nil, 0, tt.to)))
			data, items, _, got, err := w.On(tt.at).Recvmsg(10, 0, 0)
			if string(data) != "hello" || items != nil || got != tt.want || err != nil {
				t.Errorf("%s: %q from %v, %v; want from %v", tt.name, data, got, err, tt.want)
			}
		}
	})
}

// A goroutine and a future may wait for the look-up of an address. A loop must not.
func TestMessageToAName(t *testing.T) {
	bare.Localhost(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s, addr := socktest.UDP.Bound(t)
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		n, err := w.On(s).Sendmsg([][]byte{hello}, []sock.Control{sock.TTL(9).Control()}, 0, sock.Inet("localhost", addr.Port()))
		socktest.Must(t, wantN(5)(n, err))
		data, _, _, from, err := w.On(s).Recvmsg(10, 0, 0)
		if string(data) != "hello" || from != addr || err != nil {
			t.Errorf("%q from %v, %v", data, from, err)
		}
		if _, err := w.On(s).Sendmsg(make([][]byte, sock.IOV_MAX+1), nil, 0, sock.Inet("localhost", addr.Port())); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("too many buffers: %v", err)
		}
		var bad *families.AddrError
		if _, err := w.On(s).Sendmsg(nil, nil, 0, sock.Unix("x")); !errors.As(err, &bad) {
			t.Errorf("another family: %v", err)
		}
		var op *net.OpError
		if _, err := w.On(s).Sendmsg(nil, nil, 0, sock.Inet("127.0.0.1", -1)); !errors.As(err, &op) || op.Op != "sendmsg" {
			t.Errorf("a bad port: %v, want it to name sendmsg", err) // items 6, 102
		}
	})
}

// At the end of a stream the message is empty and the error is nil: item 108.
func TestMessageEndOfStream(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		socktest.Must(t, b.Close())
		data, items, _, from, err := w.On(a).Recvmsg(10, 64, 0)
		if len(data) != 0 || len(items) != 0 || !from.IsZero() || err != nil {
			t.Error(data, items, from, err)
		}
		if _, err := w.On(a).Sendmsg([][]byte{hello}, nil, sock.MSG_NOSIGNAL, sock.Addr{}); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("a send without a receiver: %v, want EPIPE, and no signal", err)
		}
	})
}

// MSG_PEEK waits and leaves the data. MSG_TRUNC returns the whole length, and marks a datagram that
// was cut: items 107, 108.
func TestMessagePeekAndTrunc(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		call := socktest.Start(func() error {
			data, _, flags, from, err := w.On(a).Recvmsg(3, 0, sock.MSG_PEEK)
			if err == nil && (string(data) != "hel" || flags != sock.MSG_TRUNC || from != socktest.Name(t, b)) {
				t.Errorf("%q, %#x, %v", data, flags, from)
			}
			return err
		})
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, wantN(5)(b.Sendmsg([][]byte{hello}, nil, 0, sock.Addr{})))
		socktest.Must(t, call.Wait(t))
		n, _, flags, _, err := w.On(a).RecvmsgInto([][]byte{make([]byte, 1), make([]byte, 1)}, 0, sock.MSG_TRUNC)
		if n != 5 || flags&sock.MSG_TRUNC == 0 || err != nil {
			t.Errorf("%d, %#x, %v", n, flags, err)
		}
	})
}

// MSG_OOB waits for urgent data, and takes only that.
func TestMessageOutOfBand(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		socktest.Must(t, wantN(5)(b.Send(hello, 0)))
		socktest.AwaitReadable(t, a)
		socktest.Must(t, wantN(1)(w.On(b).Sendmsg([][]byte{[]byte("!")}, nil, sock.MSG_OOB, sock.Addr{})))
		// The system returns EINVAL until urgent data was announced.
		socktest.Await(t, "urgent data", func() bool {
			data, _, flags, _, err := w.On(a).Recvmsg(10, 0, sock.MSG_OOB)
			if err == nil && (string(data) != "!" || flags&sock.MSG_OOB == 0) {
				t.Errorf("%q, %#x", data, flags)
			}
			return err == nil
		})
		data, _, _, _, err := w.On(a).Recvmsg(10, 0, 0)
		socktest.Must(t, wantBytes("hello")(data, err))
	})
}

// MSG_WAITALL continues until the buffers are full, the stream ends or the time is over. Data that
// was received is never lost.
func TestMessageWaitAll(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		p, q := make([]byte, 4), make([]byte, 4)
		call := socktest.Start(func() error {
			n, _, _, _, err := w.On(a).RecvmsgInto([][]byte{p, {}, q}, 0, sock.MSG_WAITALL)
			return wantN(8)(n, err)
		})
		socktest.AwaitWaiting(t, a)
		for _, part := range []string{"ab", "cde", "fghi"} {
			socktest.Must(t, wantN(len(part))(b.Send([]byte(part), 0)))
			socktest.Await(t, "the part to be taken", func() bool { return !readable(a) || call.Done() })
		}
		socktest.Must(t, call.Wait(t))
		if string(p)+string(q) != "abcdefgh" {
			t.Errorf("%q %q", p, q)
		}
		socktest.Must(t, a.SetTimeout(5*time.Millisecond))
		data, _, _, _, err := w.On(a).Recvmsg(10, 0, sock.MSG_WAITALL)
		socktest.Must(t, wantBytes("i")(data, err)) // data up to the timeout
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		socktest.Must(t, wantN(5)(b.Send(hello, 0)))
		socktest.Must(t, b.Close())
		data, _, _, _, err = w.On(a).Recvmsg(10, 0, sock.MSG_WAITALL)
		socktest.Must(t, wantBytes("hello")(data, err)) // data up to the end
	})
}

// If an error ends a connection in the middle of a MSG_WAITALL, the next call returns the error. It
// does not look like the end of the stream.
func TestWaitAllReset(t *testing.T) {
	p := make([]byte, 10)
	calls := map[string]func(socktest.Operations) (int, error){
		"recv": func(s socktest.Operations) (int, error) { return s.RecvInto(p, sock.MSG_WAITALL) },
		"recvfrom": func(s socktest.Operations) (int, error) {
			n, _, err := s.RecvfromInto(p, sock.MSG_WAITALL)
			return n, err
		},
		"recvmsg": func(s socktest.Operations) (int, error) {
			n, _, _, _, err := s.RecvmsgInto([][]byte{p}, 0, sock.MSG_WAITALL)
			return n, err
		},
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for name, recv := range calls {
			for _, late := range []bool{false, true} {
				a, b := socktest.TCP.Pair(t)
				call := socktest.Start(func() error { return wantN(5)(recv(w.On(a))) })
				socktest.AwaitWaiting(t, a)
				socktest.Must(t, wantN(5)(b.Send(hello, 0)))
				if late {
					socktest.Await(t, "the bytes to be taken", func() bool { return !readable(a) || call.Done() })
				}
				socktest.Must(t, b.SetLinger(sock.Linger{On: true}))
				socktest.Must(t, b.Close())
				if err := call.Wait(t); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if n, err := recv(w.On(a)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s, after the bytes: %d, %v, want ECONNRESET", name, n, err)
				}
				if n, err := recv(w.On(a)); n != 0 || err != nil {
					t.Errorf("%s, after the error: %d, %v, want the end", name, n, err)
				}
			}
		}
	})
}

// With MSG_WAITALL, a message with descriptors is the last part, so the descriptors come together
// with their bytes.
func TestMessageWaitAllOfRights(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		socktest.Must(t, wantN(2)(b.Send([]byte("ab"), 0)))
		socktest.Must(t, wantN(2)(b.SendFds([][]byte{[]byte("cd")}, []int{b.Fileno()}, 0)))
		socktest.Must(t, wantN(2)(b.Send([]byte("ef"), 0)))
		data, items, _, _, err := w.On(a).Recvmsg(10, 64, sock.MSG_WAITALL|sock.MSG_CMSG_CLOEXEC)
		if string(data) != "abcd" || len(items) != 1 || err != nil {
			t.Fatalf("%q, %v, %v", data, items, err)
		}
		for _, fd := range items[0].AppendRights(nil) {
			socktest.Must(t, sock.Close(fd))
		}
	})
}

// A send with MSG_FASTOPEN and without a cookie waits for the connection, if it may wait, and then
// sends.
func TestFastOpen(t *testing.T) {
	calls := map[string]func(s socktest.Operations, to sock.Addr) (int, error){
		"sendto": func(s socktest.Operations, to sock.Addr) (int, error) { return s.Sendto(hello, sock.MSG_FASTOPEN, to) },
		"sendmsg": func(s socktest.Operations, to sock.Addr) (int, error) {
			return s.Sendmsg([][]byte{hello}, nil, sock.MSG_FASTOPEN, to)
		},
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for name, send := range calls {
			for _, mode := range []time.Duration{sock.Forever, socktest.Patience, 0} {
				ln, addr := socktest.TCP.Listener(t) // a listener that needs no cookies
				s := socktest.TCP.New(t)
				socktest.Must(t, s.SetTimeout(mode))
				n, err := send(w.On(s), addr)
				if errors.Is(err, syscall.EOPNOTSUPP) {
					t.Skip("MSG_FASTOPEN wants bit 1 of the sysctl net.ipv4.tcp_fastopen:", err)
				}
				if mode == 0 {
					if !errors.Is(err, syscall.EINPROGRESS) {
						t.Errorf("%s, non-blocking: %d, %v, want EINPROGRESS", name, n, err)
					}
					continue
				}
				if err := wantN(5)(n, err); err != nil {
					t.Errorf("%s, %s: %v", name, modeName(mode), err)
					continue
				}
				a, _, err := ln.Accept()
				socktest.Must(t, err)
				socktest.Must(t, wantBytes("hello")(a.Recv(10, 0)))
				socktest.Must(t, a.Close())
			}
			if n, err := send(w.On(socktest.TCP.New(t)), refusing(t)); n != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s without a receiver: %d, %v, want ECONNREFUSED", name, n, err)
			}
		}
	})
}

// Errors are reported in Python's order: the address, the buffers, the ancillary data, the call:
// items 98, 100, 102, 103.
func TestMessageRefused(t *testing.T) {
	many := make([][]byte, sock.IOV_MAX+1)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		udp, _ := socktest.UDP.Bound(t)
		stream, _ := socktest.UnixStream.Pair(t)
		for _, tt := range []struct {
			name    string
			s       *sock.Socket
			buffers [][]byte
			to      sock.Addr
			want    error
			text    string
		}{
			{"a bad address before too many buffers", udp, many, sock.Inet("127.0.0.1", 70000), nil, "port"},
			{"an address of another family", udp, nil, sock.Unix("x"), nil, ""},
			{"too many buffers", udp, many, sock.Inet("127.0.0.1", 9), syscall.EMSGSIZE, "1025 buffers"},
			{"connected already", stream, [][]byte{hello}, sock.Unix("x"), syscall.EISCONN, ""},
			{"no address", udp, [][]byte{hello}, sock.Addr{}, syscall.EDESTADDRREQ, ""},
		} {
			_, err := w.On(tt.s).Sendmsg(tt.buffers, nil, 0, tt.to)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		var arg *sock.ArgError
		sizes := [][2]int{{-1, 0}, {0, -1}}
		if strconv.IntSize == 64 { // otherwise every int is a C int
			sizes = append(sizes, [2]int{0, math.MaxInt})
			if _, err := w.On(udp).Sendmsg(nil, nil, math.MaxInt, sock.Addr{}); !errors.As(err, &arg) {
				t.Errorf("flags: %v", err)
			}
			for _, c := range []sock.Control{{Level: math.MinInt | sock.SOL_SOCKET, Type: 77}, {Level: 77, Type: math.MinInt | 1}} {
				if _, err := w.On(stream).Sendmsg([][]byte{hello}, []sock.Control{c}, 0, sock.Addr{}); !errors.As(err, &arg) {
					t.Errorf("%+v: %v", c, err)
				}
			}
		}
		for _, size := range sizes { // items 104, 105
			if _, _, _, _, err := w.On(udp).Recvmsg(size[0], size[1], 0); !errors.As(err, &arg) {
				t.Errorf("sizes %v: %v", size, err)
			}
		}
		if _, _, _, _, err := w.On(udp).RecvmsgInto(many, 0, 0); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("too many buffers to receive: %v", err)
		}
	})
}

func wantN(want int) func(int, error) error {
	return func(got int, err error) error {
		if err == nil && got != want {
			err = fmt.Errorf("%d, want %d", got, want)
		}
		return err
	}
}

// readable reports whether poll(2) finds data to receive now.
func readable(s *sock.Socket) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(s.Fileno()), Events: unix.POLLIN}}, 0)
	return n > 0
}

func unixPair(t *testing.T, typ sock.Type) (a, b *sock.Socket) {
	t.Helper()
	a, b, err := sock.Pair(sock.AF_UNIX, typ, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	a.SetTimeout(20 * time.Second)
	b.SetTimeout(20 * time.Second)
	return a, b
}

// Sendmsg gathers the buffers, and RecvmsgInto scatters into buffers. A datagram that is longer
// than the buffers is cut and marked: items 97, 107, 237.
func TestMessagesGatherAndScatter(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_DGRAM)
	n, err := a.Sendmsg([][]byte{[]byte("01234"), nil, []byte("56789")}, nil, 0, sock.Addr{})
	if n != 10 || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	p, q := make([]byte, 3), make([]byte, 2)
	n, items, flags, from, err := b.RecvmsgInto([][]byte{p, q}, 0, 0)
	if n != 5 || string(p) != "012" || string(q) != "34" || flags != sock.MSG_TRUNC || items != nil || !from.IsZero() || err != nil {
		t.Fatalf("%d %q %q, flags %#x, %v, from %v, %v", n, p, q, flags, items, from, err)
	}
	// Without buffers the message is an empty datagram: item 98.
	if n, err := a.Sendmsg(nil, nil, 0, sock.Addr{}); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if data, _, _, _, err := b.Recvmsg(10, 0, 0); len(data) != 0 || err != nil {
		t.Fatal(data, err)
	}
	if _, err := a.Sendmsg(make([][]byte, sock.IOV_MAX+1), nil, 0, sock.Addr{}); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("more than IOV_MAX buffers: %v", err)
	}
	if _, _, _, _, err := b.Recvmsg(-1, 0, 0); err == nil {
		t.Error("a negative size was taken")
	}
	if _, _, _, _, err := b.Recvmsg(1, -1, 0); err == nil {
		t.Error("a negative room for ancillary data was taken")
	}
}

// Messages wait, time out, are canceled and peek like every other operation.
func TestMessagesWait(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_STREAM)
	b.SetTimeout(20 * time.Millisecond)
	if _, _, _, _, err := b.Recvmsg(10, 0, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	b.SetTimeout(0)
	if _, _, _, _, err := b.Recvmsg(10, 0, 0); !errors.Is(err, sock.ErrWouldBlock) {
		t.Fatal(err)
	}
	b.SetTimeout(sock.Forever)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, _, _, _, err := b.With(ctx).Recvmsg(10, 0, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		data, _, _, _, err := b.Recvmsg(10, 0, sock.MSG_PEEK)
		if err != nil {
			data = []byte(err.Error())
		}
		got <- string(data)
	}()
	if _, err := a.Sendmsg([][]byte{[]byte("he"), []byte("llo")}, nil, 0, sock.Addr{}); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "hello" {
		t.Fatal(s)
	}
	if data, _, _, _, err := b.Recvmsg(10, 0, 0); string(data) != "hello" || err != nil {
		t.Fatalf("%q, %v: a peek took it", data, err)
	}
	a.Close()
	if data, items, _, _, err := b.Recvmsg(10, 100, 0); len(data) != 0 || items != nil || err != nil {
		t.Fatal(data, items, err) // item 108
	}
}

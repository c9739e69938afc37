package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// datagramKinds are the kinds whose batches are tested, with and without an address.
var datagramKinds = []socktest.Kind{
	{Family: sock.AF_INET, Type: sock.SOCK_DGRAM},
	{Family: sock.AF_INET6, Type: sock.SOCK_DGRAM},
	{Family: sock.AF_UNIX, Type: sock.SOCK_DGRAM},
	{Family: sock.AF_UNIX, Type: sock.SOCK_SEQPACKET},
}

// room returns n datagrams with buffers of size bytes.
func room(n, size int) []sock.Datagram {
	ms := make([]sock.Datagram, n)
	for i := range ms {
		ms[i].Buffers = [][]byte{make([]byte, size)}
	}
	return ms
}

// texts returns the received bytes of each message.
func texts(ms []sock.Datagram) (list []string) {
	for _, m := range ms {
		list = append(list, string(bytes.Join(m.Buffers, nil)[:m.N]))
	}
	return list
}

// recvTexts receives batches until it has n messages.
func recvTexts(t *testing.T, w socktest.Operations, n int) (list []string) {
	t.Helper()
	for len(list) < n {
		ms := room(n, 64)
		got, err := w.RecvBatch(ms, 0)
		socktest.Must(t, err)
		if got < 1 {
			t.Fatalf("%d messages and no error", got)
		}
		list = append(list, texts(ms[:got])...)
	}
	return list
}

// Messages arrive in order, each as one message, in each way to wait.
func TestBatchArrivesInOrder(t *testing.T) {
	socktest.Each(t, datagramKinds, func(t *testing.T, k socktest.Kind) {
		socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
			a, b := k.Pair(t)
			// This fits the queue of a Unix socket: net.unix.max_dgram_qlen of Linux is 10, and 8
			// fit into the 8 KB of NetBSD, where each takes two mbufs of 512 bytes.
			const n = 7
			var ms []sock.Datagram
			var want []string
			for i := range n {
				text := strings.Repeat(fmt.Sprint(i), 1+i%3) // changes the size often, so that runs of one size are short
				want = append(want, text)
				ms = append(ms, sock.Datagram{Buffers: [][]byte{[]byte(text[:1]), []byte(text[1:])}})
			}
			sent, err := w.On(a).SendBatch(ms, 0)
			if sent != n || err != nil {
				t.Fatalf("SendBatch: %d, %v", sent, err)
			}
			for i, m := range ms {
				if m.N != len(want[i]) {
					t.Errorf("message %d: N is %d, want %d", i, m.N, len(want[i]))
				}
			}
			if got := recvTexts(t, w.On(b), n); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	})
}

// A receive waits for the first message and for no more.
func TestRecvBatchWaitsForOne(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
		a, b := k.Pair(t)
		ms := room(8, 16)
		var n int
		call := socktest.Start(func() (err error) {
			n, err = w.On(b).RecvBatch(ms, 0)
			return err
		})
		socktest.AwaitWaiting(t, b)
		_, err := a.Send([]byte("one"), 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
		if n != 1 || texts(ms[:n])[0] != "one" {
			t.Errorf("%d messages: %q", n, texts(ms[:n]))
		}
		if from := socktest.Name(t, a); ms[0].Addr != from {
			t.Errorf("from %v, want %v", ms[0].Addr, from)
		}
	})
}

func TestRecvBatchEnds(t *testing.T) {
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		_, b := k.Pair(t)
		b.SetTimeout(time.Millisecond)
		if n, err := w.On(b).RecvBatch(room(2, 8), 0); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("with a timeout: %d, %v", n, err)
		}
		b.SetTimeout(0)
		if n, err := w.On(b).RecvBatch(room(2, 8), 0); n != 0 || !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("non-blocking: %d, %v", n, err)
		}
		socktest.Must(t, b.Close())
		if n, err := w.On(b).RecvBatch(room(2, 8), 0); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %d, %v", n, err)
		}
	})
}

// RecvBatch marks a message that was cut. An empty message is a message, and so is one whose
// Datagram has no room for bytes.
func TestRecvBatchOfCutAndEmptyMessages(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	a, b := k.Pair(t)
	for _, text := range []string{"longer", "", "x"} {
		_, err := a.Send([]byte(text), 0)
		socktest.Must(t, err)
	}
	ms := room(3, 3)
	ms[2].Buffers = nil
	for done := 0; done < 3; {
		n, err := b.RecvBatch(ms[done:], 0)
		socktest.Must(t, err)
		done += n
	}
	if ms[0].N != 3 || ms[0].Flags&sock.MSG_TRUNC == 0 {
		t.Errorf("cut: %d bytes, flags %#x", ms[0].N, ms[0].Flags)
	}
	if ms[1].N != 0 || ms[1].Flags&sock.MSG_TRUNC != 0 {
		t.Errorf("empty: %d bytes, flags %#x", ms[1].N, ms[1].Flags)
	}
	if ms[2].N != 0 || ms[2].Flags&sock.MSG_TRUNC == 0 {
		t.Errorf("no room: %d bytes, flags %#x", ms[2].N, ms[2].Flags)
	}
}

// The batch has more messages than one call takes and than the receiver's queue holds. The send
// goes on as the queue drains, and loses nothing.
func TestSendBatchResumes(t *testing.T) {
	if !socktest.UnixDatagram.WaitsForRoom() {
		t.Skip("a send to a full queue of a Unix datagram socket fails here: run this where it waits")
	}
	k := socktest.Kind{Family: sock.AF_UNIX, Type: sock.SOCK_DGRAM}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := k.Pair(t)
		const n = 300
		ms := make([]sock.Datagram, n)
		var want []string
		for i := range ms {
			want = append(want, fmt.Sprint(i))
			ms[i].Buffers = [][]byte{[]byte(want[i])}
		}
		var sent int
		call := socktest.Start(func() (err error) {
			sent, err = w.On(a).SendBatch(ms, 0)
			return err
		})
		got := recvTexts(t, b, n)
		socktest.Must(t, call.Wait(t))
		if sent != n || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d sent; received %q", sent, got)
		}
	})
}

// In non-blocking mode, and where no send waits for it, a full queue ends the batch, and the result
// tells the caller where to go on.
func TestSendBatchToFullQueue(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_UNIX, Type: sock.SOCK_DGRAM}
	a, b := k.Pair(t)
	a.SetTimeout(0)
	const n = 2000
	ms := make([]sock.Datagram, n)
	for i := range ms {
		ms[i].Buffers = [][]byte{fmt.Append(nil, i)}
	}
	for done := 0; done < n; {
		sent, err := a.SendBatch(ms[done:], 0)
		if sent+done < n && !systems.ErrnosHere(systems.SendToFullUnixQueue).Has(err) {
			t.Fatalf("%d of %d sent: %v, want %v", sent, n-done, err, systems.ErrnosHere(systems.SendToFullUnixQueue))
		}
		for i, text := range recvTexts(t, b, sent) {
			if want := fmt.Sprint(done + i); text != want {
				t.Fatalf("message %d is %q", done+i, text)
			}
		}
		done += sent
	}
}

// Each message has its own address. An error names the address of the message that failed, and the
// messages before it are sent.
func TestSendBatchToAddresses(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	a, _ := k.Bound(t)
	b, toB := k.Bound(t)
	c, toC := k.Bound(t)
	ms := []sock.Datagram{
		{Buffers: [][]byte{[]byte("b1")}, Addr: toB},
		{Buffers: [][]byte{[]byte("b2")}, Addr: toB},
		{Buffers: [][]byte{[]byte("c1")}, Addr: toC},
		{Buffers: [][]byte{[]byte("b3")}, Addr: toB},
	}
	n, err := a.SendBatch(ms, 0)
	if n != 4 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if got := recvTexts(t, b, 3); fmt.Sprint(got) != "[b1 b2 b3]" {
		t.Errorf("b: %q", got)
	}
	if got := recvTexts(t, c, 1); fmt.Sprint(got) != "[c1]" {
		t.Errorf("c: %q", got)
	}

	ms[2].Buffers = [][]byte{make([]byte, 70000)} // no datagram is that long
	n, err = a.SendBatch(ms, 0)
	if n != 2 || err == nil || !strings.Contains(err.Error(), toC.String()) {
		t.Errorf("%d, %v; want 2 and an error that names %v", n, err, toC)
	}
	if got := recvTexts(t, b, 2); fmt.Sprint(got) != "[b1 b2]" {
		t.Errorf("b: %q", got)
	}
	if n, err := a.SendBatch(ms[n+1:], 0); n != 1 || err != nil {
		t.Errorf("the rest: %d, %v", n, err)
	}
	if got := recvTexts(t, b, 1); fmt.Sprint(got) != "[b3]" {
		t.Errorf("b: %q", got)
	}
}

func TestBatchRefuses(t *testing.T) {
	socktest.Check(t)
	udp, _ := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}.Pair(t)
	unix, _ := socktest.Kind{Family: sock.AF_UNIX, Type: sock.SOCK_DGRAM}.Pair(t)
	stream, _ := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_STREAM}.Pair(t)
	one := func(segment int) []sock.Datagram {
		return []sock.Datagram{{Buffers: [][]byte{[]byte("abc")}, Segment: segment}}
	}
	many := []sock.Datagram{{Buffers: make([][]byte, sock.IOV_MAX+1)}}
	tests := []struct {
		name string
		call func() (int, error)
		want string
	}{
		{"a send on a stream", func() (int, error) { return stream.SendBatch(one(0), 0) }, "a stream does not"},
		{"a receive on a stream", func() (int, error) { return stream.RecvBatch(one(0), 0) }, "a stream does not"},
		{"a segment that is negative", func() (int, error) { return udp.SendBatch(one(-1), 0) }, "must be 0-65507"},
		{"a segment that is too long", func() (int, error) { return udp.SendBatch(one(65508), 0) }, "must be 0-65507"},
		{"a segment on a Unix socket", func() (int, error) { return unix.SendBatch(one(1), 0) }, "only a UDP socket"},
		{"too many buffers", func() (int, error) { return udp.RecvBatch(many, 0) }, "message 0: 1025 buffers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if n, err := test.call(); n != 0 || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d, %v; want 0 and %q", n, err, test.want)
			}
		})
	}
	if n, err := udp.SendBatch(nil, 0); n != 0 || err != nil {
		t.Errorf("no messages: %d, %v", n, err)
	}
	if n, err := udp.RecvBatch(nil, 0); n != 0 || err != nil {
		t.Errorf("no messages: %d, %v", n, err)
	}
}

// A Segment makes datagrams of that size, with and without segmentation by the kernel, for any
// lengths of the buffers.
func TestSendBatchCutsSegments(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	for _, help := range []bool{true, false} {
		t.Run(fmt.Sprintf("help=%v", help), func(t *testing.T) {
			a, b := k.Pair(t)
			if !help {
				sock.RefuseSegments(a)
			}
			socktest.Must(t, b.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 128<<10)) // more is an error on some systems
			for _, size := range []int{1, 7, 100, 1000, 4000} {
				for _, segment := range []int{1, 3, 100, 1472, 5000} {
					if size/segment > 100 {
						continue // more than the receiver's queue certainly holds
					}
					p := bytes.Repeat([]byte("0123456789"), 1+size/10)[:size]
					m := []sock.Datagram{{Buffers: [][]byte{p[:size/3], nil, p[size/3:]}, Segment: segment}}
					n, err := a.SendBatch(m, 0)
					if n != 1 || err != nil || m[0].N != size {
						t.Fatalf("%d bytes by %d: %d sent, N %d, %v", size, segment, n, m[0].N, err)
					}
					for at := 0; at < size; at += segment {
						want := p[at:min(at+segment, size)]
						got, err := b.Recv(8192, 0)
						socktest.Must(t, err)
						if !bytes.Equal(got, want) {
							t.Fatalf("%d bytes by %d: at %d %d bytes, want %d", size, segment, at, len(got), len(want))
						}
					}
				}
			}
		})
	}
}

package sock_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Messages of one size go through the kernel as one. A receiver with UDP_GRO gets them as one
// message, with the size of each. Sent back with that Segment, they are single datagrams again.
func TestBatchSegmentsThereAndBack(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
		a, b := k.Pair(t)
		socktest.Must(t, b.SetUDPGRO(true))
		const n, size = 10, 100
		ms := room(n, size)
		for i := range ms {
			copy(ms[i].Buffers[0], bytes.Repeat([]byte{byte('a' + i)}, size))
		}
		ms[n-1].Buffers[0] = ms[n-1].Buffers[0][:size/2]
		_, err := w.On(a).SendBatch(ms, 0)
		socktest.Must(t, err)

		in := room(4, 1<<16)
		got, err := w.On(b).RecvBatch(in, 0)
		socktest.Must(t, err)
		total := n*size - size/2
		if got != 1 || in[0].N != total || in[0].Segment != size || in[0].ControlN != 0 {
			t.Fatalf("%d messages, N %d, Segment %d, ControlN %d; want 1 of %d by %d", got, in[0].N, in[0].Segment, in[0].ControlN, total, size)
		}

		in[0].Buffers[0] = in[0].Buffers[0][:total]
		_, err = w.On(b).SendBatch(in[:1], 0)
		socktest.Must(t, err)
		for i, text := range recvTexts(t, w.On(a), n) {
			if want := ms[i].Buffers[0]; text != string(want[:min(len(want), len(text))]) || len(text) < 50 {
				t.Errorf("datagram %d is %q", i, text)
			}
		}
	})
}

// The kernel cannot cut the datagrams of a socket without checksums, and returns EINVAL. Then the
// batch sends them one by one. It loses nothing and sends nothing twice.
func TestSendBatchWithoutTheKernelsHelp(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	a, b := k.Pair(t)
	socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, soNoCheck, 1))
	var ms []sock.Datagram
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d", i))
		ms = append(ms, sock.Datagram{Buffers: [][]byte{[]byte(want[i])}})
	}
	n, err := a.SendBatch(ms, 0)
	if n != len(ms) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if got := recvTexts(t, b, n); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q", got)
	}
	b.SetTimeout(0)
	if n, err := b.RecvBatch(room(1, 8), 0); n != 0 || err != sock.ErrWouldBlock {
		t.Errorf("%d more, %v", n, err)
	}
}

const soNoCheck = 11 // SO_NO_CHECK of <asm-generic/socket.h>: UDP datagrams without a checksum

// Ancillary data of the caller keeps its place, also beside UDP_GRO.
func TestRecvBatchWithControl(t *testing.T) {
	socktest.Check(t)
	k := socktest.Kind{Family: sock.AF_INET, Type: sock.SOCK_DGRAM}
	a, b := k.Pair(t)
	socktest.Must(t, b.SetUDPGRO(true))
	socktest.Must(t, b.Setsockopt(sock.IPPROTO_IP, sock.IP_RECVTTL, 1))
	ms := room(3, 10)
	_, err := a.SendBatch(ms, 0)
	socktest.Must(t, err)
	in := room(2, 1<<16)
	in[0].Control = make([]byte, 256)
	n, err := b.RecvBatch(in, 0)
	socktest.Must(t, err)
	items, err := sock.ParseControl(in[0].Control[:in[0].ControlN])
	socktest.Must(t, err)
	if n != 1 || in[0].Segment != 10 || len(items) != 2 {
		t.Errorf("%d messages, Segment %d, items %v", n, in[0].Segment, items)
	}
}

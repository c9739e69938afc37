//go:build !race

package netconn_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// What is called for each message allocates nothing, in a goroutine and in a task.
func TestNoAllocations(t *testing.T) {
	a, b := pair(t, "tcp")
	p, q := listenPacket(t, "udp"), listenPacket(t, "udp")
	to := q.LocalAddr().(*net.UDPAddr).AddrPort()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	text, room, oob := []byte("hello"), make([]byte, 100), make([]byte, 100)
	buffers, parts := make([][]byte, 2), net.Buffers(nil)
	check := func(t *testing.T, a, b *netconn.Conn, p, q *netconn.PacketConn) {
		for name, call := range map[string]func() error{
			"Write and Read": func() error {
				_, err := a.Write(text)
				if err == nil {
					_, err = b.Read(room)
				}
				return err
			},
			"WriteBuffers": func() error {
				buffers[0], buffers[1] = text, text
				parts = buffers
				_, err := a.WriteBuffers(&parts)
				if err == nil {
					_, err = b.Read(room)
				}
				return err
			},
			"WriteMsg and ReadMsg": func() error {
				_, _, err := a.WriteMsg(text, nil, sock.Addr{})
				if err == nil {
					_, _, _, _, err = b.ReadMsg(room, oob)
				}
				return err
			},
			"AddrPort": func() error {
				_, err := p.WriteToUDPAddrPort(text, to)
				if err == nil {
					_, _, err = q.ReadFromUDPAddrPort(room)
				}
				return err
			},
			"MsgAddrPort": func() error {
				_, _, err := p.WriteMsgUDPAddrPort(text, nil, to)
				if err == nil {
					_, _, _, _, err = q.ReadMsgUDPAddrPort(room, oob)
				}
				return err
			},
		} {
			var failed error
			if n := testing.AllocsPerRun(100, func() {
				if err := call(); err != nil {
					failed = err
				}
			}); n != 0 || failed != nil {
				t.Errorf("%s: %v allocations, %v", name, n, failed)
			}
		}
	}
	t.Run("goroutine", func(t *testing.T) { check(t, a, b, p, q) })
	t.Run("task", func(t *testing.T) {
		r, err := loop.NewReactor(&loop.Config{Loops: 1})
		socktest.Must(t, err)
		defer r.Close()
		r.Next().Go(func(task *loop.Task) { check(t, a.In(task), b.In(task), p.In(task), q.In(task)) }).Wait(context.Background())
	})
}

// An idle connection costs no more heap than one of package net. The kernel's part is the same, and
// what Go's own poller has for each of its descriptors is not counted, since it is not on the heap.
func TestIdleMemory(t *testing.T) {
	const connections = 500
	measure := func(network string, dial func() net.Conn, accept func() net.Conn) (bytes float64) {
		conns := make([]net.Conn, 0, 2*connections)
		before := socktest.Heap()
		for range connections {
			conns = append(conns, dial(), accept())
		}
		after := socktest.Heap()
		for _, c := range conns {
			c.Close()
		}
		return float64(after-before) / (2 * connections)
	}
	for _, network := range []string{"tcp", "unix"} {
		theirs, err := net.Listen(network, at(t, network))
		socktest.Must(t, err)
		defer theirs.Close()
		ours := listen(t, network)
		made := func(c net.Conn, err error) net.Conn {
			socktest.Must(t, err)
			return c
		}
		// The first measurement fills pools, and any one may meet the growth of a loop's tables:
		// the median counts.
		of := map[string][]float64{}
		for range 5 {
			of["net"] = append(of["net"], measure(network, func() net.Conn { return made(net.Dial(network, theirs.Addr().String())) },
				func() net.Conn { return made(theirs.Accept()) }))
			of["netconn"] = append(of["netconn"], measure(network, func() net.Conn { return made(netconn.Dial(network, ours.Addr().String())) },
				func() net.Conn { return made(ours.Accept()) }))
		}
		our, their := median(of["netconn"]), median(of["net"])
		t.Logf("%s: %.0f bytes of heap a connection, with package net %.0f", network, our, their)
		if our > their {
			t.Errorf("%s: a connection costs %.0f bytes, with package net %.0f", network, our, their)
		}
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

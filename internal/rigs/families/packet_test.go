//go:build linux

package families_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bpf"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/packet"
	"github.com/polluxio/pollux/sock/socktest"
)

// experiment is a protocol of Ethernet that has no owner: ETH_P_802_EX1, for local experiments.
const experiment = 0x88b5

// hardwareOf is the address of a host's end of the wire.
func hardwareOf(t testing.TB, h *host) net.HardwareAddr {
	t.Helper()
	links, err := netlink.Links(netlinkIn(t, h.namespace))
	must(t, err)
	for _, l := range links {
		if l.Index == h.index {
			return l.Address
		}
	}
	t.Fatalf("no %s among %v", h.link, links)
	return nil
}

// packetOn is a socket that gets the protocol's packets of the host's end of the wire.
func packetOn(t testing.TB, h *host, typ sock.Type, proto sock.Protocol) (s *sock.Socket) {
	t.Helper()
	h.do(t, func() { s = need(t, sock.AF_PACKET, typ, 0) })
	must(t, s.SetTimeout(socktest.Patience))
	must(t, s.Bind(sock.Packet(h.link, int(proto))))
	return s
}

// frame is one for to.
func ethernetFrame(to, from net.HardwareAddr, proto int, payload string) []byte {
	b := append(append([]byte(nil), to...), from...)
	return append(binary.BigEndian.AppendUint16(b, uint16(proto)), payload...)
}

var everybody = net.HardwareAddr{255, 255, 255, 255, 255, 255}

func TestPacket(t *testing.T) {
	near, far := twoHosts(t)
	hardware := map[*host]net.HardwareAddr{near: hardwareOf(t, near), far: hardwareOf(t, far)}
	for _, typ := range []sock.Type{sock.SOCK_RAW, sock.SOCK_DGRAM} {
		t.Run(map[sock.Type]string{sock.SOCK_RAW: "raw", sock.SOCK_DGRAM: "datagram"}[typ], func(t *testing.T) {
			var a, b *sock.Socket
			everyWay(t, func(t *testing.T) (*sock.Socket, *sock.Socket) {
				a, b = packetOn(t, near, typ, experiment), packetOn(t, far, typ, experiment)
				return a, b
			}, exchange{
				Message: func(i int) []byte {
					text := fmt.Sprintf("packet %d", i)
					if typ == sock.SOCK_DGRAM {
						return []byte(text)
					}
					return ethernetFrame(everybody, hardware[far], experiment, text)
				},
				To: func(s *sock.Socket) sock.Addr { // from the other end of the wire
					link, to := far.link, near
					if s == b {
						link, to = near.link, far
					}
					return sock.PacketLL(link, experiment, 0, 0, hardware[to])
				},
				Sender: func(t *testing.T, s *sock.Socket, from sock.Addr) {
					proto, pkttype, hatype, hw := from.Packet()
					want := map[sock.Type]int{sock.SOCK_RAW: sock.PACKET_BROADCAST, sock.SOCK_DGRAM: sock.PACKET_HOST}[typ]
					if proto != experiment || pkttype != want || hatype != 1 || !bytes.Equal(hw, hardware[far]) || a.InterfaceOf(from) != near.link {
						t.Errorf("from %v", from)
					}
				},
				Ready: func(t *testing.T, s *sock.Socket) { must(t, packet.SetAuxdata(s, true)) },
				Ancillary: func(t *testing.T, items []sock.Control, _ int) {
					aux, ok := packet.ParseAuxdata(wantItem(t, items, packet.SOL_PACKET, packet.PACKET_AUXDATA))
					if !ok || aux.HasVLAN() || aux.Len == 0 || aux.Len != aux.Snaplen {
						t.Errorf("auxdata %+v, %v", aux, ok)
					}
				},
			})
		})
	}
}

// The kernel takes a VLAN's tag out of the packet, and PACKET_AUXDATA tells it.
func TestPacketVLAN(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	a, b := packetOn(t, near, sock.SOCK_RAW, sock.ETH_P_ALL), packetOn(t, far, sock.SOCK_RAW, experiment)
	must(t, packet.SetAuxdata(a, true))
	tagged := ethernetFrame(everybody, hardwareOf(t, far), packet.ETH_P_8021Q, "\x20\x2a\x88\xb5tagged") // priority 1, VLAN 42
	_, err := b.Send(tagged, 0)
	must(t, err)
	for {
		data, items, _, _, err := a.Recvmsg(100, packet.AuxdataSpace(), 0)
		must(t, err)
		if !bytes.HasSuffix(data, []byte("tagged")) {
			continue // what hosts say to each other by themselves
		}
		aux, ok := packet.ParseAuxdata(wantItem(t, items, packet.SOL_PACKET, packet.PACKET_AUXDATA))
		if !ok || !aux.HasVLAN() || aux.VLAN != 0x202a || aux.VLANType != packet.ETH_P_8021Q {
			t.Errorf("auxdata %+v, %v", aux, ok)
		}
		if binary.BigEndian.Uint16(data[12:]) != experiment {
			t.Errorf("the tag is in the packet still: %x", data)
		}
		return
	}
}

// A filter decides in the kernel what is received; locked, it stays.
func TestPacketFilter(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	a, b := packetOn(t, near, sock.SOCK_RAW, experiment), packetOn(t, far, sock.SOCK_RAW, experiment)
	from := hardwareOf(t, far)
	program, err := new(bpf.Assembler).
		Load(1, 14).
		If(bpf.BPF_JEQ, 'y', "take", "drop").
		Label("take").Ret(math.MaxUint32).
		Label("drop").Ret(0).
		Program()
	must(t, err)
	send := func(texts ...string) {
		for _, text := range texts {
			_, err := b.Send(ethernetFrame(everybody, from, experiment, text), 0)
			must(t, err)
		}
	}
	expect := func(want string) {
		t.Helper()
		p, err := a.Recv(100, 0)
		must(t, err)
		if string(p[14:]) != want {
			t.Errorf("%q, want %q", p[14:], want)
		}
	}
	must(t, bpf.Attach(a, program))
	send("no", "yes", "n", "", "y")
	expect("yes")
	expect("y")
	must(t, bpf.Detach(a))
	send("no")
	expect("no")
	if err := bpf.Detach(a); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no filter to detach: %v", err)
	}
	must(t, bpf.Attach(a, program[3:])) // only the "take"
	must(t, bpf.Lock(a))
	for what, err := range map[string]error{"attach": bpf.Attach(a, program), "detach": bpf.Detach(a)} {
		if !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s a locked one: %v", what, err)
		}
	}
	stats, err := packet.Statistics(a)
	if err != nil || stats.Packets == 0 || stats.Drops != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	if stats, err = packet.Statistics(a); stats.Packets != 0 || err != nil {
		t.Errorf("asked again: %+v, %v", stats, err)
	}
}

// The interface takes what is not for it while a socket is a member for that.
func TestPacketMembership(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	a := packetOn(t, near, sock.SOCK_RAW, experiment)
	s := netlinkIn(t, near.namespace)
	promisc := func() int {
		links, err := netlink.Links(s)
		must(t, err)
		for _, l := range links {
			if l.Index == near.index {
				return l.Promisc
			}
		}
		return -1
	}
	for _, m := range []struct {
		kind     int
		hardware []byte
		promisc  int
	}{
		{packet.PACKET_MR_PROMISC, nil, 1},
		{packet.PACKET_MR_ALLMULTI, nil, 0},
		{packet.PACKET_MR_MULTICAST, []byte{1, 0, 0x5e, 0, 0, 99}, 0},
	} {
		must(t, packet.Join(a, near.link, m.kind, m.hardware))
		if got := promisc(); got != m.promisc {
			t.Errorf("kind %d: %d want it promiscuous, want %d", m.kind, got, m.promisc)
		}
		must(t, packet.Leave(a, near.link, m.kind, m.hardware))
		if got := promisc(); got != 0 {
			t.Errorf("kind %d, left: %d want it promiscuous", m.kind, got)
		}
		must(t, packet.Leave(a, near.link, m.kind, m.hardware))
	}
	if err := packet.Join(a, "nosuch0", packet.PACKET_MR_PROMISC, nil); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("on no interface: %v", err)
	}
	var arg *sock.ArgError
	if err := packet.Join(a, near.link, packet.PACKET_MR_MULTICAST, make([]byte, 9)); !errors.As(err, &arg) {
		t.Errorf("a hardware address that is too long: %v", err)
	}

	// A frame for another host says so; without the membership hardware would not let it
	// through.
	must(t, packet.Join(a, near.link, packet.PACKET_MR_PROMISC, nil))
	b := packetOn(t, far, sock.SOCK_RAW, experiment)
	_, err := b.Send(ethernetFrame(net.HardwareAddr{2, 2, 2, 2, 2, 2}, hardwareOf(t, far), experiment, "for another"), 0)
	must(t, err)
	_, from, err := a.Recvfrom(100, 0)
	must(t, err)
	if _, pkttype, _, _ := from.Packet(); pkttype != sock.PACKET_OTHERHOST {
		t.Errorf("from %v", from)
	}
}

// Sockets of a group share what comes.
func TestPacketFanout(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	one, two := packetOn(t, near, sock.SOCK_RAW, experiment), packetOn(t, near, sock.SOCK_RAW, experiment)
	must(t, packet.Fanout(one, 7, packet.PACKET_FANOUT_LB))
	must(t, packet.Fanout(two, 7, packet.PACKET_FANOUT_LB))
	b := packetOn(t, far, sock.SOCK_RAW, experiment)
	const frames = 20
	for i := range frames {
		_, err := b.Send(ethernetFrame(everybody, hardwareOf(t, far), experiment, fmt.Sprint(i)), 0)
		must(t, err)
	}
	for _, s := range []*sock.Socket{one, two} { // in turn
		for range frames / 2 {
			_, err := s.Recv(100, 0)
			must(t, err)
		}
		must(t, s.SetTimeout(0))
		if _, err := s.Recv(100, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("more than its share: %v", err)
		}
	}
	var arg *sock.ArgError
	if err := packet.Fanout(one, 1<<16, 0); !errors.As(err, &arg) {
		t.Errorf("a group that is too big: %v", err)
	}
}

// tcpdump sees our frames.
func TestPacketAndTcpdump(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	var dump *running
	near.do(t, func() {
		dump = start(t, "tcpdump", "-i", near.link, "-l", "-e", "-n", "-A", "--immediate-mode", "-Z", "root", "ether", "proto", fmt.Sprint(experiment))
	})
	dump.Expect("listening on")
	b := packetOn(t, far, sock.SOCK_RAW, experiment)
	from := hardwareOf(t, far)
	_, err := b.Send(ethernetFrame(everybody, from, experiment, "seen by tcpdump"), 0)
	must(t, err)
	dump.Expect(from.String())
	dump.Expect("seen by tcpdump")
	dump.Signal(syscall.SIGINT)
	dump.End(0)
}

// tcpdump's compiler makes our filter: of what comes only what it would take is received.
func TestPacketFilterOfTcpdump(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	a, b := packetOn(t, near, sock.SOCK_RAW, experiment), packetOn(t, far, sock.SOCK_RAW, experiment)
	var listing string
	near.do(t, func() {
		listing = output(t, "", "tcpdump", "-i", near.link, "-ddd", "ether", "proto", fmt.Sprint(experiment), "and", "ether[14]", "=", "0x79")
	})
	// How many instructions there are, and then the four numbers of each.
	lines := strings.Split(strings.TrimSpace(listing), "\n")
	var program []bpf.Instruction
	for _, line := range lines[1:] {
		var in bpf.Instruction
		if _, err := fmt.Sscan(line, &in.Op, &in.Jt, &in.Jf, &in.K); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		program = append(program, in)
	}
	if fmt.Sprint(len(program)) != lines[0] || len(program) == 0 {
		t.Fatalf("%d instructions of %s", len(program), listing)
	}
	must(t, bpf.Attach(a, program))
	for _, text := range []string{"no", "yes", "nor this", "y"} {
		_, err := b.Send(ethernetFrame(everybody, hardwareOf(t, far), experiment, text), 0)
		must(t, err)
	}
	for _, want := range []string{"yes", "y"} {
		p, err := a.Recv(100, 0)
		must(t, err)
		if string(p[14:]) != want {
			t.Errorf("%q, want %q", p[14:], want)
		}
	}
}

// A ring gives what a receive would, in each way to wait.
func TestPacketRing(t *testing.T) {
	near, far := twoHosts(t)
	from := hardwareOf(t, far)
	for _, way := range []string{"goroutine", "context", "task", "task and context", "future"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			a, ring := ringOn(t, near, nil)
			b := packetOn(t, far, sock.SOCK_RAW, experiment)
			// next is a block, awaited in the way under test.
			next := func() (block packet.Block, err error) {
				if way == "future" {
					return ring.NextAsync().Wait(t.Context())
				}
				err = within(t, way, a, func(s *sock.Socket) (err error) {
					block, err = ring.On(s).Next()
					return err
				})
				return block, err
			}
			const frames = 500
			sender := socktest.Start(func() error {
				for i := range frames {
					if _, err := b.Send(ethernetFrame(everybody, from, experiment, fmt.Sprintf("packet %d", i)), 0); err != nil {
						return err
					}
				}
				return nil
			})
			for i := 0; i < frames; {
				block, err := next()
				must(t, err)
				if block.Len() == 0 {
					t.Fatal("an empty block")
				}
				for p := range block.Packets() {
					proto, pkttype, _, hw := p.From().Packet()
					if want := fmt.Sprintf("packet %d", i); string(p.Data[p.Net:]) != want || proto != experiment ||
						pkttype != sock.PACKET_BROADCAST || !bytes.Equal(hw, from) || p.Len != len(p.Data) || time.Since(p.Time()) > time.Minute {
						t.Fatalf("%q from %v, want %q", p.Data, p.From(), want)
					}
					i++
				}
				block.Release()
				block.Release()
				if block.Len() != 0 {
					t.Error("a released block has packets")
				}
			}
			must(t, sender.Wait(t))

			must(t, a.SetTimeout(20*time.Millisecond))
			if _, err := next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("nothing comes: %v", err)
			}
			must(t, a.SetTimeout(0))
			if _, err := next(); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("non-blocking: %v", err)
			}
			must(t, a.SetTimeout(socktest.Patience))
			_, err := b.Send(ethernetFrame(everybody, from, experiment, "last"), 0)
			must(t, err)
			block, err := next()
			must(t, err)
			must(t, ring.Close()) // the memory stays until the block is released
			for p := range block.Packets() {
				if string(p.Data[p.Net:]) != "last" {
					t.Errorf("%q", p.Data)
				}
			}
			block.Release()
			if _, err := next(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a closed ring: %v", err)
			}
			_, err = b.Send(ethernetFrame(everybody, from, experiment, "without a ring"), 0)
			must(t, err)
			if p, err := a.Recv(100, 0); err != nil || string(p[14:]) != "without a ring" {
				t.Errorf("%q, %v", p, err)
			}
		})
	}
}

// ringOn is a socket with a ring.
func ringOn(t testing.TB, h *host, cfg *packet.RingConfig) (s *sock.Socket, ring *packet.Ring) {
	t.Helper()
	h.do(t, func() { s = need(t, sock.AF_PACKET, sock.SOCK_RAW, 0) })
	must(t, s.SetTimeout(socktest.Patience))
	ring, err := packet.NewRing(s, cfg)
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	must(t, s.Bind(sock.Packet(h.link, experiment)))
	return s, ring
}

// A cancel and Close end the wait for a block; a watcher gets one.
func TestPacketRingEnds(t *testing.T) {
	near, far := twoHosts(t)
	from := hardwareOf(t, far)
	t.Run("close", func(t *testing.T) {
		socktest.Check(t)
		a, ring := ringOn(t, near, nil)
		call := socktest.Start(func() error { _, err := ring.Next(); return err })
		socktest.AwaitWaiting(t, a)
		must(t, a.Close())
		if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		must(t, ring.Close())
		must(t, ring.Close())
	})
	t.Run("cancel", func(t *testing.T) {
		socktest.Check(t)
		a, ring := ringOn(t, near, nil)
		f := ring.NextAsync()
		socktest.AwaitWaiting(t, a)
		f.Cancel()
		if _, err := f.Wait(t.Context()); err == nil {
			t.Error("a canceled one gave a block")
		}
		b := packetOn(t, far, sock.SOCK_RAW, experiment)
		_, err := b.Send(ethernetFrame(everybody, from, experiment, "after"), 0)
		must(t, err)
		block, err := ring.Next()
		must(t, err)
		if block.Len() != 1 {
			t.Errorf("%d packets", block.Len())
		}
		// Released after everything else: the memory is there until then.
		must(t, a.Close())
		must(t, ring.Close())
		for p := range block.Packets() {
			block.Release() // a mistake, but no crash
			_ = p.Data[0]
		}
	})
	t.Run("watch", func(t *testing.T) {
		socktest.Check(t)
		a, ring := ringOn(t, near, nil)
		h := &ringWatcher{ring: ring, got: make(chan int, 100), closed: make(chan error, 1)}
		r, err := loop.Default()
		must(t, err)
		must(t, a.Watch(r.Next(), h))
		b := packetOn(t, far, sock.SOCK_RAW, experiment)
		const frames = 100
		for i := range frames {
			_, err := b.Send(ethernetFrame(everybody, from, experiment, fmt.Sprint(i)), 0)
			must(t, err)
		}
		for n, end := 0, time.After(socktest.Patience); n < frames; {
			select {
			case more := <-h.got:
				n += more
			case <-end:
				t.Fatalf("%d packets of %d", n, frames)
			}
		}
		must(t, a.Close())
		if err := <-h.closed; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	t.Run("full", func(t *testing.T) { // the program keeps all blocks: the kernel drops, and says so
		socktest.Check(t)
		a, ring := ringOn(t, near, &packet.RingConfig{BlockSize: os.Getpagesize(), Blocks: 2, Timeout: time.Millisecond})
		b := packetOn(t, far, sock.SOCK_RAW, experiment)
		send := func(n int) {
			for range n {
				_, err := b.Send(ethernetFrame(everybody, from, experiment, "full"), 0)
				must(t, err)
			}
		}
		send(100)
		one, err := ring.Next()
		must(t, err)
		two, err := ring.Next()
		must(t, err)
		must(t, a.SetTimeout(20*time.Millisecond))
		if _, err := ring.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a third of two blocks: %v", err)
		}
		stats, err := packet.Statistics(a)
		if err != nil || stats.Drops == 0 || stats.Freezes == 0 || stats.Packets != 100 {
			t.Errorf("%+v, %v", stats, err)
		}
		two.Release()
		one.Release()
		must(t, a.SetTimeout(socktest.Patience))
		send(1)
		three, err := ring.Next()
		must(t, err)
		three.Release()
	})
	t.Run("errors", func(t *testing.T) {
		socktest.Check(t)
		a, _ := ringOn(t, near, nil)
		if _, err := packet.NewRing(a, nil); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("a second one: %v", err)
		}
		for _, cfg := range []packet.RingConfig{
			{BlockSize: 100}, {BlockSize: -os.Getpagesize()}, {Blocks: -1}, {Blocks: math.MaxInt}, {Timeout: -time.Second}, {Timeout: time.Hour},
		} {
			var arg *sock.ArgError
			if _, err := packet.NewRing(a, &cfg); !errors.As(err, &arg) {
				t.Errorf("%+v: %v", cfg, err)
			}
		}
		if _, err := packet.NewRing(socktest.UDP.New(t), nil); err == nil {
			t.Error("UDP has a ring")
		}
	})
}

type ringWatcher struct {
	ring   *packet.Ring
	got    chan int
	closed chan error
}

func (h *ringWatcher) Readable(*sock.Socket) {
	for {
		block, err := h.ring.Next()
		if err != nil {
			return
		}
		h.got <- block.Len()
		block.Release()
	}
}

func (h *ringWatcher) Writable(*sock.Socket)            {}
func (h *ringWatcher) Closed(_ *sock.Socket, err error) { h.closed <- err }

// What a received packet costs: sending is not measured. Run it with -benchtime 200x.
func BenchmarkPacketReceive(b *testing.B) {
	near, far := twoHosts(b)
	out := packetOn(b, far, sock.SOCK_RAW, experiment)
	p := ethernetFrame(everybody, hardwareOf(b, far), experiment, string(make([]byte, 50)))
	send := func(b *testing.B, n int) {
		b.StopTimer()
		for range n {
			_, err := out.Send(p, 0)
			must(b, err)
		}
		b.StartTimer()
	}
	perPacket := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/packet")
	}
	b.Run("impl=recvfrom", func(b *testing.B) {
		const burst = 100 // what the queue holds
		in := packetOn(b, near, sock.SOCK_RAW, experiment)
		buf := make([]byte, 2048)
		n := 0
		for range b.N {
			send(b, burst)
			for range burst {
				_, _, err := in.RecvfromInto(buf, 0)
				must(b, err)
				n++
			}
		}
		perPacket(b, n)
	})
	b.Run("impl=ring", func(b *testing.B) {
		const burst = 20_000
		_, ring := ringOn(b, near, &packet.RingConfig{Blocks: 64})
		n := 0
		for range b.N {
			send(b, burst)
			b.StopTimer()
			time.Sleep(30 * time.Millisecond) // the last block is not full, and comes after the ring's timeout
			b.StartTimer()
			for got := 0; got < burst; {
				block, err := ring.Next()
				must(b, err)
				for p := range block.Packets() {
					if len(p.Data) != 64 {
						b.Fatalf("%x", p.Data)
					}
					got++
				}
				block.Release()
			}
			n += burst
		}
		perPacket(b, n)
	})
}

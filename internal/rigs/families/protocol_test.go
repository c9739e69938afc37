//go:build linux

package families_test

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// Package protocol serves every family: connections by Server and Client, and messages by
// ServePacket. What this kernel lacks is skipped, and must not be in the machine.

// answering sends back what it gets.
type answering struct{ protocol.Base }

func (answering) Data(t *protocol.Transport, p []byte) int {
	t.Write(p)
	return len(p)
}

// asking sends messages of four bytes, one after the other, and wants each back.
type asking struct {
	protocol.Base
	left int
	end  chan error
}

func (a *asking) Made(t *protocol.Transport) { a.ask(t) }

func (a *asking) ask(t *protocol.Transport) { fmt.Fprintf(t, "%04d", a.left) }

func (a *asking) Data(t *protocol.Transport, p []byte) int {
	if len(p) < 4 {
		t.Need(4)
		return 0
	}
	if want := fmt.Sprintf("%04d", a.left); string(p) != want {
		a.end <- fmt.Errorf("the answer is %q, want %q", p, want)
		t.Abort()
		return len(p)
	}
	if a.left--; a.left == 0 {
		t.Close()
	} else {
		a.ask(t)
	}
	return 4
}

func (a *asking) Lost(_ *protocol.Transport, err error) { a.end <- err }

func TestProtocolConnections(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family sock.Family
		typ    sock.Type
		listen func(t *testing.T) sock.Addr
		dial   func(listener sock.Addr) sock.Addr
	}{
		{"VSOCK", sock.AF_VSOCK, sock.SOCK_STREAM, vsockAddr, nil},
		{"VSOCK, messages", sock.AF_VSOCK, sock.SOCK_SEQPACKET, func(t *testing.T) sock.Addr { return vsockLoopback(t, sock.SOCK_SEQPACKET) }, nil},
		{"TIPC", sock.AF_TIPC, sock.SOCK_STREAM, tipcService, func(sock.Addr) sock.Addr { return tipcNode(sock.TIPC_ADDR_NAME, tipcType, 7, 0) }},
		{"TIPC, messages", sock.AF_TIPC, sock.SOCK_SEQPACKET, tipcService, func(sock.Addr) sock.Addr { return tipcNode(sock.TIPC_ADDR_NAME, tipcType, 7, 0) }},
		{"Unix, messages", sock.AF_UNIX, sock.SOCK_SEQPACKET, func(*testing.T) sock.Addr { return sock.Unix("") }, nil},
		{"TCP", sock.AF_INET, sock.SOCK_STREAM, func(*testing.T) sock.Addr { return sock.Inet("127.0.0.1", 0) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			at := tt.listen(t)
			ln := need(t, tt.family, tt.typ, 0)
			must(t, ln.Bind(at))
			must(t, ln.Listen(8))
			if at = socktest.Name(t, ln); tt.dial != nil {
				at = tt.dial(at)
			}
			server, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return answering{} }})
			must(t, err)
			defer server.Close()
			must(t, server.Serve(ln))
			client, err := protocol.NewClient(&protocol.Config{Loops: 1})
			must(t, err)
			defer client.Close()
			a := &asking{left: 100, end: make(chan error, 2)}
			_, err = client.Connect(t.Context(), need(t, tt.family, tt.typ, 0), at, a).Wait(t.Context())
			must(t, err)
			must(t, soon(t, a.end))
		})
	}
}

func vsockAddr(t *testing.T) sock.Addr { return vsockLoopback(t, sock.SOCK_STREAM) }

func tipcService(t *testing.T) sock.Addr {
	need(t, sock.AF_TIPC, sock.SOCK_STREAM, 0).Close()
	return tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 7, 7)
}

// soon receives what comes in time.
func soon[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(2 * socktest.Patience):
		t.Fatal("it does not come")
		panic("unreachable")
	}
}

// hears notes the messages of a socket, and sends what reply makes of each.
type hears struct {
	protocol.DatagramBase
	made  chan *protocol.Datagrams
	got   chan []byte
	reply func(d *protocol.Datagrams, p []byte)
}

func (h *hears) Made(d *protocol.Datagrams) { h.made <- d }

func (h *hears) Datagram(d *protocol.Datagrams, p []byte, _ sock.Addr) {
	h.got <- bytes.Clone(p)
	if h.reply != nil {
		h.reply(d, p)
	}
}

func (h *hears) Error(_ *protocol.Datagrams, err error) { h.got <- []byte(err.Error()) }

// hear serves a socket of messages, and notes what it hears.
func hear(t testing.TB, s *sock.Socket, reply func(d *protocol.Datagrams, p []byte)) *hears {
	t.Helper()
	server, err := protocol.NewServer(&protocol.Config{Loops: 1})
	must(t, err)
	t.Cleanup(func() { server.Close() })
	h := &hears{made: make(chan *protocol.Datagrams, 1), got: make(chan []byte, 1000), reply: reply}
	must(t, server.ServePacket(s, h))
	soon(t, h.made)
	return h
}

// Frames of a CAN bus come one by one, and their answers go to it: 100 in a row.
func TestProtocolCAN(t *testing.T) {
	socktest.Check(t)
	name := vcan(t, "vcan0", can.CAN_MTU)
	reply := canBytes(t, "123#01")
	h := hear(t, canRaw(t, name), func(d *protocol.Datagrams, _ []byte) { d.Send(reply, sock.Addr{}) })
	peer := canRaw(t, name)
	for i := range 100 {
		want := canBytes(t, fmt.Sprintf("321#%02X", i))
		send(t, peer, want)
		if got := soon(t, h.got); !bytes.Equal(got, want) {
			t.Fatalf("frame %d is % x, want % x", i, got, want)
		}
		wantFrame(t, peer, "123#01")
	}
}

// The kernel's notices of links that come and go, on a netlink socket.
func TestProtocolNetlink(t *testing.T) {
	socktest.Check(t)
	ns := newNamespace(t)
	watcher, own := netlinkIn(t, ns), netlinkIn(t, ns)
	must(t, netlink.JoinGroup(watcher, netlink.RTNLGRP_LINK))
	h := hear(t, watcher, nil)
	newVeth(t, own, "near", "far")
	seen := map[string]bool{}
	for !seen["near"] || !seen["far"] {
		for m, err := range netlink.Messages(soon(t, h.got)) {
			must(t, err)
			if m.Type != netlink.RTM_NEWLINK {
				continue
			}
			l, err := netlink.ParseLink(m)
			must(t, err)
			seen[l.Name] = true
		}
	}
}

// Packets of a wire come whole and in order, and answers go back over it.
func TestProtocolPacket(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	toFar := ethernetFrame(everybody, hardwareOf(t, near), experiment, "answer")
	h := hear(t, packetOn(t, near, sock.SOCK_RAW, experiment), func(d *protocol.Datagrams, _ []byte) { d.Send(toFar, sock.Addr{}) })
	peer := packetOn(t, far, sock.SOCK_RAW, experiment)
	for i := range 50 {
		want := ethernetFrame(everybody, hardwareOf(t, far), experiment, fmt.Sprintf("packet %02d", i))
		send(t, peer, want)
		if got := soon(t, h.got); !bytes.HasPrefix(got, want) {
			t.Fatalf("packet %d is % x, want % x", i, got, want)
		}
		if got, err := peer.Recv(100, 0); !bytes.HasPrefix(got, toFar) {
			t.Fatalf("answer %d is % x, %v", i, got, err)
		}
	}
}

// A device without checksums refuses to cut a large send into datagrams (EIO, before Linux 6.11).
// Then they go one by one, and all arrive.
func TestProtocolWithoutSegmentation(t *testing.T) {
	socktest.Check(t)
	near, far := twoHosts(t)
	var a, b *sock.Socket
	near.do(t, func() {
		checksumsOff(t, near.link)
		a = need(t, sock.AF_INET, sock.SOCK_DGRAM, 0)
	})
	far.do(t, func() { b = need(t, sock.AF_INET, sock.SOCK_DGRAM, 0) })
	must(t, a.Bind(sock.Inet(near.ip4.String(), 0)))
	must(t, b.Bind(sock.Inet(far.ip4.String(), 0)))
	must(t, a.Connect(socktest.Name(t, b)))
	must(t, b.Connect(socktest.Name(t, a)))
	must(t, b.SetTimeout(socktest.Patience))
	_, err := a.Sendmsg([][]byte{make([]byte, 100)}, []sock.Control{sock.UDPSegment(10).Control()}, 0, sock.Addr{})
	t.Logf("a send of ten segments: %v", err)
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	for i := 0; i < 10 && err == nil; i++ {
		_, err = b.Recv(100, 0)
		must(t, err)
	}
	const count = 20
	hear(t, a, func(d *protocol.Datagrams, p []byte) {
		for i := range count {
			d.Send(fmt.Appendf(nil, "%s%02d", p, i), sock.Addr{})
		}
	})
	for _, round := range []string{"a", "b"} {
		send(t, b, []byte(round))
		for i := range count {
			got, err := b.Recv(100, 0)
			if want := fmt.Sprintf("%s%02d", round, i); string(got) != want {
				t.Fatalf("%q came, %v, want %q", got, err, want)
			}
		}
	}
}

// checksumsOff makes a link of the calling thread's namespace compute no checksums: struct ifreq
// with a struct ethtool_value, <linux/ethtool.h>.
func checksumsOff(t testing.TB, link string) {
	t.Helper()
	const stxcsum = 0x17 // ETHTOOL_STXCSUM
	value := struct{ cmd, data uint32 }{stxcsum, 0}
	var request struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(request.name[:], link)
	request.data = unsafe.Pointer(&value)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	must(t, err)
	defer unix.Close(fd)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		lacks(t, "ETHTOOL_STXCSUM", errno)
	}
}

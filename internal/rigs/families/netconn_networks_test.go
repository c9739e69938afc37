//go:build linux

package families_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/rigs/vhci"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// Package netconn finds each of these by a name and a text: what it listens at prints as a text
// that Dial takes.

// backAgain checks that the text of an address is one of its network, and means the same.
func backAgain(t *testing.T, format string, a net.Addr) {
	t.Helper()
	own, err := families.FromNet(a)
	must(t, err)
	if format == "" { // that of package net
		return
	}
	if again, err := families.Parse(format + ":" + a.String()); err != nil || again != own {
		t.Errorf("%s:%v reads as %v, %v; want %v", format, a, again, err, own)
	}
}

func TestNetconnConnections(t *testing.T) {
	for _, tt := range []struct {
		network, format string
		family          sock.Family
		typ             sock.Type
		proto           sock.Protocol
		listen          func(t *testing.T) string
		dial            string // "": the address of the listener
	}{
		{"tcp4", "", sock.AF_INET, sock.SOCK_STREAM, 0, always("127.0.0.1:0"), ""},
		{"tcp6", "", sock.AF_INET6, sock.SOCK_STREAM, 0, always("[::1]:0"), ""},
		{"unix", "", sock.AF_UNIX, sock.SOCK_STREAM, 0, func(t *testing.T) string { return filepath.Join(socktest.Dir(t), "s") }, ""},
		{"unixpacket", "", sock.AF_UNIX, sock.SOCK_SEQPACKET, 0, always("@netconn networks"), ""},
		{"sctp4", "inet", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_SCTP, always("127.0.0.1:0"), ""},
		{"sctp6", "inet6", sock.AF_INET6, sock.SOCK_STREAM, sock.IPPROTO_SCTP, always("[::1]:0"), ""},
		{"vsock", "vsock", sock.AF_VSOCK, sock.SOCK_STREAM, 0, always("1:any"), ""},
		{"vsockpacket", "vsock", sock.AF_VSOCK, sock.SOCK_SEQPACKET, 0, always("1:any"), ""},
		{"tipc", "tipc", sock.AF_TIPC, sock.SOCK_STREAM, 0, always(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 70, 79).String()), "name:18888,75"},
		{"tipcpacket", "tipc", sock.AF_TIPC, sock.SOCK_SEQPACKET, 0, always(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 80, 89).String()), "name:18888,85"},
	} {
		t.Run(tt.network, func(t *testing.T) {
			socktest.Check(t)
			if tt.family == sock.AF_VSOCK {
				vsockLoopback(t, tt.typ)
			}
			must(t, need(t, tt.family, tt.typ, tt.proto).Close())
			ln, err := netconn.Listen(tt.network, tt.listen(t))
			must(t, err)
			defer ln.Close()
			backAgain(t, tt.format, ln.Addr())
			to := tt.dial
			if to == "" {
				to = ln.Addr().String()
			}
			talkThrough(t, tt.format, ln, func() (net.Conn, error) { return netconn.DialTimeout(tt.network, to, socktest.Patience) })
		})
	}
}

// talkThrough has a client and a server say a word each, and then the client leave.
func talkThrough(t *testing.T, format string, ln *netconn.Listener, dial func() (net.Conn, error)) {
	t.Helper()
	must(t, ln.SetDeadline(time.Now().Add(3*socktest.Patience)))
	served := socktest.Start(func() error {
		s, err := ln.AcceptConn()
		if err != nil {
			return err
		}
		defer s.Close()
		p := make([]byte, 100)
		n, err := s.Read(p)
		if err == nil {
			_, err = fmt.Fprintf(s, "%s to you", p[:n])
		}
		if err != nil {
			return err
		}
		if s.LocalAddr().String() == "" || s.RemoteAddr().String() == "" && s.RemoteAddr().Network() != "unix" {
			return fmt.Errorf("%#v and %#v", s.LocalAddr(), s.RemoteAddr())
		}
		// The end: of some families a reset, if the client has left.
		if n, err := s.Read(p); n != 0 || err != io.EOF && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
			return fmt.Errorf("at the end: %q, %v", p[:n], err)
		}
		return nil
	})
	c, err := dial()
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(socktest.Patience)))
	_, err = io.WriteString(c, "good day")
	must(t, err)
	p := make([]byte, 100)
	n, err := c.Read(p)
	if err != nil || string(p[:n]) != "good day to you" {
		t.Errorf("%q, %v", p[:n], err)
	}
	backAgain(t, format, c.LocalAddr())
	backAgain(t, format, c.RemoteAddr())
	must(t, c.Close())
	must(t, served.Wait(t))
}

func TestNetconnBluetooth(t *testing.T) {
	for _, network := range []string{"l2cap", "rfcomm"} {
		t.Run(network, func(t *testing.T) {
			near, far := newAir(t)
			socktest.Check(t)
			at := func(c *vhci.Controller, number string) string {
				if network == "l2cap" && number == "" {
					return c.Text() + ",0"
				}
				return c.Text() + "," + number
			}
			number := ""
			if network == "rfcomm" {
				number = "7"
			}
			ln, err := netconn.Listen(network, at(far, number))
			must(t, err)
			defer ln.Close()
			backAgain(t, network, ln.Addr())
			from := families.RFCOMM(near.Text(), 0)
			if network == "l2cap" {
				from = families.L2CAP(near.Text(), 0, 0, sock.BDADDR_BREDR)
			}
			d := &netconn.Dialer{LocalAddr: from, Timeout: 3 * socktest.Patience}
			talkThrough(t, network, ln, func() (c net.Conn, err error) {
				// The link of an earlier connection may be in its end: EBUSY, as bluetoothPair has
				// it.
				socktest.Await(t, "a free link", func() bool {
					c, err = d.Dial(network, ln.Addr().String())
					return !errors.Is(err, unix.EBUSY)
				})
				return c, err
			})
		})
	}
}

func TestNetconnDatagrams(t *testing.T) {
	for _, tt := range []struct {
		network, format string
		family          sock.Family
		typ             sock.Type
		proto           sock.Protocol
		a, b            string
	}{
		{"udp4", "", sock.AF_INET, sock.SOCK_DGRAM, 0, "127.0.0.1:0", "127.0.0.1:0"},
		{"udp6", "", sock.AF_INET6, sock.SOCK_DGRAM, 0, "[::1]:0", "[::1]:0"},
		{"unixgram", "", sock.AF_UNIX, sock.SOCK_DGRAM, 0, "@netconn a", "@netconn b"},
		{"udplite4", "inet", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, "127.0.0.1:0", "127.0.0.1:0"},
		{"udplite6", "inet6", sock.AF_INET6, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, "[::1]:0", "[::1]:0"},
		{"tipcrdm", "tipc", sock.AF_TIPC, sock.SOCK_RDM, 0, tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 91, 91).String(), tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 92, 92).String()},
		{"tipcgram", "tipc", sock.AF_TIPC, sock.SOCK_DGRAM, 0, tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 93, 93).String(), tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 94, 94).String()},
		{"rds", "inet", sock.AF_RDS, sock.SOCK_SEQPACKET, 0, "127.0.0.1:0", "127.0.0.1:0"},
	} {
		t.Run(tt.network, func(t *testing.T) {
			socktest.Check(t)
			must(t, need(t, tt.family, tt.typ, tt.proto).Close())
			a, err := netconn.ListenPacket(tt.network, tt.a)
			must(t, err)
			defer a.Close()
			b, err := netconn.ListenPacket(tt.network, tt.b)
			must(t, err)
			defer b.Close()
			backAgain(t, tt.format, a.LocalAddr())
			must(t, errors.Join(a.SetDeadline(time.Now().Add(socktest.Patience)), b.SetDeadline(time.Now().Add(socktest.Patience))))
			_, err = b.WriteTo([]byte("good day"), a.LocalAddr())
			must(t, err)
			p := make([]byte, 100)
			n, from, err := a.ReadFrom(p)
			if err != nil || string(p[:n]) != "good day" || from.String() != b.LocalAddr().String() {
				t.Fatalf("%q from %v, %v; want it from %v", p[:n], from, err, b.LocalAddr())
			}
			_, err = a.WriteTo([]byte("to you"), from)
			must(t, err)
			if n, _, err = b.ReadFrom(p); err != nil || string(p[:n]) != "to you" {
				t.Errorf("%q, %v", p[:n], err)
			}
		})
	}
}

// Networks whose addresses name an interface or a number: the socket is bound there.
func TestNetconnBound(t *testing.T) {
	for _, tt := range []struct {
		network, format, address string
		family                   sock.Family
		typ                      sock.Type
		proto                    sock.Protocol
	}{
		{"can", "can", "%s", sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW},
		{"isotp", "isotp", "%s,0x7e8,0x7e0", sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_ISOTP},
		{"j1939", "j1939", "%s,0x0,0x40000,0x20", sock.AF_CAN, sock.SOCK_DGRAM, sock.CAN_J1939},
		{"packet", "packet", "lo,0x88b5", sock.AF_PACKET, sock.SOCK_RAW, 0},
		{"netlink", "netlink", "0,0x1", sock.AF_NETLINK, sock.SOCK_RAW, sock.NETLINK_ROUTE},
	} {
		t.Run(tt.network, func(t *testing.T) {
			must(t, need(t, tt.family, tt.typ, tt.proto).Close())
			address := tt.address
			if tt.family == sock.AF_CAN {
				address = fmt.Sprintf(address, vcan(t, "vcannet", can.CAN_MTU))
			}
			socktest.Check(t)
			p, err := netconn.ListenPacket(tt.network, address)
			must(t, err)
			defer p.Close()
			if p.LocalAddr().Network() == "" || p.LocalAddr().String() == "" {
				t.Errorf("it is bound to %#v", p.LocalAddr())
			}
			backAgain(t, tt.format, p.LocalAddr())
			must(t, p.SetReadDeadline(time.Unix(1, 0)))
			if _, _, err := p.ReadFrom(make([]byte, 2000)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a read beyond its deadline: %v", err)
			}
		})
	}
}

// Multipath TCP and fast open are really used, and not an ordinary connection in their place.
func TestNetconnOptionsAreUsed(t *testing.T) {
	t.Run("multipath", func(t *testing.T) {
		socktest.Check(t)
		must(t, need(t, sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_MPTCP).Close())
		lc := netconn.ListenConfig{MultipathTCP: true}
		ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		must(t, err)
		defer ln.Close()
		c, s := connectedBy(t, &netconn.Dialer{MultipathTCP: true}, ln)
		defer c.Close()
		defer s.Close()
		for _, end := range []*netconn.Conn{c, s} {
			if used, err := end.MultipathTCP(); !used || err != nil {
				t.Errorf("MultipathTCP: %v, %v", used, err)
			}
			if _, ok := end.LocalAddr().(*net.TCPAddr); !ok {
				t.Errorf("its address is a %T", end.LocalAddr())
			}
		}
	})
	t.Run("fast open", func(t *testing.T) {
		socktest.Check(t)
		newNamespace(t).do(t, func() {
			must(t, os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte("3"), 0)) // clients and servers
			lc := netconn.ListenConfig{FastOpen: 10}
			ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
			must(t, err)
			defer ln.Close()
			d := &netconn.Dialer{FastOpen: true, FallbackDelay: -1} // so that the socket is made on this thread
			const synData = 32                                      // TCPI_OPT_SYN_DATA of <linux/tcp.h>: the SYN's data was acknowledged
			for try, want := range []bool{false, true} {            // the first connection brings the cookie
				c, s := connectedBy(t, d, ln)
				info, err := c.Socket().TCPInfo()
				must(t, err)
				if used := info.Options&synData != 0; used != want {
					t.Errorf("connection %d: data went with the SYN: %v", try, used)
				}
				c.Close()
				s.Close()
			}
		})
	})
}

// connectedBy dials, writes a word, and accepts.
func connectedBy(t *testing.T, d *netconn.Dialer, ln *netconn.Listener) (c, s *netconn.Conn) {
	t.Helper()
	dialed, err := d.Dial("tcp", ln.Addr().String())
	must(t, err)
	_, err = io.WriteString(dialed, "hello")
	must(t, err)
	s, err = ln.AcceptConn()
	must(t, err)
	p := make([]byte, 5)
	if _, err := io.ReadFull(s, p); err != nil || string(p) != "hello" {
		t.Errorf("%q, %v", p, err)
	}
	return dialed.(*netconn.Conn), s
}

package netconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

func listenPacket(t testing.TB, network string) *netconn.PacketConn {
	t.Helper()
	p, err := netconn.ListenPacket(network, at(t, network))
	socktest.Must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// Datagrams go and come with their sender, also empty ones, and a connected socket has one peer.
func TestPacketConn(t *testing.T) {
	for _, network := range []string{"udp", "udp6", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			if network == "unixgram" && runtime.GOOS == "windows" {
				t.Skip("windows has no datagrams of AF_UNIX")
			}
			socktest.Check(t)
			a, b := listenPacket(t, network), listenPacket(t, network)
			for _, text := range []string{"hello", "", "again"} {
				n, err := a.WriteTo([]byte(text), b.LocalAddr())
				if err != nil || n != len(text) {
					t.Fatalf("%d, %v", n, err)
				}
				p := make([]byte, 100)
				n, from, err := b.ReadFrom(p)
				if err != nil || string(p[:n]) != text || from.String() != a.LocalAddr().String() {
					t.Errorf("%q from %v, %v; want %q from %v", p[:n], from, err, text, a.LocalAddr())
				}
				if want := fmt.Sprintf("%T", a.LocalAddr()); fmt.Sprintf("%T", from) != want {
					t.Errorf("the sender is a %T, want %s", from, want)
				}
			}
			socktest.Must(t, b.SetReadDeadline(time.Unix(1, 0)))
			_, _, err := b.ReadFrom(make([]byte, 1))
			wantOp(t, err, "read", networkName(network), os.ErrDeadlineExceeded)
			var missing *net.AddrError
			if _, err := a.WriteTo(nil, nil); !errors.As(err, &missing) {
				t.Errorf("to nil: %v", err)
			}
			if _, err := a.WriteTo(nil, &net.IPNet{}); err == nil {
				t.Error("to a strange address: no error")
			}

			c, err := netconn.Dial(network, b.LocalAddr().String())
			socktest.Must(t, err)
			defer c.Close()
			p, ok := c.(*netconn.PacketConn)
			if !ok || c.RemoteAddr().String() != b.LocalAddr().String() {
				t.Fatalf("Dial gives a %T to %v", c, c.RemoteAddr())
			}
			_, err = p.WriteTo(nil, b.LocalAddr())
			wantOp(t, err, "write", networkName(network), net.ErrWriteToConnected)
			_, err = c.Write([]byte("connected"))
			socktest.Must(t, err)
			socktest.Must(t, b.SetReadDeadline(time.Time{}))
			got := make([]byte, 100)
			n, _, err := b.ReadFrom(got)
			if err != nil || string(got[:n]) != "connected" {
				t.Errorf("%q, %v", got[:n], err)
			}
			if network == "unixgram" {
				return // it has no name to answer to
			}
			_, err = b.WriteTo(nil, c.LocalAddr())
			socktest.Must(t, err)
			if n, err := c.Read(got); n != 0 || err != nil { // an empty datagram is no end
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

// networkName is the name that errors have.
func networkName(network string) string { return strings.TrimSuffix(network, "6") }

// The AddrPort forms take and give both forms of an IPv4 address, for a socket of both families.
func TestAddrPort(t *testing.T) {
	if !sock.HasDualstackIPv6() {
		t.Skip("the system has no IPv6")
	}
	socktest.Check(t)
	both, err := netconn.ListenPacket("udp", ":0")
	socktest.Must(t, err)
	defer both.Close()
	four := listenPacket(t, "udp4")
	port := func(p *netconn.PacketConn) uint16 { return uint16(p.LocalAddr().(*net.UDPAddr).Port) }
	local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for _, to := range []netip.Addr{local, netip.AddrFrom16(local.As16())} {
		for _, tt := range []struct {
			from, to *netconn.PacketConn
			want     netip.Addr
		}{{both, four, local}, {four, both, netip.AddrFrom16(local.As16())}} {
			_, err := tt.from.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to, port(tt.to)))
			socktest.Must(t, err)
			n, from, err := tt.to.ReadFromUDPAddrPort(make([]byte, 9))
			if want := netip.AddrPortFrom(tt.want, port(tt.from)); n != 1 || err != nil || from != want {
				t.Errorf("%d from %v, %v; want %v", n, from, err, want)
			}
			_, err = tt.from.WriteToUDP([]byte("xy"), &net.UDPAddr{IP: to.AsSlice(), Port: int(port(tt.to))})
			socktest.Must(t, err)
			n, udp, err := tt.to.ReadFromUDP(make([]byte, 9))
			if n != 2 || err != nil || udp.Port != int(port(tt.from)) || !udp.IP.Equal(net.IP(local.AsSlice())) {
				t.Errorf("%d from %v, %v", n, udp, err)
			}
		}
	}
	var missing *net.AddrError
	for name, err := range map[string]error{
		"WriteToUDPAddrPort":  second(four.WriteToUDPAddrPort(nil, netip.AddrPort{})),
		"WriteToUDP":          second(four.WriteToUDP(nil, nil)),
		"WriteMsgUDPAddrPort": third(four.WriteMsgUDPAddrPort(nil, nil, netip.AddrPort{})),
		"WriteMsgUDP":         third(four.WriteMsgUDP(nil, nil, nil)),
	} {
		if !errors.As(err, &missing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

// Several datagrams are received at once, by our own batch and by that of golang.org/x/net, which
// sees the socket through its SyscallConn.
func TestBatches(t *testing.T) {
	for _, way := range []string{"ours", "x/net"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			a, b := listenPacket(t, "udp"), listenPacket(t, "udp")
			const count = 10
			send := func() error {
				if way == "x/net" {
					ms := make([]ipv4.Message, count)
					for i := range ms {
						ms[i] = ipv4.Message{Buffers: [][]byte{{byte(i)}, []byte("!")}, Addr: b.LocalAddr()}
					}
					for sent := 0; sent < count; {
						n, err := ipv4.NewPacketConn(a).WriteBatch(ms[sent:], 0)
						if err != nil {
							return err
						}
						sent += n
					}
					return nil
				}
				ms := make([]netconn.Message, count)
				for i := range ms {
					ms[i] = netconn.Message{Buffers: [][]byte{{byte(i)}, []byte("!")}, Addr: b.LocalAddr()}
				}
				n, err := a.WriteBatch(ms, 0)
				if err == nil && (n != count || ms[9].N != 2) {
					err = fmt.Errorf("%d went", n)
				}
				return err
			}
			receive := func() (got [][]byte, froms []net.Addr, err error) {
				if way == "x/net" {
					ms := make([]ipv4.Message, count)
					for i := range ms {
						ms[i].Buffers = [][]byte{make([]byte, 9)}
					}
					n, err := ipv4.NewPacketConn(b).ReadBatch(ms, 0)
					for _, m := range ms[:max(n, 0)] {
						got, froms = append(got, m.Buffers[0][:m.N]), append(froms, m.Addr)
					}
					return got, froms, err
				}
				ms := make([]netconn.Message, count)
				for i := range ms {
					ms[i].Buffers = [][]byte{make([]byte, 9)}
				}
				n, err := b.ReadBatch(ms, 0)
				for _, m := range ms[:n] {
					got, froms = append(got, m.Buffers[0][:m.N]), append(froms, m.Addr)
				}
				return got, froms, err
			}
			for range 3 { // the second time the socket is known to be empty
				waiting := make(chan error, 1)
				go func() { // the first datagram is waited for
					var all [][]byte
					for len(all) < count {
						got, froms, err := receive()
						if err == nil && (len(got) == 0 || froms[0].String() != a.LocalAddr().String()) {
							err = fmt.Errorf("%d came, from %v", len(got), froms)
						}
						if err != nil {
							waiting <- err
							return
						}
						all = append(all, got...)
					}
					for i, p := range all {
						if !bytes.Equal(p, []byte{byte(i), '!'}) {
							waiting <- fmt.Errorf("datagram %d is %q", i, p)
							return
						}
					}
					waiting <- nil
				}()
				socktest.Must(t, send())
				select {
				case err := <-waiting:
					socktest.Must(t, err)
				case <-time.After(socktest.Patience):
					t.Fatal("they did not come")
				}
			}
		})
	}
}

// A task waits for datagrams as a goroutine does.
func TestPacketConnInTask(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	lc := netconn.ListenConfig{}
	echo, err := lc.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	socktest.Must(t, err)
	serving := r.Next().Go(func(t *loop.Task) {
		p, b := echo.In(t), make([]byte, 2000)
		for {
			n, from, err := p.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			p.WriteToUDPAddrPort(b[:n], from)
		}
	})
	c, err := netconn.Dial("udp", echo.LocalAddr().String())
	socktest.Must(t, err)
	defer c.Close()
	for i := range 100 {
		want := slices.Repeat([]byte{byte(i)}, i)
		_, err := c.Write(want)
		socktest.Must(t, err)
		p := make([]byte, 200)
		if n, err := c.Read(p); err != nil || !bytes.Equal(p[:n], want) {
			t.Errorf("%q, %v", p[:n], err)
		}
	}
	socktest.Must(t, echo.Close())
	socktest.Must(t, serving.Wait(context.Background()))
}

// A connected socket hears that the peer has none there.
func TestRefusedDatagram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not every system reports it")
	}
	socktest.Check(t)
	c, err := netconn.Dial("udp", socktest.UDP.Refusing(t).String())
	socktest.Must(t, err)
	defer c.Close()
	_, err = c.Write([]byte("x"))
	socktest.Must(t, err)
	socktest.Must(t, c.SetReadDeadline(time.Now().Add(socktest.Patience)))
	_, err = c.Read(make([]byte, 1))
	wantOp(t, err, "read", "udp", syscall.ECONNREFUSED)
}

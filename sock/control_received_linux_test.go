package sock_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// ancillary receives a message and returns its items.
func ancillary(t *testing.T, s socktest.Operations) []sock.Control {
	t.Helper()
	data, items, flags, _, err := s.Recvmsg(100, 512, sock.MSG_CMSG_CLOEXEC)
	if err != nil || string(data) != "hello" || flags&sock.MSG_CTRUNC != 0 {
		t.Fatalf("%q, %v, %#x, %v", data, items, flags, err)
	}
	return items
}

// find returns the first item that the reader accepts.
func find[T any](t *testing.T, items []sock.Control, read func(sock.Control) (T, bool)) T {
	t.Helper()
	for _, c := range items {
		if v, ok := read(c); ok {
			return v
		}
	}
	t.Fatalf("not among %v", items)
	return *new(T)
}

// loopbackIndex is the index of the loopback interface.
func loopbackIndex(t *testing.T) int {
	t.Helper()
	list, err := net.Interfaces()
	socktest.Must(t, err)
	for _, ifi := range list {
		if ifi.Flags&net.FlagLoopback != 0 {
			return ifi.Index
		}
	}
	t.Skip("no loopback interface: run this on a host that has one")
	return 0
}

func setInt(t *testing.T, s *sock.Socket, level int, options ...int) {
	t.Helper()
	for _, o := range options {
		socktest.Must(t, s.Setsockopt(level, o, 1))
	}
}

// Fields of the IPv4 header come with a packet, and can be set for one packet: item 118.
func TestReceivedOfIP(t *testing.T) {
	lo := loopbackIndex(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s, self := socktest.UDP.Bound(t)
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		setInt(t, s, sock.IPPROTO_IP, sock.IP_PKTINFO, sock.IP_RECVTTL, sock.IP_RECVTOS, sock.IP_RECVORIGDSTADDR)
		src := netip.MustParseAddr("127.0.0.9")
		send := []sock.Control{sock.TTL(33).Control(), sock.TOS(0x10).Control(), sock.PktInfo{Interface: lo, Local: src}.Control()}
		socktest.Must(t, wantN(5)(w.On(s).Sendmsg([][]byte{hello}, send, 0, self)))
		socktest.Must(t, wantN(5)(w.On(s).Sendmsg([][]byte{hello}, nil, 0, self)))
		data, items, _, from, err := w.On(s).Recvmsg(10, 512, 0)
		if string(data) != "hello" || from.Host() != "127.0.0.9" || err != nil {
			t.Fatalf("%q from %v, %v", data, from, err) // from the address in PktInfo
		}
		if ttl := find(t, items, sock.Control.TTL); ttl != 33 {
			t.Errorf("TTL %d", ttl)
		}
		if tos := find(t, items, sock.Control.TOS); tos != 0x10 {
			t.Errorf("TOS %#x", tos)
		}
		host := netip.MustParseAddr("127.0.0.1")
		if info := find(t, items, sock.Control.PktInfo); info != (sock.PktInfo{Interface: lo, Local: host, Dst: host}) {
			t.Errorf("%+v", info)
		}
		if to := find(t, items, sock.Control.OrigDstAddr); to != self {
			t.Errorf("to %v, want %v", to, self)
		}
		if ttl := find(t, ancillary(t, w.On(s)), sock.Control.TTL); ttl == 33 {
			t.Error("the TTL of one message was that of the next") // item 118
		}
		if _, err := w.On(s).Sendmsg([][]byte{hello}, []sock.Control{sock.PktInfo{Local: netip.IPv6Loopback()}.Control()}, 0, self); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("an address of the other family: %v, want EINVAL", err)
		}
	})
}

// Fields of the IPv6 header come with a packet, and can be set for one packet: item 118.
func TestReceivedOfIPv6(t *testing.T) {
	lo := loopbackIndex(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s, self := socktest.UDP6.Bound(t)
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		setInt(t, s, sock.IPPROTO_IPV6, sock.IPV6_RECVPKTINFO, sock.IPV6_RECVHOPLIMIT, sock.IPV6_RECVTCLASS, unix.IPV6_RECVORIGDSTADDR)
		send := []sock.Control{
			sock.HopLimit(33).Control(), sock.TrafficClass(0x20).Control(),
			sock.PktInfo6{Interface: lo, Addr: netip.IPv6Loopback()}.Control(),
		}
		socktest.Must(t, wantN(5)(w.On(s).Sendmsg([][]byte{hello}, send, 0, self)))
		socktest.Must(t, wantN(5)(w.On(s).Sendmsg([][]byte{hello}, nil, 0, self)))
		items := ancillary(t, w.On(s))
		if hops := find(t, items, sock.Control.HopLimit); hops != 33 {
			t.Errorf("hop limit %d", hops)
		}
		if class := find(t, items, sock.Control.TrafficClass); class != 0x20 {
			t.Errorf("class %#x", class)
		}
		if info := find(t, items, sock.Control.PktInfo6); info != (sock.PktInfo6{Interface: lo, Addr: netip.IPv6Loopback()}) {
			t.Errorf("%+v", info)
		}
		if to := find(t, items, sock.Control.OrigDstAddr); to != self {
			t.Errorf("to %v, want %v", to, self)
		}
		if hops := find(t, ancillary(t, w.On(s)), sock.Control.HopLimit); hops == 33 {
			t.Error("the hop limit of one message was that of the next")
		}
	})
}

// The arrival time of a packet comes in each form.
func TestReceivedTimestamps(t *testing.T) {
	for _, tt := range []struct {
		name     string
		option   int
		value    int
		stamping bool
	}{
		{"SO_TIMESTAMP", sock.SO_TIMESTAMP, 1, false},
		{"SO_TIMESTAMPNS", sock.SO_TIMESTAMPNS, 1, false},
		{"SO_TIMESTAMP_NEW", sock.SO_TIMESTAMP_NEW, 1, false},
		{"SO_TIMESTAMPNS_NEW", sock.SO_TIMESTAMPNS_NEW, 1, false},
		{"SO_TIMESTAMPING", sock.SO_TIMESTAMPING, sock.SOF_TIMESTAMPING_RX_SOFTWARE | sock.SOF_TIMESTAMPING_SOFTWARE, true},
		{"SO_TIMESTAMPING_NEW", sock.SO_TIMESTAMPING_NEW, sock.SOF_TIMESTAMPING_RX_SOFTWARE | sock.SOF_TIMESTAMPING_SOFTWARE, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			a, b := socktest.UDP.Pair(t)
			socktest.Must(t, a.SetTimeout(socktest.Patience))
			if err := a.Setsockopt(sock.SOL_SOCKET, tt.option, tt.value); errors.Is(err, syscall.ENOPROTOOPT) {
				t.Skip("the NEW ones came with Linux 5.1:", err)
			} else {
				socktest.Must(t, err)
			}
			before := time.Now()
			// The kernel starts to take times a moment after the first socket asks for them.
			socktest.Await(t, "a time", func() bool {
				socktest.Must(t, wantN(5)(b.Send(hello, 0)))
				items := ancillary(t, a)
				if tt.stamping {
					if len(items) == 0 {
						return false
					}
					times := find(t, items, sock.Control.Timestamping)
					if !times.Hardware.IsZero() {
						t.Error("there is no hardware: ", times)
					}
					return near(times.Software, before)
				}
				return near(find(t, items, sock.Control.Timestamp), before)
			})
		})
	}
}

// The credentials of the sender come with a message, and cannot be forged.
func TestReceivedCredentials(t *testing.T) {
	self := sock.Ucred{PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid()}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, k := range []socktest.Kind{socktest.UnixStream, socktest.UnixDatagram, socktest.UnixSeqpacket} {
			a, b := k.Pair(t)
			socktest.Must(t, a.SetTimeout(socktest.Patience))
			setInt(t, a, sock.SOL_SOCKET, sock.SO_PASSCRED)
			socktest.Must(t, wantN(5)(w.On(b).Sendmsg([][]byte{hello}, nil, 0, sock.Addr{})))
			if u := find(t, ancillary(t, w.On(a)), sock.Control.Ucred); u != self {
				t.Errorf("%s: %+v, want %+v", k.Name, u, self)
			}
			socktest.Must(t, wantN(5)(w.On(b).Sendmsg([][]byte{hello}, []sock.Control{self.Control()}, 0, sock.Addr{})))
			if u := find(t, ancillary(t, w.On(a)), sock.Control.Ucred); u != self {
				t.Errorf("%s, said: %+v, want %+v", k.Name, u, self)
			}
			stranger := sock.Ucred{PID: 1 << 30}
			if _, err := w.On(b).Sendmsg([][]byte{hello}, []sock.Control{stranger.Control()}, 0, sock.Addr{}); !errors.Is(err, syscall.ESRCH) &&
				!errors.Is(err, syscall.EPERM) {
				t.Errorf("%s: credentials of another process: %v, want ESRCH or EPERM", k.Name, err)
			}
		}
	})
}

// A descriptor of the sender's process comes with a message. It is closed if the message is
// dropped.
func TestReceivedPidFD(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	if err := a.Setsockopt(sock.SOL_SOCKET, unix.SO_PASSPIDFD, 1); err != nil {
		t.Skip("SO_PASSPIDFD came with Linux 6.5:", err)
	}
	before := openFiles(t)
	for _, drop := range []bool{false, true} {
		socktest.Must(t, wantN(5)(b.Send(hello, 0)))
		room := make([]byte, 64)
		_, got, _, _, err := a.RecvmsgBuffers([][]byte{make([]byte, 5)}, room, 0)
		socktest.Must(t, err)
		if openFiles(t) != before+1 {
			t.Error("no descriptor came")
		}
		if drop {
			sock.CloseRights(room[:got])
		} else {
			for c := range sock.ControlMessages(room[:got]) {
				if fd, ok := c.PidFD(); ok {
					socktest.Must(t, unix.PidfdSendSignal(fd, 0, nil, 0))
					socktest.Must(t, sock.Close(fd))
				}
			}
		}
		if n := openFiles(t); n != before {
			t.Errorf("%d descriptors are open, %d were", n, before)
		}
	}
}

// Datagrams that were sent together are received together, with their length.
func TestReceivedGRO(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		if err := a.SetUDPGRO(true); err != nil {
			t.Skip("UDP_GRO came with Linux 5.0:", err)
		}
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		all := make([]byte, 2500)
		send := []sock.Control{sock.UDPSegment(1000).Control()}
		socktest.Must(t, wantN(len(all))(w.On(b).Sendmsg([][]byte{all}, send, 0, sock.Addr{})))
		for got := 0; got < len(all); {
			data, items, _, _, err := w.On(a).Recvmsg(1<<16, 64, 0)
			socktest.Must(t, err)
			if len(data) > 1000 {
				if n := find(t, items, sock.Control.UDPGRO); n != 1000 {
					t.Errorf("GRO says %d", n)
				}
			}
			got += len(data)
		}
		// The same as an option of the socket.
		socktest.Must(t, a.SetUDPGRO(false))
		socktest.Must(t, b.SetUDPSegment(1000))
		if n, err := b.UDPSegment(); n != 1000 || err != nil {
			t.Error(n, err)
		}
		socktest.Must(t, wantN(len(all))(w.On(b).Sendmsg([][]byte{all}, nil, 0, sock.Addr{})))
		for _, want := range []int{1000, 1000, 500} {
			data, _, _, _, err := w.On(a).Recvmsg(1<<16, 0, 0)
			socktest.Must(t, wantN(want)(len(data), err))
		}
		var arg *sock.ArgError
		for _, n := range []int{-1, 65536} {
			if err := b.SetUDPSegment(n); !errors.As(err, &arg) {
				t.Errorf("a segment of %d: %v", n, err)
			}
		}
	})
}

// The number of datagrams that the queue had no room for.
func TestReceivedOverflow(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	setInt(t, a, sock.SOL_SOCKET, sock.SO_RXQ_OVFL)
	socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 1))
	const sends = 200
	for range sends {
		socktest.Must(t, wantN(5)(b.Send(hello, 0)))
	}
	taken := 0
	for ; ; taken++ {
		if _, err := a.Recv(10, sock.MSG_DONTWAIT); errors.Is(err, sock.ErrWouldBlock) {
			break
		} else {
			socktest.Must(t, err)
		}
	}
	socktest.Must(t, wantN(5)(b.Send(hello, 0)))
	if n := find(t, ancillary(t, a), sock.Control.RxqOvfl); int(n) != sends-taken || n == 0 {
		t.Errorf("%d were dropped, want %d", n, sends-taken)
	}
}

// Ancillary data that does not fit is cut, and the flags say so: items 107, 109, 111.
func TestReceivedCut(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		if n, err := sock.CMSG_LEN(0); n != 16 || err != nil {
			t.Skip("the numbers are those of 64 bits: run this on such a machine")
		}
		a, b := socktest.UnixStream.Pair(t)
		pair := openFiles(t)
		fd := b.Fileno()
		for _, tt := range []struct {
			name      string
			room      int
			want      int // descriptors
			items     int
			truncated bool
		}{
			{"no room", 0, 0, 0, true},
			{"less than CMSG_LEN(4)", 19, 0, 0, true},
			{"CMSG_LEN(4)", 20, 1, 1, true},
			{"CMSG_LEN(8)", 24, 2, 1, true},
			{"CMSG_LEN(12)", 28, 3, 1, false},
			{"CMSG_SPACE(12)", 32, 3, 1, false},
			{"more", 100, 3, 1, false},
		} {
			socktest.Must(t, wantN(5)(b.SendFds([][]byte{hello}, []int{fd, fd, fd}, 0)))
			data, items, flags, _, err := w.On(a).Recvmsg(10, tt.room, 0)
			var fds []int
			for _, c := range items {
				fds = c.AppendRights(fds)
			}
			if string(data) != "hello" || len(fds) != tt.want || len(items) != tt.items || (flags&sock.MSG_CTRUNC != 0) != tt.truncated || err != nil {
				t.Errorf("%s: %q, %d descriptors in %d items, %#x, %v", tt.name, data, len(fds), len(items), flags, err)
			}
			for _, fd := range fds {
				flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
				if flags&unix.FD_CLOEXEC != 0 || err != nil {
					t.Errorf("%s: %#x, %v: close-on-exec without MSG_CMSG_CLOEXEC", tt.name, flags, err) // item 113
				}
				socktest.Must(t, sock.Close(fd))
			}
			if n := openFiles(t); n != pair {
				t.Errorf("%s: %d descriptors are open, %d were", tt.name, n, pair)
			}
		}
	})
}

package sock_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

func TestLinger(t *testing.T) { // item 148
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, tt := range []struct{ set, want sock.Linger }{
		{sock.Linger{On: true, Time: 7 * time.Second}, sock.Linger{On: true, Time: 7 * time.Second}},
		{sock.Linger{On: true, Time: time.Millisecond}, sock.Linger{On: true, Time: time.Second}},
		{sock.Linger{On: true}, sock.Linger{On: true}},
		{sock.Linger{}, sock.Linger{}},
	} {
		socktest.Must(t, s.SetLinger(tt.set))
		if got, err := s.Linger(); got != tt.want || err != nil {
			t.Errorf("%+v became %+v, %v; want %+v", tt.set, got, err, tt.want)
		}
	}
	var arg *sock.ArgError
	for _, d := range []time.Duration{-1, sock.Forever} {
		if err := s.SetLinger(sock.Linger{On: true, Time: d}); !errors.As(err, &arg) {
			t.Errorf("%v: %v", d, err)
		}
	}
	// With a time of 0 the connection is reset.
	a, b := socktest.TCP.Pair(t)
	socktest.Must(t, b.SetTimeout(socktest.Patience))
	socktest.Must(t, a.SetLinger(sock.Linger{On: true}))
	socktest.Must(t, a.Close())
	if _, err := b.Recv(1, 0); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want ECONNRESET", err)
	}
}

func TestTimeval(t *testing.T) {
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, tt := range []struct{ set, want time.Duration }{
		{0, 0}, {3*time.Second + 500*time.Millisecond, 3*time.Second + 500*time.Millisecond}, {time.Hour, time.Hour},
	} {
		socktest.Must(t, s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, tt.set))
		if got, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO); got != tt.want || err != nil {
			t.Errorf("%v became %v, %v", tt.set, got, err)
		}
	}
	socktest.Must(t, s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, 1)) // which is not none
	if got, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO); got <= 0 || got > 20*time.Millisecond || err != nil {
		t.Errorf("a nanosecond became %v, %v", got, err)
	}
	var arg *sock.ArgError
	if err := s.SetsockoptTimeval(sock.SOL_SOCKET, sock.SO_RCVTIMEO, -1); !errors.As(err, &arg) {
		t.Error(err)
	}
	if _, err := s.GetsockoptTimeval(sock.SOL_SOCKET, sock.SO_TYPE); err == nil {
		t.Error("an int was taken for a time")
	}
	if err := s.SetsockoptTimeval(sock.SOL_SOCKET, 9999, 1); !errors.Is(err, syscall.ENOPROTOOPT) {
		t.Error(err)
	}
}

func TestPeer(t *testing.T) { // item 149
	socktest.Check(t)
	a, _ := socktest.UnixStream.Pair(t)
	self := sock.Ucred{PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid()}
	if got, err := a.PeerCred(); got != self || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, self)
	}
	switch fd, err := a.PeerPidFD(); {
	case errors.Is(err, syscall.ENOPROTOOPT):
		t.Log("SO_PEERPIDFD came with Linux 6.5:", err)
	case err != nil:
		t.Error(err)
	default:
		socktest.Must(t, unix.PidfdSendSignal(fd, 0, nil, 0))
		socktest.Must(t, sock.Close(fd))
	}
	if fd, err := socktest.UnixStream.New(t).PeerPidFD(); err == nil || fd != -1 {
		t.Errorf("of nobody: %d, %v", fd, err)
	}
}

func TestBindToDevice(t *testing.T) { // item 149
	socktest.Check(t)
	name, err := sock.IfIndextoname(loopbackIndex(t))
	socktest.Must(t, err)
	s := socktest.UDP.New(t)
	if got, err := s.BoundDevice(); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.BindToDevice(name); errors.Is(err, syscall.EPERM) {
		t.Skip("run this with CAP_NET_RAW:", err)
	} else {
		socktest.Must(t, err)
	}
	if got, err := s.BoundDevice(); got != name || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if b, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_BINDTODEVICE, 16); string(b) != name+"\x00" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_BINDTOIFINDEX); n != loopbackIndex(t) || err != nil {
		t.Error(n, err)
	}
	socktest.Must(t, s.BindToDevice(""))
	if got, err := s.BoundDevice(); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.BindToDevice("no-such-device"); !errors.Is(err, syscall.ENODEV) {
		t.Error(err)
	}
	var arg *sock.ArgError
	for _, name := range []string{"sixteen-bytes-16", "a\x00b"} {
		if err := s.BindToDevice(name); !errors.As(err, &arg) {
			t.Errorf("%q: %v", name, err)
		}
	}
	// Privilege: SO_MARK, and SO_INCOMING_CPU for all.
	if err := s.Setsockopt(sock.SOL_SOCKET, sock.SO_MARK, 7); !errors.Is(err, syscall.EPERM) {
		socktest.Must(t, err)
		if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_MARK); n != 7 || err != nil {
			t.Error(n, err)
		}
	}
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_INCOMING_CPU, 0))
	if n, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_INCOMING_CPU); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestKeepAlive(t *testing.T) {
	socktest.Check(t)
	s := socktest.TCP.New(t)
	k := sock.KeepAlive{On: true, Idle: 50 * time.Second, Interval: 5 * time.Second, Count: 4}
	socktest.Must(t, s.SetKeepAlive(k))
	if got, err := s.KeepAlive(); got != k || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, k)
	}
	socktest.Must(t, s.SetKeepAlive(sock.KeepAlive{Idle: 1500 * time.Millisecond})) // the rest stays
	k.On, k.Idle = false, 2*time.Second
	if got, err := s.KeepAlive(); got != k || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, k)
	}
	var arg *sock.ArgError
	for _, bad := range []sock.KeepAlive{{On: true, Idle: -1}, {On: true, Interval: 32768 * time.Second}, {On: true, Count: 128}, {On: true, Count: -1}} {
		if err := s.SetKeepAlive(bad); !errors.As(err, &arg) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if got, err := s.KeepAlive(); got != k || err != nil {
		t.Errorf("what was refused has changed something: %+v, %v", got, err)
	}
	if _, err := socktest.UnixStream.New(t).KeepAlive(); err == nil {
		t.Error("a Unix socket has a TCP_KEEPIDLE")
	}
	socktest.Must(t, s.SetUserTimeout(1500*time.Microsecond))
	if d, err := s.UserTimeout(); d != 2*time.Millisecond || err != nil {
		t.Error(d, err)
	}
	if err := s.SetUserTimeout(-1); !errors.As(err, &arg) {
		t.Error(err)
	}
}

func TestCongestion(t *testing.T) {
	socktest.Check(t)
	s := socktest.TCP.New(t)
	was, err := s.Congestion()
	if was == "" || err != nil {
		t.Errorf("%q, %v", was, err)
	}
	socktest.Must(t, s.SetCongestion("reno")) // which every kernel has
	if name, err := s.Congestion(); name != "reno" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if err := s.SetCongestion("no-such-thing"); !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EPERM) {
		t.Error(err)
	}
	var arg *sock.ArgError
	for _, name := range []string{"", "sixteen-bytes-16", "re\x00no"} {
		if err := s.SetCongestion(name); !errors.As(err, &arg) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTCPInfo(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	const sent = 100_000
	discard(b)
	socktest.Must(t, wantN(sent)(a.Sendall(make([]byte, sent), 0)))
	socktest.Await(t, "all of it to be acknowledged", func() bool {
		i, err := a.TCPInfo()
		socktest.Must(t, err)
		return i.BytesAcked >= sent
	})
	i, err := a.TCPInfo()
	socktest.Must(t, err)
	const established = 1
	if i.State != established || i.RTT <= 0 || i.RTT > time.Second || i.RTO < 10*time.Millisecond || i.RTO > time.Minute ||
		i.SndMSS == 0 || i.SndCwnd == 0 || i.PMTU < 1280 || i.Unacked != 0 || i.BytesSent < sent || i.DataSegsOut == 0 ||
		i.MinRTT > i.RTT+time.Second || i.LastDataSent > time.Minute || i.Options&4 == 0 || i.SndWscale > 14 || i.SndWnd == 0 {
		t.Errorf("%+v", i)
	}
	ln, _ := socktest.TCP.Listener(t)
	if i, err := ln.TCPInfo(); i.State != 10 || i.Sacked == 0 || err != nil {
		t.Errorf("a listener: %+v, %v", i, err)
	}
	if _, err := socktest.UDP.New(t).TCPInfo(); err == nil {
		t.Error("a UDP socket has a TCP_INFO")
	}
}

// The keys go to a kernel that has TLS; one that has not says so.
func TestTLSInTheKernel(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	if err := a.SetULP("tls"); errors.Is(err, syscall.ENOENT) {
		t.Skip("run this on a kernel with CONFIG_TLS:", err)
	} else {
		socktest.Must(t, err)
	}
	socktest.Must(t, b.SetULP("tls"))
	keys := sock.TLSCryptoInfo{
		Version: sock.TLS_1_2_VERSION, Cipher: sock.TLS_CIPHER_AES_GCM_128,
		IV: make([]byte, 8), Key: []byte("sixteen bytes..."), Salt: []byte("salt"), RecSeq: make([]byte, 8),
	}
	socktest.Must(t, a.SetTLSTx(keys))
	socktest.Must(t, b.SetTLSRx(keys))
	socktest.Must(t, b.SetTimeout(socktest.Patience))
	socktest.Must(t, wantN(5)(a.Sendall(hello, 0)))
	socktest.Must(t, wantBytes("hello")(b.Recv(10, 0)))

	// A receive ends where a record of another type begins. It was short, but something is left: the kernel makes an edge for each record.
	const setRecordType, alert = 1, 21 // <linux/tls.h>, RFC 5246
	call := socktest.Start(func() error { return wantBytes("hello")(b.Recv(10, 0)) })
	socktest.AwaitWaiting(t, b)
	socktest.Must(t, wantN(5)(a.Sendall(hello, 0)))
	socktest.Must(t, call.Wait(t))
	socktest.Must(t, wantN(5)(a.Sendall(hello, 0)))
	socktest.Must(t, wantN(2)(a.Sendmsg([][]byte{{1, 0}}, []sock.Control{{Level: sock.SOL_TLS, Type: setRecordType, Data: []byte{alert}}}, 0, sock.Addr{})))
	socktest.Await(t, "both records", func() bool {
		i, err := b.TCPInfo()
		return err == nil && i.DataSegsIn >= 4
	})
	socktest.Must(t, wantBytes("hello")(b.Recv(10, 0)))
	p, items, _, _, err := b.Recvmsg(10, 64, 0)
	if err != nil || string(p) != "\x01\x00" || len(items) != 1 || items[0].Level != sock.SOL_TLS || string(items[0].Data) != string([]byte{alert}) {
		t.Errorf("%q, %v, %v; want the alert", p, items, err)
	}
}

// UDP-Lite counts how much of a datagram its checksum covers: item 146.
func TestOptionsOfUDPLite(t *testing.T) {
	socktest.Check(t)
	made := func() *sock.Socket {
		s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE)
		if errors.Is(err, syscall.EPROTONOSUPPORT) {
			t.Skip("run this on a kernel with UDP-Lite:", err)
		}
		socktest.Must(t, err)
		return socktest.Closing(t, s)
	}
	a, b := made(), made()
	for _, option := range []int{sock.UDPLITE_SEND_CSCOV, sock.UDPLITE_RECV_CSCOV} {
		for set, want := range map[int]int{0: 0, 1: 8, 7: 8, -1: 8, 8: 8, 20: 20, 65535: 65535, 70000: 65535} {
			socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, option, set))
			if got, err := a.Getsockopt(sock.IPPROTO_UDPLITE, option); got != want || err != nil {
				t.Errorf("%d: %d became %d, %v; want %d", option, set, got, err, want)
			}
		}
		socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, option, 0))
	}
	// What covers less than the receiver wants is dropped.
	socktest.Must(t, a.Bind(sock.Inet("127.0.0.1", 0)))
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_RECV_CSCOV, 12))
	for _, tt := range []struct {
		cover int
		text  string
	}{{8, "hidden"}, {12, "covered"}, {0, "all"}} {
		socktest.Must(t, b.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_SEND_CSCOV, tt.cover))
		socktest.Must(t, wantN(len(tt.text))(b.Sendto([]byte(tt.text), 0, socktest.Name(t, a))))
	}
	for _, want := range []string{"covered", "all"} {
		socktest.Must(t, wantBytes(want)(a.Recv(10, 0)))
	}
}

// On Linux TCP_QUICKACK is an option like others; Windows has no such option, and Python makes one of an ioctl.
func TestQuickAck(t *testing.T) { // item 145
	socktest.Check(t)
	a, _ := socktest.TCP.Pair(t)
	for _, want := range []int{0, 1, 0} {
		socktest.Must(t, a.Setsockopt(sock.IPPROTO_TCP, sock.TCP_QUICKACK, want))
		if got, err := a.Getsockopt(sock.IPPROTO_TCP, sock.TCP_QUICKACK); got != want || err != nil {
			t.Errorf("TCP_QUICKACK %d, %v, want %d", got, err, want)
		}
	}
}

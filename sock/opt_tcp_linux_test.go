package sock_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestKeepAlive(t *testing.T) {
	socktest.Check(t)
	s := socktest.TCP.New(t)
	k := sock.KeepAlive{On: true, Idle: 50 * time.Second, Interval: 5 * time.Second, Count: 4}
	socktest.Must(t, s.SetKeepAlive(k))
	if got, err := s.KeepAlive(); got != k || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, k)
	}
	socktest.Must(t, s.SetKeepAlive(sock.KeepAlive{Idle: 1500 * time.Millisecond})) // the other values stay
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

// A kernel with TLS accepts the keys; a kernel without it returns an error.
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

	// A receive ends where a record of another type begins. It returns fewer bytes than fit, but
	// something is left: the kernel makes an edge for each record.
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

// On Linux TCP_QUICKACK is a usual option. Windows has no such option, and Python uses an ioctl
// there.
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

package netconn_test

import (
	"errors"
	"io"
	"math"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// Options that package net has for its connections. Each one reads back from the socket as it was
// set, and returns net.ErrClosed after Close.
func TestSetOptions(t *testing.T) {
	socktest.Check(t)
	a, _ := pair(t, "tcp")
	flag := func(level, name int) bool {
		v, err := a.Socket().Getsockopt(level, name)
		socktest.Must(t, err)
		return v != 0
	}
	keepAlive := func() sock.KeepAlive {
		k, err := a.Socket().KeepAlive()
		socktest.Must(t, err)
		return k
	}
	for name, tt := range map[string]struct {
		set  func() error
		held func() bool
	}{
		"no delay off": {func() error { return a.SetNoDelay(false) }, func() bool { return !flag(sock.IPPROTO_TCP, sock.TCP_NODELAY) }},
		"no delay on":  {func() error { return a.SetNoDelay(true) }, func() bool { return flag(sock.IPPROTO_TCP, sock.TCP_NODELAY) }},
		"keep-alive off": {func() error { return a.SetKeepAlive(false) }, func() bool {
			return !flag(sock.SOL_SOCKET, sock.SO_KEEPALIVE)
		}},
		"keep-alive on": {func() error { return a.SetKeepAlive(true) }, func() bool { return keepAlive().On }},
		"keep-alive period": {func() error { return a.SetKeepAlivePeriod(6500 * time.Millisecond) }, func() bool {
			return keepAlive().Idle == 7*time.Second
		}},
		"keep-alive config": {func() error {
			return a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 3 * time.Second, Count: 4})
		}, func() bool {
			return keepAlive() == sock.KeepAlive{On: true, Idle: 20 * time.Second, Interval: 3 * time.Second, Count: 4}
		}},
		"keep-alive config of zeros": {func() error { return a.SetKeepAliveConfig(net.KeepAliveConfig{}) }, func() bool {
			return keepAlive() == sock.KeepAlive{On: false, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}
		}},
		"linger 0":    {func() error { return a.SetLinger(0) }, lingers(t, a, sock.Linger{On: true})},
		"linger 3 s":  {func() error { return a.SetLinger(3) }, lingers(t, a, sock.Linger{On: true, Time: 3 * time.Second})},
		"no linger":   {func() error { return a.SetLinger(-1) }, lingers(t, a, sock.Linger{})},
		"read buffer": {func() error { return a.SetReadBuffer(50_000) }, func() bool { return bufferOf(t, a.Socket(), sock.SO_RCVBUF) >= 50_000 }},
		"write buffer": {func() error { return a.SetWriteBuffer(60_000) }, func() bool {
			return bufferOf(t, a.Socket(), sock.SO_SNDBUF) >= 60_000
		}},
	} {
		if err := tt.set(); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !tt.held() {
			t.Errorf("%s: the socket has another value: %+v", name, keepAlive())
		}
	}
	var arg *netconn.ArgError
	if err := a.SetKeepAlivePeriod(0); !errors.As(err, &arg) {
		t.Errorf("a period of 0: %v", err)
	}
	if err := a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Count: math.MaxInt32}); !errors.As(err, &arg) {
		t.Errorf("2^31-1 probes: %v", err)
	}
	if math.MaxInt > math.MaxInt32 { // else every int is an option's value
		if err := a.SetReadBuffer(math.MaxInt); !errors.As(err, &arg) {
			t.Errorf("a buffer of %d bytes: %v", math.MaxInt, err)
		}
	}

	socktest.Must(t, a.Close())
	for name, call := range map[string]func() error{
		"CloseRead":          a.CloseRead,
		"CloseWrite":         a.CloseWrite,
		"SetLinger":          func() error { return a.SetLinger(1) },
		"SetNoDelay":         func() error { return a.SetNoDelay(true) },
		"SetKeepAlive":       func() error { return a.SetKeepAlive(true) },
		"SetKeepAlivePeriod": func() error { return a.SetKeepAlivePeriod(time.Second) },
		"SetKeepAliveConfig": func() error { return a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) },
		"SetReadBuffer":      func() error { return a.SetReadBuffer(1000) },
		"SetWriteBuffer":     func() error { return a.SetWriteBuffer(1000) },
		"SetDeadline":        func() error { return a.SetDeadline(time.Now()) },
		"SetReadDeadline":    func() error { return a.SetReadDeadline(time.Now()) },
		"SetWriteDeadline":   func() error { return a.SetWriteDeadline(time.Now()) },
		"SyscallConn":        func() error { return second(a.SyscallConn()) },
		"File":               func() error { return second(a.File()) },
		"Detach":             func() error { return second(a.Detach()) },
		"DetachConn":         func() error { return second(a.DetachConn()) },
		"MultipathTCP":       func() error { return second(a.MultipathTCP()) },
		"ReadFrom":           func() error { return second(a.ReadFrom(onlyOnce("x"))) },
		"WriteTo":            func() error { return second(a.WriteTo(io.Discard)) },
		"WriteBuffers":       func() error { return second(a.WriteBuffers(&net.Buffers{[]byte("x")})) },
		"ReadMsg":            func() error { _, _, _, _, err := a.ReadMsg(make([]byte, 1), nil); return err },
		"WriteMsg":           func() error { return third(a.WriteMsg([]byte("x"), nil, sock.Addr{})) },
	} {
		want := net.ErrClosed
		if runtime.GOOS == "windows" && (name == "File" || name == "Detach" || name == "DetachConn") {
			want = errors.ErrUnsupported
		}
		var op *net.OpError
		if err := call(); !errors.Is(err, want) || !errors.As(err, &op) || op.Net != "tcp" || op.Source != a.LocalAddr() {
			t.Errorf("%s of a closed Conn: %v", name, err)
		}
	}
}

// onlyOnce is a Reader that is neither a file nor a connection.
func onlyOnce(text string) io.Reader {
	return struct{ io.Reader }{io.LimitReader(endless(text), int64(len(text)))}
}

// endless repeats a text.
type endless string

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }

func lingers(t *testing.T, c *netconn.Conn, want sock.Linger) func() bool {
	return func() bool {
		got, err := c.Socket().Linger()
		socktest.Must(t, err)
		if got.On != want.On || got.On && got.Time != want.Time {
			t.Logf("linger is %+v, want %+v", got, want)
			return false
		}
		return true
	}
}

func bufferOf(t *testing.T, s *sock.Socket, name int) int {
	v, err := s.Getsockopt(sock.SOL_SOCKET, name)
	socktest.Must(t, err)
	return v
}

// With a linger time of 0, Close resets the connection, and the peer gets an error and no end.
func TestLingerZeroResets(t *testing.T) {
	socktest.Check(t)
	a, b := pair(t, "tcp")
	socktest.Must(t, a.SetLinger(0))
	socktest.Must(t, a.Close())
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%d, %v; want ECONNRESET", n, err)
	}
}

// CloseWrite ends the stream for the peer, which can still answer. CloseRead ends the own reading,
// also while a Read waits, and leaves the writing.
func TestHalfClose(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			socktest.Check(t)
			a, b := pair(t, network)
			_, err := a.Write([]byte("question"))
			socktest.Must(t, err)
			socktest.Must(t, a.CloseWrite())
			if got, err := io.ReadAll(b); err != nil || string(got) != "question" {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := a.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("a write after CloseWrite: %v", err)
			}
			_, err = b.Write([]byte("answer"))
			socktest.Must(t, err)
			p := make([]byte, 100)
			if n, err := a.Read(p); err != nil || string(p[:n]) != "answer" {
				t.Errorf("%q, %v", p[:n], err)
			}
			if runtime.GOOS != "linux" {
				return // on other systems shutdown(2) may leave a reader asleep
			}
			reading := socktest.Start(func() error { _, err := a.Read(p); return err })
			socktest.AwaitWaiting(t, a.Socket())
			socktest.Must(t, a.CloseRead())
			if err := reading.Wait(t); err != io.EOF {
				t.Errorf("a read that waits while CloseRead: %v, want io.EOF", err)
			}
		})
	}
}

// File is a second descriptor of the connection. Both work, and closing one leaves the other.
func TestFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no file of a socket")
	}
	for _, network := range []string{"tcp", "unix", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			socktest.Check(t)
			a, b := pair(t, network)
			f, err := a.File()
			socktest.Must(t, err)
			defer f.Close()
			_, err = f.WriteString("from the file")
			socktest.Must(t, err)
			p := make([]byte, 100)
			if n, err := b.Read(p); err != nil || string(p[:n]) != "from the file" {
				t.Errorf("%q, %v", p[:n], err)
			}
			socktest.Must(t, a.Close())
			_, err = b.Write([]byte("to the file"))
			socktest.Must(t, err)
			socktest.Must(t, f.SetReadDeadline(time.Now().Add(socktest.Patience)))
			if n, err := f.Read(p); err != nil || string(p[:n]) != "to the file" {
				t.Errorf("%q, %v", p[:n], err)
			}
		})
	}
	t.Run("udp", func(t *testing.T) {
		socktest.Check(t)
		p, q := listenPacket(t, "udp"), listenPacket(t, "udp")
		f, err := p.File()
		socktest.Must(t, err)
		again, err := netconn.PacketConnFromFile(f)
		socktest.Must(t, err)
		defer again.Close()
		socktest.Must(t, p.Close())
		_, err = again.WriteTo([]byte("x"), q.LocalAddr())
		socktest.Must(t, err)
		if n, from, err := q.ReadFrom(make([]byte, 9)); n != 1 || err != nil || from.String() != p.LocalAddr().String() {
			t.Errorf("%d from %v, %v", n, from, err)
		}
		theirs, err := net.ListenPacket("udp", "127.0.0.1:0")
		socktest.Must(t, err)
		at := theirs.LocalAddr().String()
		ours, err := netconn.PacketConnFrom(theirs)
		socktest.Must(t, err)
		if ours.LocalAddr().String() != at {
			t.Errorf("it is at %v, and was at %s", ours.LocalAddr(), at)
		}
		if _, _, err := theirs.ReadFrom(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the old socket: %v", err)
		}
		back, err := ours.DetachConn()
		socktest.Must(t, err)
		defer back.Close()
		if _, ok := back.(*net.UDPConn); !ok || back.LocalAddr().String() != at {
			t.Errorf("DetachConn gives a %T at %v", back, back.LocalAddr())
		}
	})
}

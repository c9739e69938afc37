package pollux_test

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollertest"
	"golang.org/x/sys/windows"
)

// These tests cover the special properties of the poller of Windows: it is one-shot, and takes
// sockets of any provider. They run over AFD and over select.

var (
	wsock      = windows.NewLazySystemDLL("ws2_32.dll")
	procAccept = wsock.NewProc("accept")
	procIoctl  = wsock.NewProc("ioctlsocket")
	procRecv   = wsock.NewProc("recv")
	procSend   = wsock.NewProc("send")
)

// own is the token of the socket under test.
var own = pollux.MakeToken(7, 3)

// TestContract has AFD. This is the way for providers that AFD does not know.
func TestContractOverSelect(t *testing.T) {
	pollux.RefuseAFD(func() {
		pollertest.Run(t, pollertest.Backend{Name: "select", Traits: pollertest.Traits{NoHangup: true, AnyUnconnected: true}, Open: newPollux(pollux.Park)})
	})
}

// A wpoller is a poller with helper methods for the tests.
type wpoller struct {
	*pollux.Poller
	t *testing.T
}

// onBothWays runs a test over AFD and over select.
func onBothWays(t *testing.T, test func(t *testing.T, p wpoller, hangs bool)) {
	make := func(t *testing.T) wpoller {
		p, err := pollux.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return wpoller{p, t}
	}
	t.Run("AFD", func(t *testing.T) { test(t, make(t), true) })
	t.Run("select", func(t *testing.T) {
		pollux.RefuseAFD(func() { test(t, make(t), false) })
	})
}

func wsocket(t *testing.T, typ int32) windows.Handle {
	t.Helper()
	h, err := windows.WSASocket(windows.AF_INET, typ, 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		t.Fatal(err)
	}
	unblock(t, h)
	t.Cleanup(func() { windows.Closesocket(h) })
	return h
}

func unblock(t *testing.T, h windows.Handle) {
	t.Helper()
	one := uint32(1)
	if r, _, err := procIoctl.Call(uintptr(h), 0x8004667e, uintptr(unsafe.Pointer(&one))); int32(r) != 0 { // FIONBIO
		t.Fatal(err)
	}
}

func wlistener(t *testing.T) (windows.Handle, windows.Sockaddr) {
	t.Helper()
	h, at := wbound(t)
	if err := windows.Listen(h, 100); err != nil {
		t.Fatal(err)
	}
	return h, at
}

// wbound returns a socket that has an address and does not listen.
func wbound(t *testing.T) (windows.Handle, windows.Sockaddr) {
	t.Helper()
	h := wsocket(t, windows.SOCK_STREAM)
	if err := windows.Bind(h, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := windows.Getsockname(h)
	if err != nil {
		t.Fatal(err)
	}
	return h, at
}

func connect(t *testing.T, h windows.Handle, at windows.Sockaddr) {
	t.Helper()
	if err := windows.Connect(h, at); err != nil && err != windows.WSAEWOULDBLOCK {
		t.Fatal(err)
	}
}

// wpair returns two connected sockets. A poller reports when the listener has a connection.
func wpair(t *testing.T) (a, b windows.Handle) {
	t.Helper()
	ln, at := wlistener(t)
	a = wsocket(t, windows.SOCK_STREAM)
	connect(t, a, at)
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		r, _, err := procAccept.Call(uintptr(ln), 0, 0)
		if b = windows.Handle(r); b != windows.InvalidHandle {
			break
		}
		if err != windows.WSAEWOULDBLOCK || time.Now().After(deadline) {
			t.Fatal("accept:", err)
		}
	}
	windows.Closesocket(ln)
	unblock(t, b)
	t.Cleanup(func() { windows.Closesocket(b) })
	return a, b
}

func wsend(t *testing.T, h windows.Handle, text string, flags int) {
	t.Helper()
	p := []byte(text)
	if r, _, err := procSend.Call(uintptr(h), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags)); int(int32(r)) != len(p) {
		t.Fatal("send:", err)
	}
}

// wread receives until no data is left, and returns the number of bytes.
func wread(t *testing.T, h windows.Handle) (total int) {
	t.Helper()
	var p [16 << 10]byte
	for {
		r, _, err := procRecv.Call(uintptr(h), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0)
		switch n := int(int32(r)); {
		case n > 0:
			total += n
		case n == 0 || err == windows.WSAEWOULDBLOCK:
			return total
		default:
			t.Fatal("recv:", err)
		}
	}
}

func (p wpoller) add(h windows.Handle, token pollux.Token) {
	p.t.Helper()
	if err := p.Add(int(h), token); err != nil {
		p.t.Fatal(err)
	}
}

func (p wpoller) arm(h windows.Handle, want pollux.Ready) {
	p.t.Helper()
	if err := p.Arm(int(h), own, want); err != nil {
		p.t.Fatal(err)
	}
}

// await waits for all of want.
func (p wpoller) await(token pollux.Token, want pollux.Ready) (got pollux.Ready) {
	p.t.Helper()
	events := make([]pollux.Event, 64)
	for deadline := time.Now().Add(patience); got&want != want; {
		n, err := p.Wait(events, 100*time.Millisecond)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range events[:n] {
			if e.Token == token {
				got |= e.Ready
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("got %v, want %v", got, want)
		}
	}
	return got
}

// quiet fails if one of bits comes before an event that is certain: that of another socket, which
// quiet makes ready.
func (p wpoller) quiet(bits pollux.Ready, why string) {
	p.t.Helper()
	mark := pollux.MakeToken(99, 1)
	for range 3 {
		h := wsocket(p.t, windows.SOCK_DGRAM)
		p.add(h, mark)
		events := make([]pollux.Event, 64)
		for marked := false; !marked; {
			n, err := p.Wait(events, patience)
			if err != nil {
				p.t.Fatal(err)
			}
			for _, e := range events[:n] {
				marked = marked || e.Token == mark
				if e.Token == own && e.Ready&bits != 0 {
					p.t.Errorf("got %v: %s", e.Ready, why)
				}
			}
		}
		if err := p.Delete(int(h), mark); err != nil {
			p.t.Fatal(err)
		}
		windows.Closesocket(h)
	}
}

func TestConnectOfWindows(t *testing.T) {
	onBothWays(t, func(t *testing.T, p wpoller, _ bool) {
		ln, at := wlistener(t)
		accepting := pollux.MakeToken(8, 1)
		p.add(ln, accepting)
		h := wsocket(t, windows.SOCK_STREAM)
		p.add(h, own)
		p.quiet(pollux.Readable, "it does not connect yet")
		connect(t, h, at)
		p.arm(h, pollux.Writable)
		p.await(own, pollux.Writable)
		if err := p.Arm(int(ln), accepting, pollux.Readable); err != nil {
			t.Fatal(err)
		}
		p.await(accepting, pollux.Readable)

		if err := p.Delete(int(ln), accepting); err != nil {
			t.Fatal(err)
		}
		// The address of a listener that is closed now may still accept under Wine, where a running
		// select keeps the listener.
		_, at = wbound(t)
		refused := wsocket(t, windows.SOCK_STREAM)
		connect(t, refused, at)
		token := pollux.MakeToken(9, 1)
		p.add(refused, token)
		p.await(token, pollux.Readable|pollux.Writable|pollux.Hangup)
		const soError = 0x1007
		if n, err := windows.GetsockoptInt(refused, windows.SOL_SOCKET, soError); syscall.Errno(n) != windows.WSAECONNREFUSED {
			t.Errorf("SO_ERROR: %d, %v", n, err)
		}
	})
}

// The poller does not shorten a long timeout, and does not make a negative one of it.
func TestMilliseconds(t *testing.T) {
	for _, tt := range []struct {
		timeout time.Duration
		want    uint32
	}{
		{0, 0},
		{1, 1},
		{time.Millisecond, 1},
		{time.Millisecond + 1, 2},
		{49 * 24 * time.Hour, 4_233_600_000},
		{50 * 24 * time.Hour, windows.INFINITE - 1},
		{1<<63 - 1, windows.INFINITE - 1},
	} {
		if got := pollux.Milliseconds(tt.timeout); got != tt.want {
			t.Errorf("%v: %d ms, want %d", tt.timeout, got, tt.want)
		}
	}
}

// Urgent data stays until it is read. It is reported once, and not at each Arm.
func TestUrgentOfWindows(t *testing.T) {
	onBothWays(t, func(t *testing.T, p wpoller, _ bool) {
		a, b := wpair(t)
		p.add(a, own)
		p.await(own, pollux.Writable)
		wsend(t, b, "!", windows.MSG_OOB)
		p.await(own, pollux.Readable|pollux.Urgent)
		p.arm(a, pollux.Readable)
		p.quiet(pollux.Readable|pollux.Urgent, "it was reported")
		p.arm(a, pollux.Readable|pollux.Urgent)
		p.await(own, pollux.Readable|pollux.Urgent)
		p.arm(a, pollux.Readable)
		wsend(t, b, "x", 0)
		p.await(own, pollux.Readable)
	})
}

func TestErrorsOfWindows(t *testing.T) {
	onBothWays(t, func(t *testing.T, p wpoller, _ bool) {
		a, b := wpair(t)
		p.add(a, own)
		if err := p.Add(int(a), own); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("added twice: %v", err)
		}
		if err := p.Delete(int(b), own); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("deleted what is not there: %v", err)
		}
		if err := p.Arm(int(a), own+1, pollux.Readable); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("armed under another token: %v", err)
		}
		f, err := os.Open(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for name, fd := range map[string]int{"a file": int(f.Fd()), "no handle": 0x7ffffff0} {
			if err := p.Add(fd, pollux.MakeToken(1, 1)); !errors.Is(err, windows.WSAENOTSOCK) {
				t.Errorf("%s: %v, want WSAENOTSOCK", name, err)
			}
		}
	})
}

// A socket that is added again right after Delete is a new registration. Its poll starts when the
// poll of the first has ended, so that at most one is running.
func TestAddAgainOfWindows(t *testing.T) {
	onBothWays(t, func(t *testing.T, p wpoller, afd bool) {
		a, b := wpair(t)
		for i := range uint32(100) {
			token := pollux.MakeToken(7, i+10)
			p.add(a, token)
			if i%3 == 0 {
				p.await(token, pollux.Writable)
			}
			if err := p.Delete(int(a), token); err != nil {
				t.Fatal(err)
			}
		}
		wsend(t, b, "x", 0)
		p.add(a, own)
		p.await(own, pollux.Readable|pollux.Writable)
		if polls, _ := pollux.Polls(p.Poller); polls > 1 {
			t.Errorf("%d polls for one socket", polls)
		}
		if afd { // which notices that a socket is closed without Delete
			windows.Closesocket(a)
			p.quiet(^pollux.Ready(0), "it is closed")
		}
	})
}

// Close starts no poll: the kernel would write into the memory of a poller that is gone.
func TestCloseOfWindows(t *testing.T) {
	for range 20 {
		p, err := pollux.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := wpair(t)
		for _, token := range []pollux.Token{own, own + 1} { // the second one waits for the end of the first one's poll
			if err := p.Add(int(a), token); err != nil {
				t.Fatal(err)
			}
			if token == own {
				if err := p.Delete(int(a), token); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if polls, _ := pollux.Polls(p); polls != 0 {
			t.Fatalf("%d polls are running after Close", polls)
		}
	}
}

// This test has more sockets than one helper takes, while the garbage collector runs.
func TestManyOfWindows(t *testing.T) {
	onBothWays(t, func(t *testing.T, p wpoller, afd bool) {
		pairs := 200
		if !afd {
			pairs = 40
		}
		mine, peers := make([]windows.Handle, pairs), make([]windows.Handle, pairs)
		for i := range mine {
			mine[i], peers[i] = wpair(t)
			p.add(mine[i], pollux.MakeToken(uint32(i), 1))
		}
		for round := range 5 {
			runtime.GC()
			for _, h := range peers {
				wsend(t, h, "x", 0)
			}
			seen := make(map[pollux.Token]bool)
			events := make([]pollux.Event, 33)
			for deadline := time.Now().Add(patience); len(seen) < pairs && time.Now().Before(deadline); {
				n, err := p.Wait(events, 100*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range events[:n] {
					if e.Ready&pollux.Readable == 0 {
						continue
					}
					seen[e.Token] = true
					h := mine[e.Token.Slot()]
					wread(t, h)
					if err := p.Arm(int(h), e.Token, pollux.Readable); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(seen) != pairs {
				t.Fatalf("round %d: %d of %d", round, len(seen), pairs)
			}
		}
		if polls, helpers := pollux.Polls(p.Poller); afd && (polls != pairs || helpers != (pairs+63)/64) {
			t.Errorf("%d polls on %d helpers", polls, helpers)
		}
	})
}

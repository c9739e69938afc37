package sock_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"

	"golang.org/x/sys/windows"
)

// These tests are for features that only Windows has, or has in its own way.

// An error has the number of Winsock and the name of POSIX.
func TestErrorsOfWinsock(t *testing.T) {
	socktest.Check(t)
	err := socktest.TCP.New(t).Connect(refusing(t))
	for _, want := range []error{syscall.ECONNREFUSED, windows.WSAECONNREFUSED} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	if errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v is ECONNRESET", err)
	}
	if errno, ok := errors.AsType[syscall.Errno](err); !ok || errno != windows.WSAECONNREFUSED {
		t.Errorf("the number is %d", errno)
	}
	s := socktest.TCP.New(t)
	socktest.Must(t, s.SetTimeout(0))
	_, addr := socktest.TCP.Listener(t)
	err = s.Connect(addr)
	for _, want := range []error{syscall.EINPROGRESS, windows.WSAEWOULDBLOCK} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	a, _ := socktest.TCP.Pair(t)
	socktest.Must(t, a.Shutdown(sock.SHUT_WR))
	if _, err := a.Send(hello, 0); !errors.Is(err, syscall.EPIPE) || !errors.Is(err, windows.WSAESHUTDOWN) {
		t.Errorf("after a shutdown: %v, want EPIPE", err)
	}
	if err := sock.Close(0x7ffffff0); !errors.Is(err, syscall.EBADF) || !errors.Is(err, syscall.ENOTSOCK) {
		t.Errorf("no handle: %v", err)
	}
}

// shareChild marks the process that the test shares a socket with.
const shareChild = "POLLUX_TEST_SHARE"

func TestShare(t *testing.T) { // items 22, 81
	if os.Getenv(shareChild) != "" {
		data := make([]byte, sock.ShareSize)
		_, err := io.ReadFull(os.Stdin, data)
		socktest.Must(t, err)
		s, err := sock.FromShare(data)
		socktest.Must(t, err)
		if s.Family() != sock.AF_INET || s.Type() != sock.SOCK_STREAM {
			t.Errorf("it is %v", s)
		}
		_, err = s.Sendall([]byte("from the child"), 0)
		socktest.Must(t, err)
		socktest.Must(t, s.Close())
		return
	}
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestShare$")
	cmd.Env = append(os.Environ(), shareChild+"=1")
	in, err := cmd.StdinPipe()
	socktest.Must(t, err)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	socktest.Must(t, cmd.Start())
	data, err := a.Share(cmd.Process.Pid)
	socktest.Must(t, err)
	_, err = in.Write(data)
	socktest.Must(t, err)
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("child: %v\n%s", err, &out)
	}
	socktest.Must(t, b.SetTimeout(socktest.Patience))
	socktest.Must(t, wantBytes("from the child")(b.Recv(100, 0)))
	// The socket still works in this process.
	_, err = a.Sendall(hello, 0)
	socktest.Must(t, err)
	socktest.Must(t, wantBytes("hello")(b.Recv(100, 0)))

	if _, err := sock.FromShare(make([]byte, sock.ShareSize)); err == nil {
		t.Error("a description of nothing makes a socket")
	}
}

func TestIoctl(t *testing.T) { // item 147
	socktest.Check(t)
	a, _ := socktest.TCP.Pair(t)
	if n, err := a.Ioctl(sock.SIO_KEEPALIVE_VALS, 1, 10_000, 1_000); n != 0 || err != nil {
		t.Errorf("SIO_KEEPALIVE_VALS: %d, %v", n, err)
	}
	s := socktest.TCP.New(t)
	if _, err := s.Ioctl(sock.SIO_LOOPBACK_FAST_PATH, 1); err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("SIO_LOOPBACK_FAST_PATH: %v", err) // Windows 11 no longer has it, and Wine never had it
	}
	if _, err := a.Ioctl(sock.SIO_RCVALL, sock.RCVALL_ON); err == nil {
		t.Error("SIO_RCVALL on a TCP socket succeeds")
	}
	a.Close()
	if _, err := a.Ioctl(sock.SIO_KEEPALIVE_VALS, 0, 0, 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A port belongs to its first owner. SO_EXCLUSIVEADDRUSE protects it from SO_REUSEADDR too, with
// which another socket can take the port on Windows.
func TestExclusiveAddress(t *testing.T) {
	socktest.Check(t)
	s, addr := socktest.TCP.Listener(t)
	if err := socktest.TCP.New(t).Bind(addr); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is in use: %v", err)
	}
	s.Close()
	s = socktest.TCP.New(t)
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_EXCLUSIVEADDRUSE, 1))
	socktest.Must(t, s.Bind(sock.Inet("127.0.0.1", 0)))
	socktest.Must(t, s.Listen(1))
	thief := socktest.TCP.New(t)
	socktest.Must(t, thief.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 1))
	if err := thief.Bind(socktest.Name(t, s)); !errors.Is(err, syscall.EACCES) && !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("an exclusive port: %v", err)
	}
}

// A datagram to a port without a socket does not make the sender's next receive fail
// (SIO_UDP_CONNRESET).
func TestUDPConnectionReset(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		gone, there := socktest.UDP.New(t), socktest.UDP.New(t)
		socktest.Must(t, gone.Bind(sock.Inet("127.0.0.1", 0)))
		addr := socktest.Name(t, gone)
		gone.Close()
		s, at := socktest.UDP.Bound(t)
		_, err := s.Sendto(hello, 0, addr)
		socktest.Must(t, err)
		_, err = there.Sendto([]byte("fine"), 0, at)
		socktest.Must(t, err)
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		socktest.Must(t, wantBytes("fine")(w.On(s).Recv(10, 0)))
	})
}

func TestInheritance(t *testing.T) {
	socktest.Check(t)
	ln, addr := socktest.TCP.Listener(t)
	s := socktest.TCP.New(t)
	socktest.Must(t, s.Connect(addr))
	c, _, err := ln.Accept()
	socktest.Must(t, err)
	dup, err := s.Dup()
	socktest.Must(t, err)
	for _, s := range []*sock.Socket{ln, s, socktest.Closing(t, c), socktest.Closing(t, dup)} {
		for _, want := range []bool{false, true, false} {
			if got, err := s.GetInheritable(); got != want || err != nil {
				t.Errorf("%v is inherited: %v, %v", s, got, err)
			}
			socktest.Must(t, s.SetInheritable(!want))
		}
		socktest.Must(t, s.SetInheritable(false))
	}
}

// Ancillary data uses WSARecvMsg and WSASendMsg.
func TestPktInfoOfWinsock(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, _ := socktest.UDP.Bound(t)
		b, addr := socktest.UDP.Bound(t)
		socktest.Must(t, b.Setsockopt(sock.IPPROTO_IP, sock.IP_PKTINFO, 1))
		local := sock.PktInfo{Local: netip.MustParseAddr("127.0.0.1")}.Control()
		if _, err := w.On(a).Sendmsg([][]byte{[]byte("hel"), []byte("lo")}, []sock.Control{local}, 0, addr); err != nil {
			t.Errorf("with a source: %v", err)
			_, err := w.On(a).Sendmsg([][]byte{[]byte("hel"), []byte("lo")}, nil, 0, addr)
			socktest.Must(t, err)
		}
		socktest.Must(t, b.SetTimeout(socktest.Patience))
		data, items, flags, from, err := w.On(b).Recvmsg(3, 100, 0)
		if string(data) != "hel" || flags&sock.MSG_TRUNC == 0 || from != socktest.Name(t, a) || err != nil {
			t.Errorf("%q, flags %s, from %v, %v", data, sock.MsgFlagNames(flags), from, err)
		}
		if len(items) != 1 {
			t.Fatalf("%d items", len(items))
		}
		if info, ok := items[0].PktInfo(); !ok || info.Dst != local4 || info.Interface == 0 {
			t.Errorf("%+v, %v", info, ok)
		}
	})
	// A stream has no ancillary data.
	a, _ := socktest.TCP.Pair(t)
	if _, err := a.Sendmsg([][]byte{hello}, []sock.Control{{Level: 1, Type: 1}}, 0, sock.Addr{}); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("on a stream: %v", err)
	}
}

var local4 = netip.MustParseAddr("127.0.0.1")

// TransmitFile sends everything from an offset on. It ends at a timeout if the peer does not read.
func TestTransmitFile(t *testing.T) {
	socktest.Check(t)
	file := make([]byte, 3<<20+17)
	for i := range file {
		file[i] = byte(i * 7)
	}
	path := filepath.Join(socktest.Dir(t), "file")
	socktest.Must(t, os.WriteFile(path, file, 0o600))
	f, err := os.Open(path)
	socktest.Must(t, err)
	defer f.Close()

	a, b := socktest.TCP.Pair(t)
	const offset = 1<<20 + 3
	call := socktest.Start(func() error {
		n, err := a.Sendfile(f, offset, -1)
		if n != int64(len(file)-offset) {
			err = errors.Join(err, errors.New("it reports "+strconv.FormatInt(n, 10)))
		}
		a.Close()
		return err
	})
	got, err := io.ReadAll(makefile(t, b, "rb", -1))
	if !bytes.Equal(got, file[offset:]) || err != nil {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	socktest.Must(t, call.Wait(t))
	if at, err := f.Seek(0, io.SeekCurrent); at != int64(len(file)) || err != nil {
		t.Errorf("the file stands at %d, %v", at, err)
	}

	a, _ = socktest.TCP.Pair(t)
	socktest.Must(t, a.SetTimeout(50*time.Millisecond))
	huge := filepath.Join(socktest.Dir(t), "huge")
	hole, err := os.Create(huge)
	socktest.Must(t, err)
	defer hole.Close()
	socktest.Must(t, hole.Truncate(64<<20))
	if n, err := a.Sendfile(hole, 0, -1); n >= 64<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing is read: %d, %v", n, err)
	}
	call = socktest.Start(func() error { a.SetTimeout(sock.Forever); _, err := a.Sendfile(hole, 0, -1); return err })
	time.AfterFunc(20*time.Millisecond, func() { a.Close() })
	if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed meanwhile: %v", err)
	}
}

// The kinds that Windows has and Wine lacks are requested with the right numbers: the error says
// that the system lacks them, and not that the call is wrong.
func TestKindsOfWindows(t *testing.T) {
	socktest.Check(t)
	for _, k := range sock.KnownSockets() {
		s, err := k.New()
		if err == nil {
			s.Close()
			continue
		}
		unsupported, ok := errors.AsType[*sock.UnsupportedError](err)
		switch k.Family {
		case "AF_UNIX", "AF_HYPERV", "AF_BLUETOOTH":
			if !ok || unsupported.Missing == "" {
				t.Errorf("%v: %v", k, err)
			}
			t.Logf("not run here: %v: %v", k, err)
		case "AF_INET", "AF_INET6":
			if !ok && !errors.Is(err, os.ErrPermission) && !errors.Is(err, syscall.EACCES) {
				t.Errorf("%v: %v", k, err)
			}
		default:
			if !ok {
				t.Errorf("%v: %v, want an *UnsupportedError", k, err)
			}
		}
	}
}

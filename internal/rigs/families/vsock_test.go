//go:build linux

package families_test

import (
	"bytes"
	"errors"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// vsockLoopback is where sockets of one host reach each other, if it has the module vsock_loopback.
func vsockLoopback(t *testing.T, typ sock.Type) sock.Addr {
	t.Helper()
	s := need(t, sock.AF_VSOCK, typ, 0)
	lacks(t, "VMADDR_CID_LOCAL", s.Bind(sock.Vsock(sock.VMADDR_CID_LOCAL, sock.VMADDR_PORT_ANY)))
	must(t, s.Close())
	return sock.Vsock(sock.VMADDR_CID_LOCAL, sock.VMADDR_PORT_ANY)
}

func TestVsock(t *testing.T) {
	for name, typ := range map[string]sock.Type{"stream": sock.SOCK_STREAM, "seqpacket": sock.SOCK_SEQPACKET} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, connectedTo(sock.AF_VSOCK, typ, 0, vsockLoopback(t, typ)), exchange{Ready: wantTimestamp, Ancillary: hasNone})
		})
	}
}

// The names of both ends are numbers without a sign: items 195, 230.
func TestVsockNames(t *testing.T) {
	socktest.Check(t)
	vsockLoopback(t, sock.SOCK_STREAM)
	ln := need(t, sock.AF_VSOCK, sock.SOCK_STREAM, 0)
	must(t, ln.Bind(sock.Vsock(sock.VMADDR_CID_ANY, sock.VMADDR_PORT_ANY)))
	must(t, ln.Listen(8))
	cid, port := socktest.Name(t, ln).Vsock()
	if cid != math.MaxUint32 || port == math.MaxUint32 || port == 0 {
		t.Errorf("the listener is %d, %d", cid, port)
	}
	c := need(t, sock.AF_VSOCK, sock.SOCK_STREAM, 0)
	must(t, c.SetVsockConnectTimeout(5*time.Second))
	must(t, c.Connect(sock.Vsock(sock.VMADDR_CID_LOCAL, port)))
	s, from, err := ln.Accept()
	must(t, err)
	defer s.Close()
	_, its := socktest.Name(t, c).Vsock() // its CID may be VMADDR_CID_ANY still
	if want := sock.Vsock(sock.VMADDR_CID_LOCAL, its); from != want {
		t.Errorf("accepted from %v, want %v", from, want)
	}
	peer, err := c.Getpeername()
	if want := sock.Vsock(sock.VMADDR_CID_LOCAL, port); err != nil || peer != want {
		t.Errorf("its peer is %v, %v, want %v", peer, err, want)
	}
}

// Without a listener: each way to wait gets the failure, and so does a connect that does not wait,
// once.
func TestVsockRefused(t *testing.T) {
	vsockLoopback(t, sock.SOCK_STREAM)
	nobody := sock.Vsock(sock.VMADDR_CID_LOCAL, 0x7fffffff)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		s := need(t, sock.AF_VSOCK, sock.SOCK_STREAM, 0)
		must(t, s.SetTimeout(socktest.Patience))
		if err := w.On(s).Connect(nobody); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
	t.Run("non-blocking", func(t *testing.T) {
		socktest.Check(t)
		s := need(t, sock.AF_VSOCK, sock.SOCK_STREAM, 0)
		must(t, s.SetBlocking(false))
		err := s.Connect(nobody)
		for end := time.Now().Add(socktest.Patience); time.Now().Before(end) &&
			(errors.Is(err, syscall.EINPROGRESS) || errors.Is(err, syscall.EALREADY)); {
			socktest.AwaitWritable(t, s)
			err = s.Connect(nobody)
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
}

// More than the buffers hold crosses, and SOCK_SEQPACKET keeps the bounds between messages.
func TestVsockMuch(t *testing.T) {
	socktest.Check(t)
	a, b := connectedTo(sock.AF_VSOCK, sock.SOCK_STREAM, 0, vsockLoopback(t, sock.SOCK_STREAM))(t)
	must(t, b.SetsockoptUint64(int(sock.AF_VSOCK), sock.SO_VM_SOCKETS_BUFFER_SIZE, 64<<10))
	sent := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	call := socktest.Start(func() error { _, err := b.Sendall(sent, 0); return err })
	got, err := a.Recv(len(sent), sock.MSG_WAITALL)
	must(t, err)
	must(t, call.Wait(t))
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came, or others", len(got), len(sent))
	}

	c, d := connectedTo(sock.AF_VSOCK, sock.SOCK_SEQPACKET, 0, vsockLoopback(t, sock.SOCK_SEQPACKET))(t)
	for _, text := range []string{"one", "and two"} {
		_, err := d.Send([]byte(text), 0)
		must(t, err)
	}
	if p, _, flags, _, err := c.Recvmsg(2, 0, 0); string(p) != "on" || flags&sock.MSG_TRUNC == 0 || err != nil {
		t.Errorf("%q, flags %#x, %v, want a message that is cut", p, flags, err)
	}
	if p, err := c.Recv(100, 0); string(p) != "and two" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

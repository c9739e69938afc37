package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// wantOp fails the test unless err is an *net.OpError of the operation and the network around want.
func wantOp(t *testing.T, err error, op, network string, want error) {
	t.Helper()
	e, ok := err.(*net.OpError)
	if !ok || e.Op != op || e.Net != network || !errors.Is(err, want) {
		t.Errorf("%T %q, want a *net.OpError of %s %s around %q", err, err, op, network, want)
	}
}

// Errors are those that users of package net test for.
func TestErrorsOfCalls(t *testing.T) {
	for _, network := range []string{"tcp", "unix", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			socktest.Check(t)
			a, b := pair(t, network)
			socktest.Must(t, a.SetDeadline(time.Unix(1, 0)))
			_, err := a.Read(make([]byte, 1))
			wantOp(t, err, "read", network, os.ErrDeadlineExceeded)
			if e, ok := err.(net.Error); !ok || !e.Timeout() {
				t.Errorf("%v is no timeout", err)
			}
			_, err = a.Write(make([]byte, 1))
			wantOp(t, err, "write", network, os.ErrDeadlineExceeded)
			socktest.Must(t, a.SetDeadline(time.Time{}))

			// A deadline beyond what the clock can hold is none.
			socktest.Must(t, a.SetReadDeadline(time.Unix(1<<60, 0)))
			reading := socktest.Start(func() error { _, err := a.Read(make([]byte, 1)); return err })
			socktest.AwaitWaiting(t, a.Socket())
			socktest.Must(t, a.SetReadDeadline(time.Unix(1, 0)))
			wantOp(t, reading.Wait(t), "read", network, os.ErrDeadlineExceeded)
			socktest.Must(t, a.SetReadDeadline(time.Time{}))

			socktest.Must(t, b.Close())
			if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
			socktest.Await(t, "a write that fails", func() bool {
				_, err = a.Write(make([]byte, 1))
				return err != nil
			})
			if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("a write to a peer that is gone: %v", err)
			}

			local, remote := a.LocalAddr(), a.RemoteAddr()
			socktest.Must(t, a.Close())
			for op, call := range map[string]func() error{
				"read":  func() error { _, err := a.Read(make([]byte, 1)); return err },
				"write": func() error { _, err := a.Write(make([]byte, 1)); return err },
				"set":   func() error { return a.SetDeadline(time.Now()) },
				"close": a.Close,
				"file":  func() error { _, err := a.File(); return err },
			} {
				wantOp(t, call(), op, network, net.ErrClosed)
			}
			if _, err := a.Read(nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("an empty read: %v", err)
			}
			if a.LocalAddr() != local || a.RemoteAddr() != remote || local == nil || remote == nil {
				t.Error("the addresses are not what they were before Close")
			}
		})
	}
}

// What cannot be dialed or listened at is refused with the operation, the network and the value.
func TestErrorsOfMaking(t *testing.T) {
	socktest.Check(t)
	ln := listen(t, "tcp")
	taken := ln.Addr().String()
	_, err := netconn.Listen("tcp", taken)
	wantOp(t, err, "listen", "tcp", syscall.EADDRINUSE)
	refused := socktest.TCP.Refusing(t).String()
	_, err = netconn.Dial("tcp", refused)
	wantOp(t, err, "dial", "tcp", syscall.ECONNREFUSED)
	if e := err.(*net.OpError); e.Addr == nil || e.Addr.String() != refused {
		t.Errorf("the address in %v is %v", err, e.Addr)
	}
	free, err := netconn.Listen("tcp", "127.0.0.1:0")
	socktest.Must(t, err)
	socktest.Must(t, free.Close())
	if _, err := free.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept of a closed listener: %v", err)
	}
	wantOp(t, free.Close(), "close", "tcp", net.ErrClosed)

	var unknown net.UnknownNetworkError
	var bad *net.AddrError
	var text *families.AddrError
	var arg *netconn.ArgError
	var dns *net.DNSError
	for _, tt := range []struct {
		network, address string
		want             any
	}{
		{"tcp5", taken, &unknown},
		{"", taken, &unknown},
		{"tcp", "127.0.0.1", &bad},
		{"tcp", "127.0.0.1:1:1", &bad},
		{"vsock", "x", &text},
		{"tipc", "", &text},
	} {
		_, err := netconn.Dial(tt.network, tt.address)
		if _, ok := err.(*net.OpError); !ok || !errors.As(err, tt.want) {
			t.Errorf("Dial(%q, %q): %T %v", tt.network, tt.address, err, err)
		}
		_, err = netconn.Listen(tt.network, tt.address)
		if _, ok := err.(*net.OpError); !ok || !errors.As(err, tt.want) {
			t.Errorf("Listen(%q, %q): %T %v", tt.network, tt.address, err, err)
		}
	}
	if _, err := netconn.Dial("tcp", "host.invalid:80"); !errors.As(err, &dns) {
		t.Errorf("an unknown host: %v", err)
	} else if _, ok := err.(*net.OpError).Err.(*net.DNSError); !ok {
		t.Errorf("an unknown host is a %T", err.(*net.OpError).Err)
	}
	if _, err := netconn.Listen("udp", "127.0.0.1:0"); !errors.As(err, &arg) || arg.Value != "udp" {
		t.Errorf("Listen at udp: %v", err)
	}
	if _, err := netconn.ListenPacket("tcp", "127.0.0.1:0"); !errors.As(err, &arg) || arg.Value != "tcp" {
		t.Errorf("ListenPacket at tcp: %v", err)
	}

	closed := socktest.TCP.New(t)
	closed.Close()
	fresh, datagrams := socktest.TCP.New(t), socktest.UDP.New(t)
	_, err = netconn.New(closed)
	wantOp(t, err, "new", "tcp", net.ErrClosed)
	_, err = netconn.New(fresh)
	wantOp(t, err, "new", "tcp", syscall.ENOTCONN)
	_, err = netconn.NewListener(closed)
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("NewListener of a closed socket: %v", err)
	}
	for name, err := range map[string]error{
		"New(nil)":               second(netconn.New(nil)),
		"New(udp)":               second(netconn.New(datagrams)),
		"NewListener(nil)":       second(netconn.NewListener(nil)),
		"NewListener(fresh)":     second(netconn.NewListener(fresh)),
		"NewPacketConn(nil)":     second(netconn.NewPacketConn(nil)),
		"NewPacketConn(tcp)":     second(netconn.NewPacketConn(fresh)),
		"FromConn(pipe)":         second(netconn.FromConn(first(net.Pipe()))),
		"FromFile(nil)":          second(netconn.FromFile(nil)),
		"SetKeepAlivePeriod(-1)": func() error { a, _ := pair(t, "tcp"); return a.SetKeepAlivePeriod(-1) }(),
	} {
		if !errors.As(err, &arg) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if fresh.Fileno() < 0 || datagrams.Fileno() < 0 {
		t.Error("a socket that was refused is closed")
	}
}

func first[T any](v, _ T) T              { return v }
func second[T any](_ T, err error) error { return err }

// A call on a loop that would have to wait is refused.
func TestOnLoop(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	a, _ := pair(t, "tcp")
	r.Next().Go(func(*loop.Task) { _, err = a.Read(make([]byte, 1)) }).Wait(context.Background())
	wantOp(t, err, "read", "tcp", loop.ErrOnLoop)
	r.Next().Go(func(*loop.Task) { _, err = netconn.Dial("tcp", "localhost:1") }).Wait(context.Background())
	wantOp(t, err, "dial", "tcp", loop.ErrOnLoop)
}

// With a context calls end with its cause, and the connection goes on.
func TestWith(t *testing.T) {
	socktest.Check(t)
	a, b := pair(t, "tcp")
	ctx, cancel := context.WithCancelCause(context.Background())
	reading := socktest.Start(func() error { _, err := a.With(ctx).Read(make([]byte, 1)); return err })
	socktest.AwaitWaiting(t, a.Socket())
	why := errors.New("enough")
	cancel(why)
	wantOp(t, reading.Wait(t), "read", "tcp", why)
	_, err := b.Write([]byte("x"))
	socktest.Must(t, err)
	if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := a.With(ctx).Socket().Base(); got != a.Socket() {
		t.Errorf("the socket of a view is %v", got)
	}
}

// Errors have the texts of package net, and an errno is in an *os.SyscallError as there.
func TestTextsOfNet(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the texts of errnos differ")
	}
	socktest.Check(t)
	ln := listen(t, "tcp")
	used := ln.Addr().String()
	closed, err := netconn.Listen("tcp", "127.0.0.1:0")
	socktest.Must(t, err)
	dead := closed.Addr().String()
	socktest.Must(t, closed.Close())
	foreign := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}
	for _, tt := range []struct{ theirs, ours func() error }{
		{func() error { _, err := net.Dial("tcp", dead); return err },
			func() error { _, err := netconn.Dial("tcp", dead); return err }},
		{func() error { _, err := (&net.Dialer{LocalAddr: foreign}).Dial("tcp", used); return err },
			func() error { _, err := (&netconn.Dialer{LocalAddr: foreign}).Dial("tcp", used); return err }},
		{func() error { _, err := (&net.Dialer{Timeout: -1}).Dial("tcp", used); return err },
			func() error { _, err := (&netconn.Dialer{Timeout: -1}).Dial("tcp", used); return err }},
		{func() error { _, err := net.Dial("tcp", ""); return err },
			func() error { _, err := netconn.Dial("tcp", ""); return err }},
		{func() error { _, err := net.Dial("unix", "/no/such/socket"); return err },
			func() error { _, err := netconn.Dial("unix", "/no/such/socket"); return err }},
		{func() error { _, err := net.Listen("tcp", used); return err },
			func() error { _, err := netconn.Listen("tcp", used); return err }},
		{func() error { _, err := net.ListenPacket("udp", "192.0.2.1:0"); return err },
			func() error { _, err := netconn.ListenPacket("udp", "192.0.2.1:0"); return err }},
	} {
		theirs, ours := tt.theirs(), tt.ours()
		if theirs == nil || ours == nil || theirs.Error() != ours.Error() {
			t.Errorf("%v, package net: %v", ours, theirs)
		}
		for _, target := range []error{context.DeadlineExceeded, syscall.ECONNREFUSED, syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, syscall.ENOENT} {
			if errors.Is(theirs, target) && !errors.Is(ours, target) {
				t.Errorf("%v is not a %v, in package net it is", ours, target)
			}
		}
		if call := new(os.SyscallError); errors.As(theirs, &call) && !errors.As(ours, &call) {
			t.Errorf("%v has no *os.SyscallError, in package net it has", ours)
		}
	}
	// A read and a write after a reset.
	a, b := pair(t, "tcp")
	socktest.Must(t, b.SetLinger(0))
	socktest.Must(t, b.Close())
	_, err = a.Read(make([]byte, 1))
	if call := new(os.SyscallError); !errors.As(err, &call) || call.Syscall != "read" || call.Err != syscall.ECONNRESET {
		t.Errorf("a read: %v", err)
	}
	_, err = a.Write(make([]byte, 1))
	if call := new(os.SyscallError); !errors.As(err, &call) || call.Syscall != "write" || call.Err != syscall.EPIPE {
		t.Errorf("a write: %v", err)
	}
	// An empty address is any address, as in package net.
	any, err := netconn.Listen("tcp", "")
	socktest.Must(t, err)
	socktest.Must(t, any.Close())
}

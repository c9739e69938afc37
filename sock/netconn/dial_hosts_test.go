package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// nameServer is a resolver for one host. Its questions are answered within the test: nothing is
// sent to the network.
func nameServer(t *testing.T, addrs ...string) *sock.Resolver {
	return &sock.Resolver{Net: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			answer(t, server, addrs)
		}()
		return client, nil
	}}}
}

// answer answers questions in the form of DNS over TCP, a length before each message: that is what
// package net speaks over a connection that is no PacketConn.
func answer(t *testing.T, c io.ReadWriter, addrs []string) {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		p := make([]byte, int(head[0])<<8|int(head[1]))
		if _, err := io.ReadFull(c, p); err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(p); err != nil {
			t.Error(err)
			return
		}
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		for _, q := range m.Questions {
			for _, text := range addrs {
				a := netip.MustParseAddr(text)
				h := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}
				switch {
				case a.Is4() && q.Type == dnsmessage.TypeA:
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
				case a.Is6() && q.Type == dnsmessage.TypeAAAA:
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
				}
			}
		}
		p, err := m.Pack()
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := c.Write(append([]byte{byte(len(p) >> 8), byte(len(p))}, p...)); err != nil {
			return
		}
	}
}

// A Dialer and a ListenConfig ask their own Resolver, also in a task. An unknown host is a
// *net.DNSError that says so.
func TestResolver(t *testing.T) {
	socktest.Check(t)
	resolver := nameServer(t, "127.0.0.3")
	lc := netconn.ListenConfig{Resolver: resolver}
	ln, err := lc.Listen(t.Context(), "tcp", "listener.test:0")
	socktest.Must(t, err)
	defer ln.Close()
	if ip := ln.Addr().(*net.TCPAddr).IP.String(); ip != "127.0.0.3" {
		t.Errorf("it listens at %s", ip)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	inTask := func() (c net.Conn, err error) {
		failed := r.Next().Go(func(task *loop.Task) {
			d := netconn.Dialer{Resolver: resolver, Task: task}
			c, err = d.Dial("tcp", "dialer.test:"+port)
		}).Wait(context.Background())
		return c, errors.Join(failed, err)
	}
	inGoroutine := func() (net.Conn, error) {
		return (&netconn.Dialer{Resolver: resolver}).Dial("tcp", "dialer.test:"+port)
	}
	for name, dial := range map[string]func() (net.Conn, error){"goroutine": inGoroutine, "task": inTask} {
		c, err := dial()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.RemoteAddr().String(); got != ln.Addr().String() {
			t.Errorf("%s: connected to %s", name, got)
		}
		c.Close()
	}
	none := netconn.Dialer{Resolver: nameServer(t)}
	var dns *net.DNSError
	if _, err := none.Dial("tcp", "no.test:1"); !errors.As(err, &dns) || dns.Name != "no.test" {
		t.Errorf("a host without an address: %v", err)
	}
}

// silent is a listener whose queue is full, so that Linux drops the SYN of each further client: to
// connect there takes as long as the client waits.
func silent(t *testing.T, at string) *netconn.Listener {
	t.Helper()
	lc := netconn.ListenConfig{Backlog: 1}
	ln, err := lc.Listen(t.Context(), "tcp", at)
	socktest.Must(t, err)
	t.Cleanup(func() { ln.Close() })
	for late := 0; late < 3; { // one may be late because the machine stood still
		d := netconn.Dialer{Timeout: 100 * time.Millisecond}
		c, err := d.Dial("tcp", ln.Addr().String())
		if errors.Is(err, os.ErrDeadlineExceeded) {
			late++
			continue
		}
		socktest.Must(t, err)
		late = 0
		t.Cleanup(func() { c.Close() })
	}
	return ln
}

// Happy Eyeballs (RFC 8305): while the first address of a host does not answer, the next one is
// tried beside it. With a negative FallbackDelay it is tried only after the first one has failed.
func TestHappyEyeballs(t *testing.T) {
	if !sock.HasDualstackIPv6() {
		t.Skip("the system has no IPv6")
	}
	socktest.Check(t)
	six := silent(t, "[::1]:0")
	_, port, _ := net.SplitHostPort(six.Addr().String())
	four, err := netconn.Listen("tcp4", "127.0.0.1:"+port)
	if errors.Is(err, syscall.EADDRINUSE) {
		t.Skip("another program has the port of the test")
	}
	socktest.Must(t, err)
	defer four.Close()
	resolver := nameServer(t, "::1", "127.0.0.1")
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		d := netconn.Dialer{Resolver: resolver, FallbackDelay: delay, Timeout: socktest.Patience}
		began := time.Now()
		c, err := d.Dial("tcp", "both.test:"+port)
		socktest.Must(t, err)
		want := delay
		if want == 0 {
			want = 250 * time.Millisecond
		}
		if took := time.Since(began); took < want {
			t.Errorf("delay %v: connected after %v", delay, took)
		}
		if got := c.RemoteAddr().String(); got != four.Addr().String() {
			t.Errorf("connected to %s", got)
		}
		c.Close()
	}
	d := netconn.Dialer{Resolver: resolver, FallbackDelay: -1, Timeout: 300 * time.Millisecond}
	_, err = d.Dial("tcp", "both.test:"+port)
	wantOp(t, err, "dial", "tcp", os.ErrDeadlineExceeded)
	// With more time, the first address takes only its part of it.
	c, err := (&netconn.Dialer{Resolver: resolver, FallbackDelay: -1, Timeout: 3 * time.Second}).Dial("tcp", "both.test:"+port)
	socktest.Must(t, err)
	if got := c.RemoteAddr().String(); got != four.Addr().String() {
		t.Errorf("connected to %s", got)
	}
	c.Close()
	// An address that refuses is left at once, without the delay.
	socktest.Must(t, six.Close())
	d.FallbackDelay, d.Timeout = time.Hour, socktest.Patience
	c, err = d.Dial("tcp", "both.test:"+port)
	socktest.Must(t, err)
	c.Close()
}

package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// An address that is a nil pointer is an error with the name of its type, whose text can be
// printed.
func TestNilAddresses(t *testing.T) {
	socktest.Check(t)
	p, ln := listenPacket(t, "udp"), listen(t, "tcp")
	var addr *families.AddrError
	for _, to := range []net.Addr{(*net.UDPAddr)(nil), (*net.TCPAddr)(nil), (*net.UnixAddr)(nil), (*net.IPAddr)(nil)} {
		if _, err := p.WriteTo([]byte("x"), to); !errors.As(err, &addr) || err.Error() == "" {
			t.Errorf("to a nil %T: %v", to, err)
		}
		if n, err := p.WriteBatch([]netconn.Message{{Buffers: [][]byte{{'x'}}, Addr: to}}, 0); n != 0 || !errors.As(err, &addr) {
			t.Errorf("a batch to a nil %T: %d, %v", to, n, err)
		}
		d := netconn.Dialer{LocalAddr: to}
		if _, err := d.Dial("tcp", ln.Addr().String()); !errors.As(err, &addr) || err.Error() == "" {
			t.Errorf("from a nil %T: %v", to, err)
		}
	}
}

// A local address of another kind of socket is an error.
func TestLocalAddrOfAnotherKind(t *testing.T) {
	socktest.Check(t)
	p, ln := listenPacket(t, "udp"), listen(t, "tcp")
	for _, tt := range []struct {
		network string
		to      net.Addr
		from    net.Addr
	}{
		{"tcp", ln.Addr(), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		{"udp", p.LocalAddr(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}},
	} {
		var addr *net.AddrError
		d := netconn.Dialer{LocalAddr: tt.from}
		if c, err := d.Dial(tt.network, tt.to.String()); !errors.As(err, &addr) || c != nil {
			t.Errorf("%s from a %T: %v, %v", tt.network, tt.from, c, err)
		}
	}
}

// A port beyond 65535 is an error, and not another port.
func TestPortRange(t *testing.T) {
	socktest.Check(t)
	for _, port := range []string{"65536", "99999", "-1", "99999999999999999999"} {
		var addr *net.AddrError
		at := "127.0.0.1:" + port
		if c, err := netconn.Dial("tcp", at); !errors.As(err, &addr) || addr.Addr != port {
			t.Errorf("Dial %s: %v, %v", at, c, err)
		}
		if ln, err := netconn.Listen("tcp", at); !errors.As(err, &addr) || addr.Addr != port {
			t.Errorf("Listen %s: %v, %v", at, ln, err)
		}
		if p, err := netconn.ListenPacket("udp", at); !errors.As(err, &addr) || addr.Addr != port {
			t.Errorf("ListenPacket %s: %v, %v", at, p, err)
		}
	}
}

// Batches without messages do not wait, and a batch stops at the message that is wrong.
func TestOddBatches(t *testing.T) {
	socktest.Check(t)
	p, q := listenPacket(t, "udp"), listenPacket(t, "udp")
	if n, err := p.ReadBatch(nil, 0); n != 0 || err != nil {
		t.Errorf("ReadBatch of nothing: %d, %v", n, err)
	}
	if n, err := p.WriteBatch(nil, 0); n != 0 || err != nil {
		t.Errorf("WriteBatch of nothing: %d, %v", n, err)
	}
	ms := []netconn.Message{{Buffers: [][]byte{{'a'}}, Addr: q.LocalAddr()}, {Buffers: [][]byte{make([]byte, 70_000)}, Addr: q.LocalAddr()}}
	if n, err := p.WriteBatch(ms, 0); n != 1 || err == nil {
		t.Errorf("with a message that is too long: %d, %v", n, err)
	}
	in := []netconn.Message{{Buffers: [][]byte{make([]byte, 9)}}, {Buffers: [][]byte{make([]byte, 9)}}}
	if n, err := q.ReadBatch(in, 0); n != 1 || err != nil || in[0].N != 1 {
		t.Errorf("%d came, the first of %d bytes, %v", n, in[0].N, err)
	}
	c, err := netconn.Dial("udp", q.LocalAddr().String())
	socktest.Must(t, err)
	defer c.Close()
	connected := c.(*netconn.PacketConn)
	if n, err := connected.WriteBatch([]netconn.Message{{Buffers: [][]byte{[]byte("to the peer")}}}, 0); n != 1 || err != nil {
		t.Errorf("to the peer: %d, %v", n, err)
	}
	if n, err := connected.WriteBatch(ms[:1], 0); n != 0 || !errors.Is(err, net.ErrWriteToConnected) {
		t.Errorf("with an address on a connected socket: %d, %v", n, err)
	}
	socktest.Must(t, p.Close())
	if n, err := p.ReadBatch(in, 0); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadBatch of a closed socket: %d, %v", n, err)
	}
	if n, err := p.WriteBatch(ms, 0); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteBatch of a closed socket: %d, %v", n, err)
	}
}

// A Listener in two places serves both, and ends for both. Two of one socket are closed once.
func TestListenerUsedTwice(t *testing.T) {
	socktest.Check(t)
	ln := listen(t, "tcp")
	served := make(chan error, 2)
	for i := range 2 {
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, i) })}
		defer s.Close()
		go func() { served <- s.Serve(ln) }()
	}
	for seen := map[string]bool{}; len(seen) < 2; {
		c, err := netconn.Dial("tcp", ln.Addr().String())
		socktest.Must(t, err)
		fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n")
		p := make([]byte, 1000)
		n := 0
		for err == nil {
			var m int
			m, err = c.Read(p[n:])
			n += m
		}
		c.Close()
		seen[string(p[n-1:n])] = true
	}
	socktest.Must(t, ln.Close())
	for range 2 {
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve of a closed listener: %v", err)
		}
	}

	s, _ := socktest.TCP.Listener(t)
	one, err := netconn.NewListener(s)
	socktest.Must(t, err)
	two, err := netconn.NewListener(s)
	socktest.Must(t, err)
	socktest.Must(t, one.Close())
	wantOp(t, two.Close(), "close", "tcp", net.ErrClosed)
	if _, err := two.AcceptContext(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept of the second: %v", err)
	}
	a, b, err := sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	defer b.Close()
	first, err := netconn.New(a)
	socktest.Must(t, err)
	again, err := netconn.New(a)
	socktest.Must(t, err)
	socktest.Must(t, first.Close())
	if _, err := again.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Conn of a socket: %v", err)
	}
}

// A number that is too large is an error with its range, and not in the words of Python.
func TestNumbersBeyondCInt(t *testing.T) {
	const most = math.MaxInt
	if most == math.MaxInt32 {
		t.Skip("an int is a C int: run this on a 64-bit system")
	}
	socktest.Check(t)
	a, _ := pair(t, "tcp")
	p := listenPacket(t, "udp")
	listen := func(lc netconn.ListenConfig) error {
		ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err == nil {
			ln.Close()
		}
		return err
	}
	one := []netconn.Message{{Buffers: [][]byte{{'x'}}, Addr: p.LocalAddr()}}
	for _, tt := range []struct {
		name string
		err  func() error
	}{
		{"SetReadBuffer", func() error { return a.SetReadBuffer(most) }},
		{"SetWriteBuffer", func() error { return a.SetWriteBuffer(most) }},
		{"SetLinger", func() error { return a.SetLinger(most) }},
		{"SetKeepAlivePeriod", func() error { return a.SetKeepAlivePeriod(most) }},
		{"SetKeepAliveConfig", func() error { return a.SetKeepAliveConfig(net.KeepAliveConfig{Count: most}) }},
		{"Backlog", func() error { return listen(netconn.ListenConfig{Backlog: most}) }},
		{"ReadBatch", func() error { _, err := p.ReadBatch(one, most); return err }},
		{"WriteBatch", func() error { _, err := p.WriteBatch(one, most); return err }},
	} {
		err := tt.err()
		if !errors.Is(err, sock.ArgRange) || strings.Contains(err.Error(), "Python") {
			t.Errorf("%s: %v, want an *ArgError with the range", tt.name, err)
		}
	}
	if err := listen(netconn.ListenConfig{FastOpen: most}); err != nil && (!errors.Is(err, sock.ArgRange) || strings.Contains(err.Error(), "Python")) {
		t.Errorf("FastOpen: %v, want an *ArgError with the range", err)
	}
}

// A host without an address, in an address to send to, is an error in the words of package net.
func TestSendToUnknownHost(t *testing.T) {
	socktest.Check(t)
	p := listenPacket(t, "udp4")
	was := sock.DefaultResolver
	defer func() { sock.DefaultResolver = was }()
	sock.DefaultResolver = nameServer(t)
	to := sock.Inet("no.test", 9)
	for name, send := range map[string]func() error{
		"WriteTo":     func() error { _, err := p.WriteTo([]byte("x"), to); return err },
		"WriteToAddr": func() error { _, err := p.WriteToAddr([]byte("x"), to); return err },
		"WriteMsg":    func() error { _, _, err := p.WriteMsg([]byte("x"), nil, to); return err },
		"WriteBatch": func() error {
			_, err := p.WriteBatch([]netconn.Message{{Buffers: [][]byte{{'x'}}, Addr: to}}, 0)
			return err
		},
	} {
		var dns *net.DNSError
		if err := send(); !errors.As(err, &dns) || dns.Name != "no.test" || strings.Contains(err.Error(), "Errno") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package sock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// dialText returns the text that reaches a socket of Listen: its address with the network in front.
func dialText(t *testing.T, network string, ln *sock.Socket) string {
	t.Helper()
	at := socktest.Name(t, ln)
	if at.Kind() == families.KindInet6 && at.AddrPort().Addr().IsUnspecified() {
		return network + ":localhost:" + at.String()[strings.LastIndexByte(at.String(), ':')+1:]
	}
	text, err := at.MarshalText()
	socktest.Must(t, err)
	_, rest, named := strings.Cut(string(text), ":")
	if named && families.HasFormat(strings.Split(string(text), ":")[0]) {
		return network + ":" + rest
	}
	return network + ":" + string(text)
}

// One text makes both the server and the client, in every family that each host has and in each
// view.
func TestDialAndListen(t *testing.T) {
	socktest.Check(t)
	dir := socktest.Dir(t)
	for _, test := range []struct {
		listen, network string
		typ             sock.Type
	}{
		{"tcp:127.0.0.1:0", "tcp", sock.SOCK_STREAM},
		{"127.0.0.1:0", "tcp4", sock.SOCK_STREAM},
		{"tcp::0", "tcp", sock.SOCK_STREAM},
		{"tcp4::0", "inet", sock.SOCK_STREAM},
		{"tcp6:[::1]:0", "tcp6", sock.SOCK_STREAM},
		{"inet6:[::1]:0", "inet6", sock.SOCK_STREAM},
		{"tcp:localhost:0", "tcp", sock.SOCK_STREAM},
		{"udp:127.0.0.1:0", "udp", sock.SOCK_DGRAM},
		{"udp6:[::1]:0", "udp6", sock.SOCK_DGRAM},
		{"inet dgram:127.0.0.1:0", "udp4", sock.SOCK_DGRAM},
		{filepath.Join(dir, "stream"), "unix", sock.SOCK_STREAM},
		{"unixgram:" + filepath.Join(dir, "datagram"), "unixgram", sock.SOCK_DGRAM},
		{"unixpacket:@pollux-dial-" + filepath.Base(dir), "unixpacket", sock.SOCK_SEQPACKET},
		{"@pollux-dial-" + filepath.Base(dir), "unix stream", sock.SOCK_STREAM},
	} {
		ln, err := sock.Listen(test.listen, nil)
		if err != nil {
			t.Errorf("%s: %v", test.listen, err)
			continue
		}
		text := dialText(t, test.network, ln)
		check := func(how string, s *sock.Socket, err error) {
			if err != nil {
				t.Errorf("%s, %s: %v", text, how, err)
				return
			}
			defer s.Close()
			if s.Type() != test.typ || ln.Type() != test.typ {
				t.Errorf("%s, %s: %v", text, how, s)
			}
			if _, err := s.Sendall(hello, 0); err != nil {
				t.Errorf("%s, %s: %v", text, how, err)
			}
			from := ln
			if test.typ != sock.SOCK_DGRAM {
				if from, _, err = ln.Accept(); err != nil {
					t.Errorf("%s, %s: %v", text, how, err)
					return
				}
				defer from.Close()
			}
			if p, err := from.Recv(100, 0); string(p) != string(hello) || err != nil {
				t.Errorf("%s, %s: %q, %v", text, how, p, err)
			}
		}
		s, err := sock.Dial(text, nil)
		check("Dial", s, err)
		s, err = sock.With(t.Context()).Dial(text, &sock.ConnectionConfig{HappyEyeballs: true})
		check("With", s, err)
		inTask(t, func(task *loop.Task) error {
			s, err = sock.In(task).Dial(text, nil)
			return nil
		})
		if err == nil {
			s = s.In(nil)
		}
		check("In", s, err)
		if at := socktest.Name(t, ln); !at.AddrPort().Addr().IsUnspecified() {
			s, err = sock.DialAddr(at, &sock.ConnectionConfig{Type: test.typ})
			check("DialAddr", s, err)
		}
		socktest.Must(t, ln.Close())
	}
}

// These families may be missing on a host. Either the text reaches the right socket, or the error
// of New names the missing family.
func TestDialFamilies(t *testing.T) {
	socktest.Check(t)
	for text, want := range map[string]struct {
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
	}{
		"netlink:0,0":           {sock.AF_NETLINK, sock.SOCK_RAW, 0},
		"netlink dgram:0,0":     {sock.AF_NETLINK, sock.SOCK_DGRAM, 0},
		"vsock:any:any":         {sock.AF_VSOCK, sock.SOCK_STREAM, 0},
		"vsock seqpacket:1:any": {sock.AF_VSOCK, sock.SOCK_SEQPACKET, 0},
		"tipc:name:18888,17":    {sock.AF_TIPC, sock.SOCK_STREAM, 0},
		"tipc rdm:name:1888,17": {sock.AF_TIPC, sock.SOCK_RDM, 0},
		"can:#0":                {sock.AF_CAN, sock.SOCK_RAW, 1},
		"alg:hash:sha256":       {sock.AF_ALG, sock.SOCK_SEQPACKET, 0},
		"packet:lo,0x800":       {sock.AF_PACKET, sock.SOCK_RAW, 0},
		"sctp:127.0.0.1:0":      {sock.AF_INET, sock.SOCK_STREAM, 132},
		"mptcp:127.0.0.1:0":     {sock.AF_INET, sock.SOCK_STREAM, 262},
		"udplite:127.0.0.1:0":   {sock.AF_INET, sock.SOCK_DGRAM, 136},
	} {
		s, err := sock.Listen(text, nil)
		if err != nil {
			if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EACCES) && !errors.Is(err, syscall.EPERM) &&
				!errors.Is(err, syscall.EADDRNOTAVAIL) && !errors.Is(err, syscall.ENOENT) {
				t.Errorf("%s: %v", text, err)
			}
			t.Logf("%s: %v", text, err)
			continue
		}
		if s.Family() != want.family || s.Type() != want.typ || s.Proto() != want.proto {
			t.Errorf("%s: %v", text, s)
		}
		socktest.Must(t, s.Close())
	}
}

func TestDialRefuses(t *testing.T) {
	socktest.Check(t)
	for _, test := range []struct {
		text string
		kind error
		want string
	}{
		{"", sock.ArgMissing, "must have an address"},
		{"tcp://127.0.0.1:80", sock.ArgSyntax, "not a URL: write tcp:127.0.0.1:80"},
		{"tcp:127.0.0.1", sock.ArgSyntax, "an address of tcp is host:port"},
		{"tcp:::1:80", sock.ArgSyntax, "an IPv6 host stands in brackets"},
		{"tcp:127.0.0.1:", sock.ArgMissing, "the port is missing"},
		{"http://127.0.0.1", sock.ArgSyntax, "not a URL: write tcp:host:port"},
		{"vsock:1", families.ErrSyntax, "port"},
		{"vsock://1:2", families.ErrSyntax, "an address is no URL: write vsock:1:2"},
		{"vsock sequence:1:2", sock.ArgUnknown, "the type must be"},
		{"tcp:127.0.0.1:no-such-service", &sock.GaiError{Code: sock.EAI_SERVICE}, ""},
	} {
		for name, call := range map[string]func(string) (*sock.Socket, error){
			"Dial":   func(text string) (*sock.Socket, error) { return sock.Dial(text, nil) },
			"Listen": func(text string) (*sock.Socket, error) { return sock.Listen(text, nil) },
		} {
			s, err := call(test.text)
			if s != nil || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s(%q): %v", name, test.text, err)
			}
		}
	}
	if _, err := sock.DialAddr(sock.Addr{}, nil); !errors.Is(err, sock.ArgMissing) {
		t.Errorf("no address: %v", err)
	}
	if _, err := sock.CreateConnection("127.0.0.1", 80, &sock.ConnectionConfig{Service: "http"}); !errors.Is(err, sock.ArgConflict) {
		t.Errorf("a port and a service: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sock.With(ended).Dial("unix:/nowhere", nil); !errors.Is(err, context.Canceled) && !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// The name of a service replaces the port. The test accepts both a refused connect and a
// connection, since this host may have a server of the discard service.
func TestCreateConnectionToAService(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	s, err := sock.CreateConnection("127.0.0.1", 0, &sock.ConnectionConfig{Service: "discard"})
	if err == nil {
		err = errors.New(s.String())
		s.Close()
	}
	if !strings.Contains(err.Error(), "127.0.0.1:9") {
		t.Errorf("%v, want a connection to port 9", err)
	}
	ln, at := socktest.TCP.Listener(t)
	defer ln.Close()
	_, port, _ := strings.Cut(at.String(), ":")
	s, err = sock.CreateConnection("localhost", 0, &sock.ConnectionConfig{Service: port, Type: sock.SOCK_DGRAM})
	socktest.Must(t, err)
	if s.Type() != sock.SOCK_DGRAM || socktest.Name(t, s).IsZero() {
		t.Error(s)
	}
	socktest.Must(t, s.Close())
}

// The Timeout of a configuration can be blocking, zero, a duration, or the default.
func TestConnectionTimeout(t *testing.T) {
	socktest.Check(t)
	ln, at := socktest.UnixStream.Listener(t)
	defer ln.Close()
	for _, test := range []struct {
		timeout sock.Timeout
		want    time.Duration
	}{
		{sock.Timeout{}, sock.DefaultTimeout()},
		{sock.Within(sock.Forever), sock.Forever},
		{sock.Within(0), 0},
		{sock.Within(time.Minute), time.Minute},
	} {
		s, err := sock.DialAddr(at, &sock.ConnectionConfig{Timeout: test.timeout})
		socktest.Must(t, err)
		if s.Timeout() != test.want {
			t.Errorf("%v, want %v", s.Timeout(), test.want)
		}
		socktest.Must(t, s.Close())
	}
	if _, err := sock.DialAddr(at, &sock.ConnectionConfig{Timeout: sock.Within(-1)}); !errors.Is(err, sock.ArgRange) {
		t.Errorf("a negative timeout: %v", err)
	}
}

// Servers and clients have the defaults of package net. New and a plain listener do not.
func TestConnectionDefaults(t *testing.T) {
	socktest.Check(t)
	want := sock.KeepAlive{On: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}
	short := sock.KeepAlive{On: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}
	for _, kind := range []socktest.Kind{socktest.TCP, socktest.TCP6} {
		for _, test := range []struct {
			name      string
			noDelay   sock.Switch
			keepAlive *sock.KeepAlive
			delay     bool
			want      sock.KeepAlive
		}{
			{"default", sock.Default, nil, false, want},
			{"off", sock.Off, &sock.KeepAlive{}, true, sock.KeepAlive{}},
			{"as it says", sock.On, &short, false, short},
		} {
			ln, err := sock.CreateServer(kind.Addr(t), &sock.ServerConfig{NoDelay: test.noDelay, KeepAlive: test.keepAlive})
			socktest.Must(t, err)
			c, err := sock.DialAddr(socktest.Name(t, ln), &sock.ConnectionConfig{NoDelay: test.noDelay, KeepAlive: test.keepAlive})
			socktest.Must(t, err)
			s, _, err := ln.Accept()
			socktest.Must(t, err)
			for side, s := range map[string]*sock.Socket{"accepted": s, "connected": c} {
				on, err := s.Getsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY)
				if (on == 0) != test.delay || err != nil {
					t.Errorf("%s %s: TCP_NODELAY %d, %v", side, test.name, on, err)
				}
				k, err := s.KeepAlive()
				if !test.want.On {
					k.Idle, k.Interval, k.Count = 0, 0, 0
				}
				if k != test.want || err != nil {
					t.Errorf("%s %s: %+v, %v", side, test.name, k, err)
				}
			}
			for _, s := range []*sock.Socket{ln, c, s} {
				s.Close()
			}
		}
		if on, err := kind.New(t).Getsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY); on != 0 || err != nil {
			t.Errorf("New: TCP_NODELAY %d, %v", on, err)
		}
	}
	bad := &sock.KeepAlive{Count: -1}
	if _, err := sock.CreateServer(socktest.TCP.Addr(t), &sock.ServerConfig{KeepAlive: bad}); !errors.Is(err, sock.ArgRange) {
		t.Errorf("a bad KeepAlive: %v", err)
	}
	if s, err := sock.CreateServer(socktest.UnixStream.Addr(t), &sock.ServerConfig{KeepAlive: bad, NoDelay: sock.On}); err != nil {
		t.Errorf("a socket that is not of TCP: %v", err)
	} else {
		s.Close()
	}
}

// A datagram server does not share its port.
func TestCreateServerOfDatagrams(t *testing.T) {
	socktest.Check(t)
	s, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{Type: sock.SOCK_DGRAM})
	socktest.Must(t, err)
	defer s.Close()
	_, err = sock.CreateServer(socktest.Name(t, s), &sock.ServerConfig{Type: sock.SOCK_DGRAM})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second one: %v", err)
	}
	socktest.Must(t, s.SetTimeout(time.Millisecond))
	if _, _, err := s.Recvfrom(1, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

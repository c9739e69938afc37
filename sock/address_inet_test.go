package sock_test

import (
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestInetHosts(t *testing.T) { // items 68, 184, 186, 188
	bare.Localhost(t)
	socktest.Check(t)
	for _, test := range []struct{ host, want string }{
		{"127.0.0.1", "127.0.0.1"},
		{"localhost", "127.0.0.1"},
		{"", "0.0.0.0"},
		{"0.0.0.0", "0.0.0.0"},
		{"<broadcast>", "255.255.255.255"},
		{"255.255.255.255", "255.255.255.255"},
		{"127.1", "127.0.0.1"},
		{"0x7f.1", "127.0.0.1"},
		{"0177.0.0.1", "127.0.0.1"},
		{"2130706433", "127.0.0.1"},
		{"::ffff:127.0.0.1", "127.0.0.1"},
	} {
		s := socktest.UDP.New(t)
		if err := s.Bind(sock.Inet(test.host, 0)); err != nil {
			t.Errorf("%q: %v", test.host, err)
			continue
		}
		a := socktest.Name(t, s)
		if a.Host() != test.want || a.Port() == 0 || a != sock.Inet(test.want, a.Port()) || a.Network() != "inet" {
			t.Errorf("%q: bound to %v, want %s", test.host, a, test.want)
		}
	}
}

func TestInet6Hosts(t *testing.T) { // items 186, 189, 191
	socktest.Each(t, []socktest.Kind{socktest.UDP6}, func(t *testing.T, k socktest.Kind) {
		k.Bound(t)
		for _, test := range []struct {
			name string
			addr sock.Addr
			want string
			bsd  systems.Errnos // on the BSDs the bind may fail with these: sys/netinet6/in6_pcb.c
		}{
			{"loopback", sock.Inet6("::1", 0), "::1", nil},
			{"long form", sock.Inet6("0:0:0:0:0:0:0:1", 0), "::1", nil},
			{"wildcard", sock.Inet6("", 0), "::", nil},
			{"IPv4 in IPv6 form", sock.Inet6("::ffff:127.0.0.1", 0), "::ffff:127.0.0.1", systems.Errnos{syscall.EADDRNOTAVAIL, syscall.EINVAL}},
			{"flow label and scope, which the kernel drops", families.Inet6Scoped("::1", 0, 0xfffff, 5), "::1", systems.Errnos{syscall.EADDRNOTAVAIL}},
			{"scope in the text, which is lost", sock.Inet6("::1%7", 0), "::1", nil},
		} {
			s := k.New(t)
			if runtime.GOOS == "windows" { // Windows sets it by default
				socktest.Must(t, s.Setsockopt(sock.IPPROTO_IPV6, sock.IPV6_V6ONLY, 0))
			}
			bsd := runtime.GOOS != "linux" && runtime.GOOS != "windows"
			if err := s.Bind(test.addr); err != nil {
				if bsd && test.bsd.Has(err) {
					continue
				}
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			a := socktest.Name(t, s)
			if a.Host() != test.want || a.Port() == 0 || a != sock.Inet6(test.want, a.Port()) || a.Network() != "inet6" {
				t.Errorf("%s: bound to %v, want %s", test.name, a, test.want)
			}
		}
	})
}

// badAddresses are addresses that never reach the kernel.
var badAddresses = []struct {
	name string
	kind socktest.Kind
	addr sock.Addr
	want error
}{
	{"port 65536", socktest.UDP, sock.Inet("127.0.0.1", 65536), families.ErrPort}, // item 185
	{"port 70000", socktest.UDP, sock.Inet("127.0.0.1", 70000), families.ErrPort},
	{"port -1", socktest.UDP, sock.Inet("127.0.0.1", -1), families.ErrPort},
	{"port beyond C int", socktest.UDP, sock.Inet("127.0.0.1", -1<<31), families.ErrPort},
	{"the host comes before the port", socktest.UDP, sock.Inet("no such host", 70000), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"port 70000, inet6", socktest.UDP6, sock.Inet6("::1", 70000), families.ErrPort},
	{"flow label", socktest.UDP6, families.Inet6Scoped("::1", 0, 0x100000, 0), families.ErrFlowInfo}, // item 189
	{"the port comes before the flow label", socktest.UDP6, families.Inet6Scoped("::1", 70000, 0x100000, 0), families.ErrPort},

	{"IPv6 in inet", socktest.UDP, sock.Inet("::1", 0), families.ErrHostFamily}, // item 187; in Python gaierror EAI_ADDRFAMILY
	{"IPv4 in inet6", socktest.UDP6, sock.Inet6("127.0.0.1", 0), families.ErrHostFamily},
	{"broadcast in inet6", socktest.UDP6, sock.Inet6("<broadcast>", 0), families.ErrFamilyMismatch}, // item 186
	{"all ones in inet6", socktest.UDP6, sock.Inet6("255.255.255.255", 0), families.ErrFamilyMismatch},

	{"NUL in the host", socktest.UDP, sock.Inet("127.0.0.1\x00", 0), families.ErrHostNUL}, // item 184
	{"NUL in the host, inet6", socktest.UDP6, sock.Inet6("::1\x00", 0), families.ErrHostNUL},
	{"blanks", socktest.UDP, sock.Inet(" 127.0.0.1", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"parts too great", socktest.UDP, sock.Inet("256.256.256.256", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"too many parts", socktest.UDP, sock.Inet("1.2.3.4.5", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"a host that is not found", socktest.UDP, sock.Inet("no such host", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"the same, inet6", socktest.UDP6, sock.Inet6("no such host", 0), &sock.GaiError{Code: sock.EAI_NONAME}},
	{"an interface that is not there", socktest.UDP6, sock.Inet6("fe80::1%nosuch", 0), &sock.GaiError{Code: sock.EAI_NONAME}}, // item 190

	{"inet6 to inet", socktest.UDP, sock.Inet6("::1", 0), families.ErrFamilyMismatch},
	{"inet to inet6", socktest.UDP6, sock.Inet("127.0.0.1", 0), families.ErrFamilyMismatch},
	{"unix to inet", socktest.UDP, sock.Unix("/x"), families.ErrFamilyMismatch},
	{"inet to unix", socktest.UnixDatagram, sock.Inet("127.0.0.1", 0), families.ErrFamilyMismatch},
	{"raw to inet", socktest.UDP, families.Raw(int(sock.AF_INET), make([]byte, 14)), families.ErrFamilyMismatch},
	{"none", socktest.UDP, sock.Addr{}, families.ErrFamilyMismatch}, // None in Python, a TypeError
	{"none to unix", socktest.UnixDatagram, sock.Addr{}, families.ErrFamilyMismatch},
}

// Each call that takes an address returns an error that names the call and the fault.
func TestBadAddress(t *testing.T) { // items 5, 6, 56, 61, 94, 184 to 190
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, test := range badAddresses {
			t.Run(test.name, func(t *testing.T) {
				s := test.kind.New(t)
				for _, call := range []struct {
					op  string
					err error
				}{
					{"bind", s.Bind(test.addr)},
					{"connect", w.On(s).Connect(test.addr)},
					{"sendto", func() error { _, err := w.On(s).Sendto(hello, 0, test.addr); return err }()},
				} {
					var op *net.OpError
					switch {
					case !errors.Is(call.err, test.want):
						t.Errorf("%s: %v, want %v", call.op, call.err, test.want)
					case !errors.As(call.err, &op) || op.Op != call.op:
						t.Errorf("%s: %v does not name the call", call.op, call.err)
					}
				}
				if a := socktest.Name(t, s); a.Port() != 0 || a.Path() != "" {
					t.Errorf("bound to %v", a)
				}
			})
		}
	})
}

func TestConnectExSaysItsName(t *testing.T) { // item 6
	socktest.Check(t)
	_, err := socktest.UDP.New(t).ConnectEx(sock.Inet("127.0.0.1", 70000))
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "connect_ex" {
		t.Errorf("%v, want connect_ex", err)
	}
}

// A link-local address needs its scope. As in Python, a scope in the text of the host is lost.
func TestInet6Scope(t *testing.T) { // items 189, 190
	socktest.Each(t, []socktest.Kind{socktest.UDP6}, func(t *testing.T, k socktest.Kind) {
		k.Bound(t)
		// fe80::1 is the address of the loopback interface on the BSDs. Without a scope Linux says
		// EINVAL.
		if err := k.New(t).Bind(sock.Inet6("fe80::5%1", 0)); !(systems.Errnos{syscall.EINVAL, syscall.EADDRNOTAVAIL}).Has(err) {
			t.Errorf("scope in the text: %v, want EINVAL or EADDRNOTAVAIL", err)
		}
		if err := k.New(t).Bind(families.Inet6Scoped("fe80::5", 0, 0, 1)); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("scope of its own: %v, want EADDRNOTAVAIL", err)
		}
		// Parse keeps the scope, and looks up the name of an interface.
		lo, err := net.InterfaceByIndex(1)
		if err != nil {
			t.Skipf("no interface 1: %v: run this where there is a loopback interface", err)
		}
		a, err := families.Parse("[fe80::5%" + lo.Name + "]:0")
		socktest.Must(t, err)
		if err := k.New(t).Bind(a); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("scope by name: %v, want EADDRNOTAVAIL", err)
		}
		a, err = families.Parse("[fe80::5%nosuch]:0")
		socktest.Must(t, err)
		if err := k.New(t).Bind(a); !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) {
			t.Errorf("scope by the name of nothing: %v, want EAI_NONAME", err)
		}
	})
}

func TestInetAddressErrors(t *testing.T) { // items 51, 61, 186
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		if err := socktest.TCP.New(t).Bind(sock.Inet("192.0.2.1", 0)); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("bind to another host's: %v", err)
		}
		err := w.On(socktest.TCP.New(t)).Connect(sock.Inet("<broadcast>", 9))
		if !(systems.Errnos{syscall.ENETUNREACH, syscall.EACCES, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL}).Has(err) {
			t.Errorf("connect to all: %v", err)
		}
		s := socktest.UDP.New(t)
		if _, err := w.On(s).Sendto(hello, 0, sock.Inet("<broadcast>", 9)); !(systems.Errnos{syscall.EACCES, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL}).Has(err) {
			t.Errorf("broadcast without SO_BROADCAST: %v, want EACCES, or another one on a machine without a network", err)
		}
		if _, err := w.On(s).Sendto(hello, 0, sock.Inet("127.0.0.1", 0)); !systems.ErrnosHere(systems.SendToPort0).Has(err) {
			t.Errorf("send to port 0: %v, want %v", err, systems.ErrnosHere(systems.SendToPort0))
		}
	})
}

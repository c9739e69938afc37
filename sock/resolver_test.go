package sock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// These tests ask a server on loopback, and never another one.

var testZone = map[string]dnsHost{
	"both.test.":     {a: []string{"192.0.2.1", "192.0.2.2"}, aaaa: []string{"2001:db8::1"}},
	"here.test.":     {a: []string{"127.0.0.1"}, aaaa: []string{"::1"}},
	"v4.test.":       {a: []string{"192.0.2.7"}},
	"v6.test.":       {aaaa: []string{"2001:db8::7"}},
	"empty.test.":    {},
	"alias.test.":    {cname: "middle.test."},
	"middle.test.":   {cname: "both.test."},
	"dangling.test.": {cname: "nosuch.test."},
	"ring.test.":     {cname: "ring.test."},
	"servfail.test.": {rcode: dnsmessage.RCodeServerFailure},
	"refused.test.":  {rcode: dnsmessage.RCodeRefused},
	"garbage.test.":  {garbage: true, a: []string{"192.0.2.9"}},
	"big.test.":      {truncated: true, a: []string{"192.0.2.9"}},
	"silent.test.":   {silent: true},

	"xn--bcher-kva.test.": {a: []string{"192.0.2.40"}},

	"1.2.0.192.in-addr.arpa.": {ptr: []string{"both.test.", "second.test."}},
	"2.2.0.192.in-addr.arpa.": {rcode: dnsmessage.RCodeServerFailure},
	"3.2.0.192.in-addr.arpa.": {},
	"4.2.0.192.in-addr.arpa.": {ptr: []string{"dotless."}},
	"5.2.0.192.in-addr.arpa.": {ptr: []string{"dotless.", "dotted.test."}},
	"6.2.0.192.in-addr.arpa.": {truncated: true, ptr: []string{"big.test."}},
	"7.2.0.192.in-addr.arpa.": {cname: "7.sub.2.0.192.in-addr.arpa."},
	"8.2.0.192.in-addr.arpa.": {ptr: []string{"xn--bcher-kva.test."}},
	"9.2.0.192.in-addr.arpa.": {silent: true},

	"10.2.0.192.in-addr.arpa.": {ptr: []string{"a/b.test.", "good.test."}},
	"11.2.0.192.in-addr.arpa.": {ptr: []string{"a/b.test."}},

	"7.sub.2.0.192.in-addr.arpa.": {ptr: []string{"delegated.test."}},

	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.": {ptr: []string{"both.test."}},
}

// sameHosts reports whether infos have these addresses, in any order: the right order depends on
// the routes of this host.
func sameHosts(infos []sock.AddrInfo, want ...string) bool {
	got := hosts(infos)
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(got, want)
}

func TestGetaddrinfoAsks(t *testing.T) { // items 150, 155, 156
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	const unspec, inet, inet6 = sock.AF_UNSPEC, sock.AF_INET, sock.AF_INET6
	for _, tt := range []struct {
		host   string
		family sock.Family
		want   []string
		code   int
	}{
		{"both.test.", unspec, []string{"192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"}, 0},
		{"both.test.", inet, []string{"192.0.2.1:80", "192.0.2.2:80"}, 0},
		{"both.test.", inet6, []string{"[2001:db8::1]:80"}, 0},
		{"v4.test.", unspec, []string{"192.0.2.7:80"}, 0},
		{"v4.test.", inet6, nil, sock.EAI_NODATA},
		{"v6.test.", unspec, []string{"[2001:db8::7]:80"}, 0},
		{"v6.test.", inet, nil, sock.EAI_NODATA},
		{"alias.test.", unspec, []string{"192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"}, 0},
		{"alias.test.", inet, []string{"192.0.2.1:80", "192.0.2.2:80"}, 0},
		{"big.test.", inet, []string{"192.0.2.9:80"}, 0},
		{"b\u00fccher.test.", inet, []string{"192.0.2.40:80"}, 0}, // item 151
		{"B\u00dcCHER.test.", inet, []string{"192.0.2.40:80"}, 0},
		{"xn--bcher-kva.test.", inet, []string{"192.0.2.40:80"}, 0},

		{"nosuch.test.", unspec, nil, sock.EAI_NONAME},
		{"nosuch.test.", inet, nil, sock.EAI_NONAME},
		{"dangling.test.", unspec, nil, sock.EAI_NONAME},
		{"ring.test.", unspec, nil, sock.EAI_NONAME},
		{"empty.test.", unspec, nil, sock.EAI_NONAME}, // glibc: EAI_NODATA
		{"not a name", unspec, nil, sock.EAI_NONAME},
		{"servfail.test.", unspec, nil, sock.EAI_AGAIN},
		{"servfail.test.", inet6, nil, sock.EAI_AGAIN},
		{"refused.test.", unspec, nil, sock.EAI_AGAIN},
	} {
		infos, err := r.Getaddrinfo(t.Context(), tt.host, "80", &sock.Hints{Family: tt.family, Type: sock.SOCK_STREAM})
		if !sameHosts(infos, tt.want...) || gaiCode(err) != tt.code {
			t.Errorf("%s, family %d: %v, %v, want %v, code %d", tt.host, tt.family, hosts(infos), err, tt.want, tt.code)
		}
		if err == nil {
			continue
		}
		dns, ok := errors.AsType[*net.DNSError](err)
		if !ok || dns.Name != tt.host || dns.IsNotFound != (tt.code != sock.EAI_AGAIN) {
			t.Errorf("%s, family %d: in %v the *net.DNSError is %+v", tt.host, tt.family, err, dns)
		}
		if !errors.Is(err, &sock.GaiError{Code: tt.code}) || errors.Is(err, &sock.GaiError{Code: tt.code + 1}) {
			t.Errorf("%s, family %d: errors.Is does not know the code of %v", tt.host, tt.family, err)
		}
	}
}

// The order is that of RFC 6724, in a case that does not depend on routes: both addresses are on
// loopback, and the server returns the IPv4 address first.
func TestGetaddrinfoOrder(t *testing.T) { // item 150
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("this host has no IPv6: %v", err)
	} else {
		l.Close()
	}
	infos, err := r.Getaddrinfo(t.Context(), "here.test.", "80", &sock.Hints{Type: sock.SOCK_STREAM})
	if got, want := hosts(infos), []string{"[::1]:80", "127.0.0.1:80"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	// The kinds of socket of one address are next to each other.
	infos, err = r.Getaddrinfo(t.Context(), "here.test.", "53", nil)
	if got, want := sockets(infos), all(53)+" "+all(53); got != want || err != nil || infos[2].Addr != infos[0].Addr {
		t.Errorf("%v, %v, want %v", infos, err, want)
	}
}

func TestGetaddrinfoV4Mapped(t *testing.T) { // item 156
	v4Mapped, all := v4MappedFlags(t)
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	const inet, inet6 = sock.AF_INET, sock.AF_INET6
	for _, tt := range []struct {
		host   string
		family sock.Family
		flags  int
		want   []string
		code   int
	}{
		{"127.0.0.1", inet6, v4Mapped, []string{"[::ffff:127.0.0.1]:80"}, 0},
		{"127.0.0.1", inet, v4Mapped, []string{"127.0.0.1:80"}, 0},
		{"::1", inet6, v4Mapped | all, []string{"[::1]:80"}, 0},
		{"both.test.", inet6, v4Mapped, []string{"[2001:db8::1]:80"}, 0},
		{"both.test.", inet6, v4Mapped | all, []string{"[2001:db8::1]:80", "[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.2]:80"}, 0},
		{"both.test.", inet6, all, []string{"[2001:db8::1]:80"}, 0},
		{"both.test.", inet, v4Mapped | all, []string{"192.0.2.1:80", "192.0.2.2:80"}, 0},
		{"both.test.", sock.AF_UNSPEC, v4Mapped | all, []string{"[2001:db8::1]:80", "192.0.2.1:80", "192.0.2.2:80"}, 0},
		{"v4.test.", inet6, v4Mapped, []string{"[::ffff:192.0.2.7]:80"}, 0},
		{"v4.test.", inet6, v4Mapped | all, []string{"[::ffff:192.0.2.7]:80"}, 0},
		{"v4.test.", inet6, all, nil, sock.EAI_NODATA},
		{"v6.test.", inet6, v4Mapped | all, []string{"[2001:db8::7]:80"}, 0},
		{"v6.test.", inet, v4Mapped, nil, sock.EAI_NODATA},
		{"nosuch.test.", inet6, v4Mapped, nil, sock.EAI_NONAME},
	} {
		infos, err := r.Getaddrinfo(t.Context(), tt.host, "80", &sock.Hints{Family: tt.family, Type: sock.SOCK_STREAM, Flags: tt.flags})
		if !sameHosts(infos, tt.want...) || gaiCode(err) != tt.code {
			t.Errorf("%s, family %d, flags %#x: %v, %v, want %v, code %d", tt.host, tt.family, tt.flags, hosts(infos), err, tt.want, tt.code)
		}
	}
}

func TestGetaddrinfoCanonname(t *testing.T) { // item 155
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	for host, want := range map[string]string{
		"both.test.": "both.test", "alias.test.": "both.test", "middle.test.": "both.test", "v6.test.": "v6.test",
		"b\u00fccher.test.": "xn--bcher-kva.test",
	} {
		for range 5 { // package net asks several things at once
			infos, err := r.Getaddrinfo(t.Context(), host, "80", &sock.Hints{Flags: sock.AI_CANONNAME})
			if err != nil || infos[0].Canonname != want {
				t.Fatalf("%s: %v, %v, want %q", host, infos, err, want)
			}
			for _, info := range infos[1:] {
				if info.Canonname != "" {
					t.Errorf("%s: more than one canonical name: %v", host, infos)
				}
			}
		}
	}
	if runtime.GOOS == "linux" {
		const canonIDN = 0x80 // AI_CANONIDN, which Python does not name
		infos, err := r.Getaddrinfo(t.Context(), "xn--bcher-kva.test.", "80", &sock.Hints{Flags: sock.AI_CANONNAME | canonIDN})
		if err != nil || infos[0].Canonname != "b\u00fccher.test" {
			t.Errorf("AI_CANONIDN: %v, %v", infos, err)
		}
	}
}

// If an answer is too long for a datagram, the resolver asks again over TCP.
func TestTruncatedAnswer(t *testing.T) {
	s := serveDNS(t, "", testZone)
	socktest.Check(t)
	if infos, err := s.resolver().Getaddrinfo(t.Context(), "big.test.", "80", &sock.Hints{Family: sock.AF_INET}); len(infos) != 3 || err != nil {
		t.Errorf("%v, %v", infos, err)
	}
	if got, want := s.questions(), []string{"tcp A big.test.", "udp A big.test."}; !slices.Equal(got, want) {
		t.Errorf("it was asked %q, want %q", got, want)
	}
}

// The resolver has its own timeout. After it the error is temporary, as in glibc. The timeout of a
// socket does not matter.
func TestSilentServer(t *testing.T) {
	s := serveDNS(t, "", testZone)
	socktest.Check(t)
	r := &sock.Resolver{Net: s.net(20 * time.Millisecond)}
	if _, err := r.Getaddrinfo(t.Context(), "garbage.test.", "80", nil); gaiCode(err) != sock.EAI_AGAIN { // glibc: EAI_NONAME
		t.Errorf("an answer that ends too early: %v, want EAI_AGAIN", err)
	}
	_, err := r.Getaddrinfo(t.Context(), "silent.test.", "80", nil)
	e, ok := errors.AsType[*sock.GaiError](err)
	if !ok || e.Code != sock.EAI_AGAIN || !e.Timeout() {
		t.Errorf("Getaddrinfo: %v, want EAI_AGAIN, a timeout", err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Getaddrinfo: %v is the deadline of a socket or a context", err)
	}
	_, err = r.Gethostbyaddr(t.Context(), "192.0.2.9")
	if h, ok := errors.AsType[*sock.HError](err); !ok || h.Text() != "Host name lookup failure" || !h.Timeout() {
		t.Errorf("Gethostbyaddr: %v, want TRY_AGAIN, a timeout", err)
	}
	if _, _, err := r.Getnameinfo(t.Context(), sock.Inet("192.0.2.9", 80), 0); gaiCode(err) != sock.EAI_AGAIN {
		t.Errorf("Getnameinfo: %v, want EAI_AGAIN", err)
	}
}

// An error about a missing DNS server is not an error about the socket's peer.
func TestNoServer(t *testing.T) {
	socktest.Check(t)
	s := &dnsServer{addr: "127.0.0.1:1"}
	_, err := s.resolver().Getaddrinfo(t.Context(), "both.test.", "80", nil)
	if gaiCode(err) != sock.EAI_AGAIN || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v, want EAI_AGAIN and no errno", err)
	}
}

// Item 3, EAI_SYSTEM as the OSError of errno, has no case here: Go's resolver reports a lack of
// descriptors like a server that does not answer, as glibc mostly does too.
func TestGetaddrinfoWithoutDescriptors(t *testing.T) { // item 3
	socktest.Check(t)
	r := &sock.Resolver{Net: &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
		},
	}}
	if infos, err := r.Getaddrinfo(t.Context(), "both.test.", "80", nil); gaiCode(err) != sock.EAI_AGAIN {
		t.Errorf("%v, %v, want EAI_AGAIN", infos, err)
	}
}

// A look-up ends at once when its context ends, and returns the reason. The server may answer at
// any later time.
func TestSlowServer(t *testing.T) {
	held := make(chan struct{})
	slow := dnsHost{a: []string{"192.0.2.8"}, ptr: []string{"slow.test."}, held: held}
	// Each has its own name: package net asks once for all look-ups of the same name.
	s := serveDNS(t, "", map[string]dnsHost{
		"gai.test.": slow, "gai4.test.": slow, "byname.test.": slow, "bynameex.test.": slow, "last.test.": slow,
		"1.2.0.192.in-addr.arpa.": slow, "2.2.0.192.in-addr.arpa.": slow, "3.2.0.192.in-addr.arpa.": slow,
	})
	socktest.Check(t)
	r := s.resolver()
	why := errors.New("no longer needed")
	inet := &sock.Hints{Family: sock.AF_INET}
	for name, find := range map[string]func(context.Context) error{
		"Getaddrinfo": func(ctx context.Context) error { _, err := r.Getaddrinfo(ctx, "gai.test.", "80", nil); return err },
		"one family":  func(ctx context.Context) error { _, err := r.Getaddrinfo(ctx, "gai4.test.", "80", inet); return err },
		"Getnameinfo": func(ctx context.Context) error {
			_, _, err := r.Getnameinfo(ctx, sock.Inet("192.0.2.1", 80), 0)
			return err
		},
		"Gethostbyname":   func(ctx context.Context) error { _, err := r.Gethostbyname(ctx, "byname.test."); return err },
		"GethostbynameEx": func(ctx context.Context) error { _, err := r.GethostbynameEx(ctx, "bynameex.test."); return err },
		"Gethostbyaddr":   func(ctx context.Context) error { _, err := r.Gethostbyaddr(ctx, "192.0.2.2"); return err },
		"Getfqdn":         func(ctx context.Context) error { _, err := r.Getfqdn(ctx, "192.0.2.3"); return err },
	} {
		asked := len(s.questions())
		ctx, cancel := context.WithCancelCause(t.Context())
		call := socktest.Start(func() error { return find(ctx) })
		socktest.Await(t, name+" to ask", func() bool { return len(s.questions()) > asked })
		cancel(why)
		if err := call.Wait(t); err != why {
			t.Errorf("%s: %v, want the cause of its context", name, err)
		}
		if err := find(ctx); err != why {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
		late, cancelLate := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := find(late); err != context.DeadlineExceeded {
			t.Errorf("%s: %v, want context.DeadlineExceeded", name, err)
		}
		cancelLate()
	}
	// At last the server answers, and the waiting look-up returns.
	asked := len(s.questions())
	call := socktest.Start(func() error {
		infos, err := r.Getaddrinfo(t.Context(), "last.test.", "80", &sock.Hints{Type: sock.SOCK_STREAM})
		if err == nil && !sameHosts(infos, "192.0.2.8:80") {
			err = errors.New(strings.Join(hosts(infos), " "))
		}
		return err
	})
	socktest.Await(t, "the last question", func() bool { return len(s.questions()) > asked })
	close(held)
	socktest.Must(t, call.Wait(t))
}

// At most Limit look-ups run at once, and the others wait in line. A canceled one leaves the line.
func TestResolverLimit(t *testing.T) {
	held := make(chan struct{})
	s := serveDNS(t, "", map[string]dnsHost{
		"one.test.":   {a: []string{"192.0.2.1"}, held: held},
		"two.test.":   {a: []string{"192.0.2.2"}, held: held},
		"three.test.": {a: []string{"192.0.2.3"}},
	})
	socktest.Check(t)
	r := s.resolver()
	r.Limit = 2
	ask := func(ctx context.Context, host string) *socktest.Call {
		return socktest.Start(func() error { _, err := r.Gethostbyname(ctx, host); return err })
	}
	one, two := ask(t.Context(), "one.test."), ask(t.Context(), "two.test.")
	socktest.Await(t, "two questions", func() bool { return len(s.questions()) == 2 })

	ctx, cancel := context.WithCancel(t.Context())
	gaveUp, three := ask(ctx, "three.test."), ask(t.Context(), "three.test.")
	cancel()
	if err := gaveUp.Wait(t); err != context.Canceled {
		t.Errorf("the canceled look-up: %v", err)
	}
	if n := len(s.questions()); n != 2 || three.Done() {
		t.Errorf("there are %d look-ups, and the third is done: %v", n, three.Done())
	}
	// A question that needs no server does not wait.
	if got, err := r.Gethostbyname(t.Context(), "127.1"); got != "127.0.0.1" || err != nil {
		t.Errorf("a number: %q, %v", got, err)
	}
	close(held)
	for _, call := range []*socktest.Call{one, two, three} {
		socktest.Must(t, call.Wait(t))
	}
}

// When many look-ups are answered one by one, at most Limit run at any moment.
func TestResolverLimitOfMany(t *testing.T) {
	const limit, all = 2, 12
	zone, held := make(map[string]dnsHost), make(map[string]chan struct{})
	for i := range all {
		host := fmt.Sprintf("host%d.test.", i)
		held[host] = make(chan struct{})
		zone[host] = dnsHost{a: []string{"192.0.2.1"}, held: held[host]}
	}
	s := serveDNS(t, "", zone)
	socktest.Check(t)
	r := s.resolver()
	r.Limit = limit
	var calls []*socktest.Call
	for host := range zone {
		calls = append(calls, socktest.Start(func() error { _, err := r.Gethostbyname(t.Context(), host); return err }))
	}
	for answered := range all {
		asked := min(answered+limit, all)
		socktest.Await(t, "the next question", func() bool { return len(s.questions()) >= asked })
		questions := s.questions()
		if len(questions) > asked {
			t.Errorf("%d look-ups were under way when %d were answered", len(questions)-answered, answered)
		}
		for _, q := range questions {
			host := strings.TrimPrefix(q, "udp A ")
			if c := held[host]; c != nil {
				close(c)
				delete(held, host)
				break
			}
		}
	}
	for _, call := range calls {
		socktest.Must(t, call.Wait(t))
	}
}

func TestLookup(t *testing.T) {
	held := make(chan struct{})
	s := serveDNS(t, "", map[string]dnsHost{
		"here.test.": testZone["here.test."],
		"slow.test.": {a: []string{"192.0.2.8"}, held: held},
	})
	socktest.Check(t)
	defer close(held)
	r := s.resolver()
	reactor, err := loop.Default()
	socktest.Must(t, err)
	l := reactor.Next()
	find := func(host string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return r.Gethostbyname(ctx, host) }
	}

	var got string
	socktest.Must(t, l.Go(func(task *loop.Task) { got, err = sock.Lookup(l, find("here.test.")).Await(task) }).Wait(t.Context()))
	if got != "127.0.0.1" || err != nil {
		t.Errorf("in a task: %q, %v", got, err)
	}
	said := make(chan error, 1)
	sock.Lookup(nil, find("nosuch.test.")).Then(func(_ string, err error) { said <- err })
	if err := <-said; gaiCode(err) != sock.EAI_NONAME {
		t.Errorf("in a callback: %v", err)
	}

	// Canceling the future cancels the look-up.
	ended := make(chan error, 1)
	f := sock.Lookup(l, func(ctx context.Context) (string, error) {
		v, err := find("slow.test.")(ctx)
		ended <- err
		return v, err
	})
	f.Cancel()
	if _, err := f.Wait(t.Context()); err != context.Canceled {
		t.Errorf("canceled: %v", err)
	}
	if err := <-ended; err != context.Canceled {
		t.Errorf("what was canceled said %v", err)
	}

	for name, find := range map[string]func(context.Context) (int, error){
		"panic":  func(context.Context) (int, error) { panic("on purpose") },
		"Goexit": func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
	} {
		if _, err := sock.Lookup(l, find).Wait(t.Context()); !errors.As(err, new(*loop.PanicError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// useResolver makes r the resolver of sockets for the rest of the test.
func useResolver(t *testing.T, r *sock.Resolver) {
	was := sock.DefaultResolver
	sock.DefaultResolver = r
	t.Cleanup(func() { sock.DefaultResolver = was })
}

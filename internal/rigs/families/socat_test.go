//go:build linux

package families_test

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// socat is the other end: it listens and pollux connects, and the other way round.

// A socatKind is a kind of connection, and what socat calls it.
type socatKind struct {
	name      string
	family    sock.Family
	typ       sock.Type
	proto     sock.Protocol
	bind      func(t *testing.T) sock.Addr   // where pollux listens
	listen    func(t *testing.T) string      // what makes socat listen
	connect   func(sock.Addr) string         // what makes it connect
	listening func(words []string) sock.Addr // where it says that it listens
}

func always[T any](v T) func(*testing.T) T { return func(*testing.T) T { return v } }

// hostPort is of "host:port", with brackets around IPv6.
func hostPort(a sock.Addr) string { return a.String() }

// inPort is the address with this host, at the port in what socat says: "AF=2 127.0.0.1:4661".
func inPort(make func(string, int) sock.Addr, host string) func([]string) sock.Addr {
	return func(words []string) sock.Addr {
		port, _ := strconv.Atoi(words[1][strings.LastIndexByte(words[1], ':')+1:])
		return make(host, port)
	}
}

// asHex is a sockaddr_in after its family, for socat's addresses that take any family and protocol.
func asHex(a sock.Addr) string {
	b := make([]byte, 16)
	n, err := families.Host.Encode(b, a)
	if err != nil {
		panic(err)
	}
	return "x" + hex.EncodeToString(b[2:n])
}

func unixPath(t *testing.T) string { return filepath.Join(socktest.Dir(t), "socat") }

func unixKind(name string, typ sock.Type) socatKind {
	return socatKind{name, sock.AF_UNIX, typ, 0,
		func(t *testing.T) sock.Addr { return sock.Unix(unixPath(t)) },
		func(t *testing.T) string { return fmt.Sprintf("UNIX-LISTEN:%s,type=%d", unixPath(t), typ) },
		func(a sock.Addr) string { return fmt.Sprintf("UNIX-CONNECT:%s,type=%d", a.Path(), typ) },
		func(words []string) sock.Addr { return sock.Unix(strings.Trim(words[1], `"`)) }}
}

func vsockKind(name string, typ sock.Type) socatKind {
	const local = 1 // VMADDR_CID_LOCAL
	return socatKind{name, sock.AF_VSOCK, typ, 0,
		always(families.Vsock(local, sock.VMADDR_PORT_ANY)),
		always(fmt.Sprintf("VSOCK-LISTEN:-1,type=%d", typ)),
		func(a sock.Addr) string { return fmt.Sprintf("VSOCK-CONNECT:%s,type=%d", a, typ) },
		func(words []string) sock.Addr { // AF=40 cid:4294967295 port:2121399052
			port, _ := strconv.ParseUint(strings.TrimPrefix(words[2], "port:"), 10, 32)
			return families.Vsock(local, uint32(port))
		}}
}

var socatKinds = []socatKind{
	unixKind("unix stream", sock.SOCK_STREAM),
	unixKind("unix seqpacket", sock.SOCK_SEQPACKET),
	vsockKind("vsock stream", sock.SOCK_STREAM),
	vsockKind("vsock seqpacket", sock.SOCK_SEQPACKET),
	{"sctp over IPv4", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_SCTP,
		always(sock.Inet("127.0.0.1", 0)), always("SCTP4-LISTEN:0,bind=127.0.0.1"),
		func(a sock.Addr) string { return "SCTP4-CONNECT:" + hostPort(a) }, inPort(sock.Inet, "127.0.0.1")},
	{"sctp over IPv6", sock.AF_INET6, sock.SOCK_STREAM, sock.IPPROTO_SCTP,
		always(sock.Inet6("::1", 0)), always("SCTP6-LISTEN:0,bind=[::1]"),
		func(a sock.Addr) string { return "SCTP6-CONNECT:" + hostPort(a) }, inPort(sock.Inet6, "::1")},
	{"mptcp", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_MPTCP,
		always(sock.Inet("127.0.0.1", 0)),
		always(fmt.Sprintf("SOCKET-LISTEN:%d:%d:%s", sock.AF_INET, sock.IPPROTO_MPTCP, asHex(sock.Inet("127.0.0.1", 0)))),
		func(a sock.Addr) string {
			return fmt.Sprintf("SOCKET-CONNECT:%d:%d:%s", sock.AF_INET, sock.IPPROTO_MPTCP, asHex(a))
		}, inPort(sock.Inet, "127.0.0.1")},
}

// need is for what the kernel lacks, of which some shows only when a socket is bound.
func (k socatKind) need(t *testing.T) {
	t.Helper()
	s := need(t, k.family, k.typ, k.proto)
	lacks(t, "bind", s.Bind(k.bind(t)))
	must(t, s.Close())
}

// socat starts it. It tells what it does (-d -d), and does not linger after the end of its input
// (-t).
func socat(t *testing.T, addresses ...string) *running {
	t.Helper()
	return start(t, "socat", append([]string{"-d", "-d", "-t", "0.01"}, addresses...)...)
}

var where = regexp.MustCompile(`(?:listening|receiving) on (AF=.*)\n`)

// listens waits until socat listens, and says where in words.
func listens(t *testing.T, r *running) []string {
	t.Helper()
	r.Expect(" on AF=")
	r.Expect("\n")
	m := where.FindStringSubmatch(r.Output())
	if m == nil {
		t.Fatalf("socat does not say where it listens: %s", r.Output())
	}
	return strings.Fields(m[1])
}

func TestSocatListens(t *testing.T) {
	program(t, "socat")
	for _, k := range socatKinds {
		t.Run(k.name, func(t *testing.T) {
			k.need(t)
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				echo := socat(t, k.listen(t), "PIPE")
				addr := k.listening(listens(t, echo))
				s := need(t, k.family, k.typ, k.proto)
				must(t, s.SetTimeout(socktest.Patience))
				must(t, w.On(s).Connect(addr))
				x := exchange{Message: func(i int) []byte { return pattern(1 + 4000*i) }}.with(nil)
				for i := range 3 {
					p := x.message(i)
					x.send(t, w.On(s), nil, p)
					got, err := x.receive(s, w.On(s), p)
					must(t, err)
					x.same(t, "echo", got, p)
				}
				if k.proto == sock.IPPROTO_MPTCP {
					wantMPTCP(t, s)
				}
				must(t, s.Close())
				echo.End(0)
			})
		})
	}
}

func TestSocatConnects(t *testing.T) {
	program(t, "socat")
	for _, k := range socatKinds {
		t.Run(k.name, func(t *testing.T) {
			k.need(t)
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				ln := need(t, k.family, k.typ, k.proto)
				must(t, ln.SetTimeout(socktest.Patience))
				must(t, ln.Bind(k.bind(t)))
				must(t, ln.Listen(8))
				client := socat(t, "-", k.connect(socktest.Name(t, ln)))
				s, _, err := w.On(ln).Accept()
				must(t, err)
				socktest.Closing(t, s)
				must(t, s.SetTimeout(socktest.Patience))
				x := exchange{}.with(nil)
				for _, text := range []string{"a line\n", "another one\n"} {
					client.Input(text)
					got, err := x.receive(s, w.On(s), []byte(text))
					must(t, err)
					x.same(t, "from socat", got, []byte(text))
					x.send(t, w.On(s), nil, []byte("answer to "+text))
					client.Expect("answer to " + text)
				}
				must(t, s.Close())
				client.Expect("is at EOF") // a shutdown(2) of its own before it has read that may make its recv(2) fail (AF_VSOCK)
				client.CloseInput()
				client.End(0)
			})
		})
	}
}

// A socatDatagram is a kind of datagram socket, and what socat calls it.
type socatDatagram struct {
	name    string
	family  sock.Family
	proto   sock.Protocol
	free    func(t *testing.T) sock.Addr    // an address that no socket is bound to
	receive func(at sock.Addr) string       // what makes socat take one datagram there, and answer it
	send    func(from, to sock.Addr) string // what makes it send there
}

var socatDatagrams = []socatDatagram{
	{"unix", sock.AF_UNIX, 0,
		func(t *testing.T) sock.Addr { return sock.Unix(unixPath(t)) },
		func(at sock.Addr) string { return "UNIX-RECVFROM:" + at.Path() },
		func(from, to sock.Addr) string { return "UNIX-SENDTO:" + to.Path() + ",bind=" + from.Path() }},
	{"udplite", sock.AF_INET, sock.IPPROTO_UDPLITE,
		func(t *testing.T) sock.Addr {
			s := need(t, sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE)
			defer s.Close()
			must(t, s.Bind(sock.Inet("127.0.0.1", 0)))
			return socktest.Name(t, s)
		},
		func(at sock.Addr) string {
			return fmt.Sprintf("SOCKET-RECVFROM:%d:%d:%d:%s", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, asHex(at))
		},
		func(from, to sock.Addr) string {
			return fmt.Sprintf("SOCKET-SENDTO:%d:%d:%d:%s,bind=%s", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, asHex(to), asHex(from))
		}},
}

func TestSocatReceives(t *testing.T) {
	program(t, "socat")
	for _, k := range socatDatagrams {
		t.Run(k.name, func(t *testing.T) {
			need(t, k.family, sock.SOCK_DGRAM, k.proto).Close()
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				at := k.free(t)
				echo := socat(t, k.receive(at), "PIPE")
				listens(t, echo)
				s := need(t, k.family, sock.SOCK_DGRAM, k.proto)
				must(t, s.SetTimeout(socktest.Patience))
				must(t, s.Bind(k.free(t)))
				p := pattern(1000)
				_, err := w.On(s).Sendto(p, 0, at)
				must(t, err)
				got, from, err := w.On(s).Recvfrom(len(p)+1, 0)
				must(t, err)
				exchange{}.with(nil).same(t, "echo", got, p)
				if from != at {
					t.Errorf("from %v, want %v", from, at)
				}
			})
		})
	}
}

func TestSocatSends(t *testing.T) {
	program(t, "socat")
	for _, k := range socatDatagrams {
		t.Run(k.name, func(t *testing.T) {
			need(t, k.family, sock.SOCK_DGRAM, k.proto).Close()
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := need(t, k.family, sock.SOCK_DGRAM, k.proto)
				must(t, s.SetTimeout(socktest.Patience))
				must(t, s.Bind(k.free(t)))
				its := k.free(t)
				client := socat(t, "-", k.send(its, socktest.Name(t, s)))
				for _, text := range []string{"a line\n", "another one\n"} {
					client.Input(text)
					got, from, err := w.On(s).Recvfrom(100, 0)
					must(t, err)
					exchange{}.with(nil).same(t, "from socat", got, []byte(text))
					if from != its {
						t.Errorf("from %v, want %v", from, its)
					}
					_, err = w.On(s).Sendto([]byte("answer to "+text), 0, from)
					must(t, err)
					client.Expect("answer to " + text)
				}
				client.CloseInput()
				client.End(0)
			})
		})
	}
}

// pattern is n bytes of which no two neighbours are the same.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}

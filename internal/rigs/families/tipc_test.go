//go:build linux

package families_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tipc"
	"golang.org/x/sys/unix"
)

// tipcType is a service of the tests.
const tipcType = 18888

// tipcNode is an address of this node only, which needs no network.
func tipcNode(addrType uint8, v1, v2, v3 uint32) sock.Addr {
	return families.TIPC(addrType, v1, v2, v3, sock.TIPC_NODE_SCOPE)
}

func tipcSocket(t *testing.T, typ sock.Type) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_TIPC, typ, 0)
	must(t, s.SetTimeout(socktest.Patience))
	return s
}

// items 197, 198: a listener has a range of names, a client asks for one of them.
func TestTIPCConnected(t *testing.T) {
	for _, typ := range []sock.Type{sock.SOCK_STREAM, sock.SOCK_SEQPACKET} {
		t.Run(map[sock.Type]string{sock.SOCK_STREAM: "STREAM", sock.SOCK_SEQPACKET: "SEQPACKET"}[typ], func(t *testing.T) {
			everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
				ln := tipcSocket(t, typ)
				must(t, ln.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 10, 20)))
				must(t, ln.Listen(8))
				b = tipcSocket(t, typ)
				call := socktest.Start(func() error { return b.Connect(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 17, 0)) })
				a, from, err := ln.Accept()
				must(t, err)
				must(t, call.Wait(t))
				must(t, ln.Close())
				socktest.Closing(t, a)
				must(t, a.SetTimeout(socktest.Patience))
				own := socktest.Name(t, b)
				peer, err := a.Getpeername()
				must(t, err)
				for what, got := range map[string]sock.Addr{"accept": from, "getpeername": peer} {
					if kind, n, ref, zero, _ := got.TIPC(); kind != sock.TIPC_ADDR_ID || zero != 0 || got != own {
						t.Errorf("%s says %v (%d, %d), want %v", what, got, n, ref, own)
					}
				}
				return a, b
			}, exchange{
				Ancillary: func(t *testing.T, items []sock.Control, _ int) { // the instance that was asked for
					if info, ok := tipc.ParseInfo(items); !ok || !info.Named || info.Type != tipcType || info.Lower != 17 || info.Upper != 17 {
						t.Errorf("%+v, %v; want the name %d, 17", info, ok, tipcType)
					}
				},
			})
		})
	}
}

// close(2) of a TIPC connection whose peer takes nothing more waits up to 8 seconds. It holds up no
// loop.
func TestTIPCCloseHoldsUpNoLoop(t *testing.T) {
	socktest.Check(t)
	ln := tipcSocket(t, sock.SOCK_STREAM)
	must(t, ln.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 30, 30)))
	must(t, ln.Listen(8))
	s := tipcSocket(t, sock.SOCK_STREAM)
	call := socktest.Start(func() error { return s.Connect(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 30, 0)) })
	peer, _, err := ln.Accept()
	must(t, err)
	must(t, call.Wait(t))
	socktest.Closing(t, peer)
	must(t, s.SetTimeout(0))
	for err == nil {
		_, err = s.Send(make([]byte, 1<<15), 0)
	}
	if !errors.Is(err, sock.ErrWouldBlock) {
		t.Fatal(err)
	}
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	must(t, err)
	defer r.Close()
	l := r.Loops()[0]
	must(t, s.Join(l))
	turned := make(chan time.Time, 1)
	began := time.Now()
	l.Post(func() { s.Close() })
	l.Post(func() { turned <- time.Now() })
	if d := (<-turned).Sub(began); d > 4*time.Second {
		t.Errorf("the loop went on after %v", d)
	}
	must(t, peer.Close()) // which ends the wait of the close
}

// A connect waits for the accept, in each way; without a listener it is refused.
func TestTIPCConnect(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln := tipcSocket(t, sock.SOCK_SEQPACKET)
		must(t, ln.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 1, 1)))
		must(t, ln.Listen(8))
		c := tipcSocket(t, sock.SOCK_SEQPACKET)
		call := socktest.Start(func() error { return w.On(c).Connect(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 1, 0)) })
		a, _, err := w.On(ln).Accept()
		must(t, err)
		defer a.Close()
		must(t, call.Wait(t))
		send(t, c, []byte("ping"))
		if p, err := a.Recv(10, 0); err != nil || string(p) != "ping" {
			t.Errorf("%q, %v; want ping", p, err)
		}
	})
	c := tipcSocket(t, sock.SOCK_SEQPACKET)
	if err := c.Connect(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 99, 0)); !errors.Is(err, unix.EHOSTUNREACH) && !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("%v for a name that no socket has, want EHOSTUNREACH", err)
	}
}

func TestTIPCDatagrams(t *testing.T) {
	for _, typ := range []sock.Type{sock.SOCK_RDM, sock.SOCK_DGRAM} {
		t.Run(map[sock.Type]string{sock.SOCK_RDM: "RDM", sock.SOCK_DGRAM: "DGRAM"}[typ], func(t *testing.T) {
			instance := map[int]uint32{}
			everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
				a, b = tipcSocket(t, typ), tipcSocket(t, typ)
				for i, s := range []*sock.Socket{a, b} {
					instance[s.Fileno()] = uint32(i + 1)
					must(t, s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, uint32(i+1), uint32(i+1))))
				}
				return a, b
			}, exchange{
				To: func(s *sock.Socket) sock.Addr {
					return tipcNode(sock.TIPC_ADDR_NAME, tipcType, instance[s.Fileno()], 0)
				},
				Sender: fromItsName,
				Ancillary: func(t *testing.T, items []sock.Control, _ int) {
					info, ok := tipc.ParseInfo(items)
					if want := (tipc.Info{Named: true, Type: tipcType, Lower: 1, Upper: 1}); !ok || fmt.Sprint(info) != fmt.Sprint(want) {
						t.Errorf("%+v, %v; want %+v", info, ok, want)
					}
				},
			})
			t.Run("by identity", func(t *testing.T) {
				everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return tipcSocket(t, typ), tipcSocket(t, typ) }, exchange{To: itsName, Sender: fromItsName})
			})
		})
	}
}

// item 198: what getsockname makes of a socket is its identity, with five items.
func TestTIPCNames(t *testing.T) {
	s := tipcSocket(t, sock.SOCK_RDM)
	must(t, s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 5, 7)))
	if kind, _, ref, zero, _ := socktest.Name(t, s).TIPC(); kind != sock.TIPC_ADDR_ID || ref == 0 || zero != 0 {
		t.Errorf("%v, want an identity", socktest.Name(t, s))
	}
	// A negative scope takes one name back.
	must(t, s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 9, 9)))
	must(t, s.Bind(families.TIPC(sock.TIPC_ADDR_NAMESEQ, tipcType, 9, 9, -sock.TIPC_NODE_SCOPE)))
	c := tipcSocket(t, sock.SOCK_RDM)
	if _, err := c.Sendto([]byte("x"), 0, tipcNode(sock.TIPC_ADDR_NAME, tipcType, 9, 0)); !errors.Is(err, unix.EHOSTUNREACH) {
		t.Errorf("to a name taken back: %v, want EHOSTUNREACH", err)
	}
	if err := s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, sock.TIPC_TOP_SRV, 5, 7)); !errors.Is(err, unix.EACCES) {
		t.Errorf("a reserved type: %v, want EACCES", err)
	}
	// item 197: the call and the address are named.
	err := s.Bind(families.TIPC(9, 1, 2, 3, sock.TIPC_NODE_SCOPE))
	if !errors.Is(err, families.ErrTIPCType) || !strings.HasPrefix(err.Error(), "bind tipc") {
		t.Errorf("%v, want ErrTIPCType of bind", err)
	}
}

// All whose names are in the range get a copy.
func TestTIPCMulticast(t *testing.T) {
	a, b, other, c := tipcSocket(t, sock.SOCK_RDM), tipcSocket(t, sock.SOCK_RDM), tipcSocket(t, sock.SOCK_RDM), tipcSocket(t, sock.SOCK_RDM)
	must(t, a.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 100, 109)))
	must(t, b.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 105, 119)))
	must(t, other.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 200, 200)))
	_, err := c.Sendto([]byte("to all"), 0, tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 105, 109))
	must(t, err)
	for _, s := range []*sock.Socket{a, b} {
		p, items, _, from, err := s.Recvmsg(100, tipc.InfoSpace, 0)
		must(t, err)
		info, ok := tipc.ParseInfo(items)
		if string(p) != "to all" || from != socktest.Name(t, c) || !ok || info.Type != tipcType || info.Lower != 105 || info.Upper != 109 {
			t.Errorf("%q from %v, %+v", p, from, info)
		}
	}
	if _, err = c.Sendto([]byte("to it"), 0, tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 200, 200)); err != nil {
		t.Fatal(err)
	}
	if p, err := other.Recv(100, 0); err != nil || string(p) != "to it" {
		t.Errorf("%q, %v; want only what is for it", p, err)
	}
}

// A message that cannot be delivered comes back, with the reason.
func TestTIPCReturned(t *testing.T) {
	a, b := tipcSocket(t, sock.SOCK_RDM), tipcSocket(t, sock.SOCK_RDM)
	must(t, a.Setsockopt(sock.SOL_TIPC, sock.TIPC_DEST_DROPPABLE, 0))
	gone := socktest.Name(t, b)
	must(t, b.Close())
	_, err := a.Sendto([]byte("is anybody there"), 0, gone)
	must(t, err)
	p, items, _, _, err := a.Recvmsg(100, tipc.InfoSpace, 0)
	must(t, err)
	if info, ok := tipc.ParseInfo(items); len(p) != 0 || !ok || info.Err != tipc.TIPC_ERR_NO_PORT || string(info.Returned) != "is anybody there" {
		t.Errorf("%q, %+v, %v; want TIPC_ERR_NO_PORT and the message", p, info, ok)
	}
}

func TestTIPCTopology(t *testing.T) {
	for _, o := range []struct {
		name  string
		order binary.AppendByteOrder
	}{{"the host's order", nil}, {"little endian", binary.LittleEndian}, {"big endian", binary.BigEndian}} {
		t.Run(o.name, func(t *testing.T) {
			socktest.Check(t)
			top := tipcSocket(t, sock.SOCK_SEQPACKET)
			must(t, top.Connect(tipcNode(sock.TIPC_ADDR_NAME, sock.TIPC_TOP_SRV, sock.TIPC_TOP_SRV, 0)))
			sub := tipc.Subscription{Type: tipcType, Lower: 300, Upper: 399, Timeout: -1, Filter: sock.TIPC_SUB_PORTS, Handle: [8]byte{'m', 'i', 'n', 'e'}}
			ask := func(sub tipc.Subscription) {
				t.Helper()
				p, err := sub.Append(nil, o.order)
				must(t, err)
				send(t, top, p)
			}
			event := func(kind uint32, lower, upper uint32) tipc.Event {
				t.Helper()
				p, err := top.Recv(100, 0)
				must(t, err)
				e, err := tipc.DecodeEvent(p)
				must(t, err)
				if e.Event != kind || e.Lower != lower || e.Upper != upper {
					t.Errorf("%v, want event %d of %d-%d", e, kind, lower, upper)
				}
				return e
			}
			ask(sub)
			s := tipcSocket(t, sock.SOCK_RDM)
			must(t, s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 310, 311)))
			e := event(sock.TIPC_PUBLISHED, 310, 311)
			if families.TIPCID(e.Node, e.Ref) != families.TIPCID(idOf(t, s)) || e.Subscription != sub {
				t.Errorf("%+v, want socket %v and subscription %+v", e, socktest.Name(t, s), sub)
			}
			must(t, s.Close())
			event(sock.TIPC_WITHDRAWN, 310, 311)

			// No more of that; another ends by itself.
			cancel := sub
			cancel.Filter |= sock.TIPC_SUB_CANCEL
			ask(cancel)
			ask(tipc.Subscription{Type: tipcType + 1, Timeout: 20 * time.Millisecond, Filter: sock.TIPC_SUB_SERVICE})
			if e := event(sock.TIPC_SUBSCR_TIMEOUT, 0, 0); e.Subscription.Type != tipcType+1 || e.Subscription.Timeout != 20*time.Millisecond {
				t.Errorf("%+v, want the second subscription", e)
			}
		})
	}
}

// idOf is the node and the number of a socket.
func idOf(t *testing.T, s *sock.Socket) (node, ref uint32) {
	t.Helper()
	_, node, ref, _, _ = socktest.Name(t, s).TIPC()
	return node, ref
}

// fromMember checks that a message in the group is from s, a member under that instance.
func fromMember(t *testing.T, from sock.Addr, s *sock.Socket, instance uint32) {
	t.Helper()
	_, node, ref, _, _ := from.TIPC()
	wantNode, wantRef := idOf(t, s)
	if typ, got := from.TIPCMember(); node != wantNode || ref != wantRef || typ != 4711 || got != instance {
		t.Errorf("from %v, want the member 4711, %d at %d, %d", from, instance, wantNode, wantRef)
	}
}

// A group: its members come and go, and send to all, to one by name, and to one by identity.
func TestTIPCGroup(t *testing.T) {
	member := func(instance, flags uint32) *sock.Socket {
		s := tipcSocket(t, sock.SOCK_RDM)
		must(t, tipc.JoinGroup(s, tipc.Group{Type: 4711, Instance: instance, Scope: sock.TIPC_NODE_SCOPE, Flags: flags}))
		return s
	}
	a := member(1, tipc.TIPC_GROUP_MEMBER_EVTS)
	b := member(2, 0)
	told := func(what string, want int) {
		t.Helper()
		p, _, flags, from, err := a.Recvmsg(100, tipc.InfoSpace, 0)
		must(t, err)
		if flags &= sock.MSG_OOB | sock.MSG_EOR; len(p) != 0 || flags != want {
			t.Errorf("%s: %q with flags %#x, want nothing with %#x", what, p, flags, want)
		}
		fromMember(t, from, b, 2)
	}
	told("b comes", sock.MSG_OOB)
	receive := func(s *sock.Socket, want string) {
		t.Helper()
		if p, err := s.Recv(100, 0); err != nil || string(p) != want {
			t.Errorf("%q, %v; want %q", p, err, want)
		}
	}
	send(t, a, []byte("to all"))
	receive(b, "to all")
	_, err := b.Sendto([]byte("by name"), 0, tipcNode(sock.TIPC_ADDR_NAME, 4711, 1, 0))
	must(t, err)
	p, from, err := a.Recvfrom(100, 0)
	if must(t, err); string(p) != "by name" {
		t.Errorf("%q, want %q", p, "by name")
	}
	fromMember(t, from, b, 2)
	_, err = a.Sendto([]byte("by identity"), 0, from) // the name in the group does no harm in an answer
	must(t, err)
	receive(b, "by identity")
	_, err = a.Sendto([]byte("all of an instance"), 0, tipcNode(sock.TIPC_ADDR_NAMESEQ, 4711, 2, 2))
	must(t, err)
	receive(b, "all of an instance")

	// One's own come back with TIPC_GROUP_LOOPBACK.
	c := member(3, tipc.TIPC_GROUP_LOOPBACK)
	_, _, flags, _, err := a.Recvmsg(100, 0, 0)
	if must(t, err); flags&sock.MSG_OOB == 0 {
		t.Errorf("flags %#x, want those of a member that comes", flags)
	}
	send(t, c, []byte("echo"))
	receive(c, "echo")
	receive(b, "echo")
	receive(a, "echo")

	must(t, tipc.LeaveGroup(b))
	told("b goes", sock.MSG_OOB|sock.MSG_EOR)
	if err := tipc.LeaveGroup(b); !errors.Is(err, unix.EINVAL) {
		t.Errorf("outside: %v, want EINVAL", err)
	}
	if err := tipc.JoinGroup(b, tipc.Group{Type: 1, Scope: sock.TIPC_NODE_SCOPE}); !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINVAL) {
		t.Errorf("a reserved type: %v, want EACCES", err)
	}
}

func TestTIPCOptions(t *testing.T) {
	s := tipcSocket(t, sock.SOCK_RDM)
	for _, tt := range []struct {
		name          string
		option, value int
	}{
		{"TIPC_IMPORTANCE", sock.TIPC_IMPORTANCE, sock.TIPC_HIGH_IMPORTANCE}, {"TIPC_SRC_DROPPABLE", sock.TIPC_SRC_DROPPABLE, 1},
		{"TIPC_DEST_DROPPABLE", sock.TIPC_DEST_DROPPABLE, 1}, {"TIPC_CONN_TIMEOUT", sock.TIPC_CONN_TIMEOUT, 1234},
	} {
		must(t, s.Setsockopt(sock.SOL_TIPC, tt.option, tt.value))
		if v, err := s.Getsockopt(sock.SOL_TIPC, tt.option); err != nil || v != tt.value {
			t.Errorf("%s: %d, %v; want %d", tt.name, v, err, tt.value)
		}
	}
	if err := s.Setsockopt(sock.SOL_TIPC, sock.TIPC_IMPORTANCE, 4); !errors.Is(err, unix.EINVAL) {
		t.Errorf("an importance beyond critical: %v, want EINVAL", err)
	}
	must(t, s.SetsockoptNil(sock.SOL_TIPC, tipc.TIPC_MCAST_REPLICAST, 0))
	c := tipcSocket(t, sock.SOCK_RDM)
	_, err := c.Sendto(bytes.Repeat([]byte{1}, 100), 0, socktest.Name(t, s))
	must(t, err)
	if n, err := s.Getsockopt(sock.SOL_TIPC, tipc.TIPC_SOCK_RECVQ_DEPTH); err != nil || n != 1 {
		t.Errorf("TIPC_SOCK_RECVQ_DEPTH: %d, %v; want 1", n, err)
	}
	if n, err := s.Getsockopt(sock.SOL_TIPC, tipc.TIPC_SOCK_RECVQ_USED); err != nil || n < 100 {
		t.Errorf("TIPC_SOCK_RECVQ_USED: %d, %v; want 100 or more", n, err)
	}
	if _, err := tipc.NodeID(s, 0); unix.SizeofPtr == 4 && errors.Is(err, unix.ENOTTY) {
		return // nor has it the other for such a program
	} else if err != nil {
		t.Errorf("the identity of this node: %v", err)
	}
	if name, err := tipc.LinkName(s, 12345, 0); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("a link that there is not: %q, %v; want EADDRNOTAVAIL", name, err)
	}
}

// The program of iproute2 shows the names that are bound here.
func TestTIPCUtil(t *testing.T) {
	s := tipcSocket(t, sock.SOCK_RDM)
	must(t, s.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 4321, 4322)))
	_, ref := idOf(t, s)
	table := output(t, "", "tipc", "nametable", "show")
	found := false
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		found = found || len(f) >= 5 && f[0] == fmt.Sprint(tipcType) && f[1] == "4321" && f[2] == "4322" && strings.Contains(line, fmt.Sprint(ref))
	}
	if !found {
		t.Errorf("%d 4321 4322 of %d is not in\n%s", tipcType, ref, table)
	}
	if got := output(t, "", "tipc", "socket", "list"); !strings.Contains(got, fmt.Sprint(ref)) {
		t.Errorf("socket %d is not in\n%s", ref, got)
	}
}

// tipc brings two nodes together, and the topology service of each tells of the other; then bytes
// go over the wire between them.
func TestTIPCBetweenNodes(t *testing.T) {
	tipcSocket(t, sock.SOCK_RDM)
	program(t, "tipc")
	near, far := twoHosts(t)
	socktest.Check(t)
	const typ = 7000 // a name that all of the cluster may ask for
	var top, server, client *sock.Socket
	near.do(t, func() {
		output(t, "", "tipc", "node", "set", "address", "1.1.1")
		client = tipcSocket(t, sock.SOCK_RDM)
		top = tipcSocket(t, sock.SOCK_SEQPACKET)
		must(t, top.Connect(tipcNode(sock.TIPC_ADDR_NAME, sock.TIPC_TOP_SRV, sock.TIPC_TOP_SRV, 0)))
		p, err := tipc.Subscription{Type: typ, Lower: 0, Upper: 9, Timeout: -1, Filter: sock.TIPC_SUB_PORTS}.Append(nil, nil)
		must(t, err)
		send(t, top, p)
		output(t, "", "tipc", "bearer", "enable", "media", "eth", "device", near.link)
	})
	far.do(t, func() {
		output(t, "", "tipc", "node", "set", "address", "1.1.2")
		server = tipcSocket(t, sock.SOCK_RDM)
		must(t, server.Bind(families.TIPC(sock.TIPC_ADDR_NAMESEQ, typ, 3, 3, sock.TIPC_CLUSTER_SCOPE)))
		output(t, "", "tipc", "bearer", "enable", "media", "eth", "device", far.link)
	})
	p, err := top.Recv(100, 0)
	must(t, err)
	e, err := tipc.DecodeEvent(p)
	must(t, err)
	node, ref := idOf(t, server)
	if e.Event != sock.TIPC_PUBLISHED || e.Lower != 3 || e.Node != node || e.Ref != ref || node == 0 {
		t.Errorf("%+v, want that %v has come", e, socktest.Name(t, server))
	}
	_, err = client.Sendto([]byte("over the wire"), 0, families.TIPC(sock.TIPC_ADDR_NAME, typ, 3, 0, sock.TIPC_CLUSTER_SCOPE))
	must(t, err)
	text, from, err := server.Recvfrom(100, 0)
	if must(t, err); string(text) != "over the wire" || from != socktest.Name(t, client) {
		t.Errorf("%q from %v, want it from %v", text, from, socktest.Name(t, client))
	}
	_, err = server.Sendto([]byte("and back"), 0, from)
	must(t, err)
	if text, err := client.Recv(100, 0); err != nil || string(text) != "and back" {
		t.Errorf("%q, %v", text, err)
	}
	near.do(t, func() {
		if links := output(t, "", "tipc", "link", "list"); !strings.Contains(links, ": up") {
			t.Errorf("no link is up:\n%s", links)
		}
	})
}

// socat connects by the name that pollux listens at.
func TestTIPCSocat(t *testing.T) {
	program(t, "socat")
	tipcSocket(t, sock.SOCK_STREAM)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln := tipcSocket(t, sock.SOCK_STREAM)
		must(t, ln.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 600, 600)))
		must(t, ln.Listen(8))
		client := socat(t, "-", fmt.Sprintf("SOCKET-CONNECT:%d:0:%s", sock.AF_TIPC, asHex(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 600, 0))))
		s, _, err := w.On(ln).Accept()
		must(t, err)
		socktest.Closing(t, s)
		must(t, s.SetTimeout(socktest.Patience))
		for _, text := range []string{"a line\n", "another one\n"} {
			client.Input(text)
			got, err := w.On(s).Recv(100, 0)
			if must(t, err); string(got) != text {
				t.Errorf("%q, want %q", got, text)
			}
			_, err = w.On(s).Send([]byte("answer to "+text), 0)
			must(t, err)
			client.Expect("answer to " + text)
		}
	})
}

// What is more than the window waits for the reader, and all of it comes.
func TestTIPCFlow(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln := tipcSocket(t, sock.SOCK_STREAM)
		must(t, ln.Bind(tipcNode(sock.TIPC_ADDR_NAMESEQ, tipcType, 500, 500)))
		must(t, ln.Listen(8))
		b := tipcSocket(t, sock.SOCK_STREAM)
		call := socktest.Start(func() error { return b.Connect(tipcNode(sock.TIPC_ADDR_NAME, tipcType, 500, 0)) })
		a, _, err := ln.Accept()
		must(t, err)
		defer a.Close()
		must(t, call.Wait(t))
		must(t, a.SetTimeout(socktest.Patience))
		p := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
		call = socktest.Start(func() error { _, err := w.On(b).Sendall(p, 0); return err })
		socktest.AwaitWaiting(t, b)
		var got []byte
		for len(got) < len(p) {
			q, err := a.Recv(60000, 0)
			must(t, err)
			if len(q) == 0 {
				break
			}
			got = append(got, q...)
		}
		must(t, call.Wait(t))
		if !bytes.Equal(got, p) {
			t.Errorf("%d bytes, want %d, or they differ", len(got), len(p))
		}
	})
}

// The same in a group: no member loses messages because another is slow.
func TestTIPCGroupFlow(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := tipcSocket(t, sock.SOCK_RDM), tipcSocket(t, sock.SOCK_RDM)
		for i, s := range []*sock.Socket{a, b} {
			must(t, tipc.JoinGroup(s, tipc.Group{Type: 4712, Instance: uint32(i), Scope: sock.TIPC_NODE_SCOPE, Flags: tipc.TIPC_GROUP_MEMBER_EVTS}))
		}
		if _, _, flags, _, err := a.Recvmsg(100, 0, 0); err != nil || flags&sock.MSG_OOB == 0 { // b comes
			t.Fatal(flags, err)
		}
		if _, _, flags, _, err := b.Recvmsg(100, 0, 0); err != nil || flags&sock.MSG_OOB == 0 { // a is there
			t.Fatal(flags, err)
		}
		const count = 200
		call := socktest.Start(func() error {
			for i := range count {
				if _, err := w.On(a).Send(bytes.Repeat([]byte{byte(i)}, 5000), 0); err != nil {
					return fmt.Errorf("message %d: %w", i, err)
				}
			}
			return nil
		})
		socktest.AwaitWaiting(t, a)
		for i := range count {
			p, err := b.Recv(6000, 0)
			if err != nil || len(p) != 5000 || p[0] != byte(i) {
				t.Fatalf("message %d: %s, %v", i, head(p), err)
			}
		}
		must(t, call.Wait(t))
	})
}

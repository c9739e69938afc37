package sock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/polluxio/pollux/sock"
)

// A dnsHost holds the records of a name in a dnsServer. The zero dnsHost is a name without records.
type dnsHost struct {
	a, aaaa, ptr []string
	cname        string

	rcode     dnsmessage.RCode // if it is not success, it is the whole answer
	truncated bool             // over UDP the answer is only the question with the TC bit
	garbage   bool             // the answer is cut
	silent    bool             // the server does not answer
	held      <-chan struct{}  // the answer waits until this is closed
}

// A dnsServer answers on a port of the loopback interface, over UDP and TCP. It knows the names in
// its zone and no others.
type dnsServer struct {
	addr string
	zone map[string]dnsHost // immutable; rooted, in lower case

	mu    sync.Mutex
	asked []string // guarded by mu; "udp A name."
}

// serveDNS starts a server at addr. If addr is "", the server gets a free port. It stops at the end
// of the test.
func serveDNS(t testing.TB, addr string, zone map[string]dnsHost) *dnsServer {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	for range 10 { // the port that UDP got may be in use for TCP
		udp, err := net.ListenPacket("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err != nil {
			udp.Close()
			continue
		}
		s := &dnsServer{addr: udp.LocalAddr().String(), zone: zone}
		var serving sync.WaitGroup
		serving.Go(func() { s.serveUDP(udp) })
		serving.Go(func() { s.serveTCP(tcp) })
		t.Cleanup(func() {
			udp.Close()
			tcp.Close()
			serving.Wait()
		})
		return s
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil
}

// resolver returns a resolver that asks this server only.
func (s *dnsServer) resolver() *sock.Resolver { return &sock.Resolver{Net: s.net(0)} }

// net returns a resolver of package net that asks the server. A patience above 0 replaces the
// timeout of the system, which is several seconds.
func (s *dnsServer) net(patience time.Duration) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, s.addr)
			if udp, ok := c.(*net.UDPConn); ok && patience != 0 {
				return impatient{udp, patience}, err
			}
			return c, err
		},
	}
}

// impatient is a connection with shorter deadlines.
type impatient struct {
	*net.UDPConn
	patience time.Duration
}

func (c impatient) SetDeadline(time.Time) error {
	return c.UDPConn.SetDeadline(time.Now().Add(c.patience))
}

// questions returns the questions that the server has got, sorted.
func (s *dnsServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := slices.Clone(s.asked)
	slices.Sort(asked)
	return asked
}

func (s *dnsServer) serveUDP(c net.PacketConn) {
	for {
		query := make([]byte, 1500)
		n, from, err := c.ReadFrom(query)
		if err != nil {
			return
		}
		go func() {
			if reply := s.answer("udp", query[:n]); reply != nil {
				c.WriteTo(reply, from)
			}
		}()
	}
}

func (s *dnsServer) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			var size [2]byte
			if _, err := io.ReadFull(c, size[:]); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(c, query); err != nil {
				return
			}
			if reply := s.answer("tcp", query); reply != nil {
				c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
			}
		}()
	}
}

// answer returns the answer to a query, or nil if the server does not answer.
func (s *dnsServer) answer(network string, query []byte) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	s.mu.Lock()
	s.asked = append(s.asked, fmt.Sprintf("%s %s %s", network, q.Type.String()[len("Type"):], q.Name))
	s.mu.Unlock()

	host, ok := s.zone[q.Name.String()]
	if host.held != nil {
		<-host.held
	}
	if host.silent {
		return nil
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: h.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: host.rcode},
		Questions: []dnsmessage.Question{q},
	}
	switch {
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	case host.truncated && network == "udp":
		m.Truncated = true
	case host.rcode == dnsmessage.RCodeSuccess:
		m.Answers = s.answers(q.Name, q.Type)
	}
	reply, err := m.Pack()
	if err != nil {
		panic(err)
	}
	if host.garbage {
		reply = reply[:len(reply)-1]
	}
	return reply
}

// answers returns the records of a name, after its CNAMEs.
func (s *dnsServer) answers(name dnsmessage.Name, kind dnsmessage.Type) (found []dnsmessage.Resource) {
	add := func(body dnsmessage.ResourceBody) {
		found = append(found, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}, Body: body,
		})
	}
	for range 10 { // enough for a ring of CNAMEs
		host := s.zone[name.String()]
		switch {
		case host.cname != "":
			next := dnsmessage.MustNewName(host.cname)
			add(&dnsmessage.CNAMEResource{CNAME: next})
			if kind == dnsmessage.TypeCNAME {
				return found
			}
			name = next
			continue
		case kind == dnsmessage.TypeA:
			for _, ip := range host.a {
				add(&dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()})
			}
		case kind == dnsmessage.TypeAAAA:
			for _, ip := range host.aaaa {
				add(&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(ip).As16()})
			}
		case kind == dnsmessage.TypePTR:
			for _, ptr := range host.ptr {
				add(&dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(ptr)})
			}
		}
		return found
	}
	return found
}

// gaiCode returns the code of the GaiError in err, or 0.
func gaiCode(err error) int {
	if e, ok := errors.AsType[*sock.GaiError](err); ok {
		return e.Code
	}
	return 0
}

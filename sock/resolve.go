package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// An AddrInfo is one way to reach a host and service: Python's (family, type, proto, canonname, sockaddr).
type AddrInfo struct {
	Family, Type, Proto int
	Canonname           string // only in the first, and only with AI_CANONNAME
	Addr                Addr
}

// Hints narrow Getaddrinfo: zero fields do not. Flags are AI_*.
type Hints struct {
	Family, Type, Proto, Flags int
}

// Getaddrinfo is getaddrinfo(3): the ways to reach port on host, in the order of RFC 6724, best first. host is a name or numeric
// text, "" for this host (loopback; with AI_PASSIVE the wildcard); port is a number or the name of a service, "" for 0. It uses
// Go's resolver, which honours /etc/hosts, nsswitch.conf and resolv.conf. It blocks the calling goroutine: a task calls it in
// Task.Do.
//
// Error: *GaiError, in which errors.As finds the resolver's *net.DNSError; the cause of ctx.
func Getaddrinfo(ctx context.Context, host, port string, hints *Hints) ([]AddrInfo, error) {
	if err := loop.MayBlock(); err != nil {
		return nil, err
	}
	if hints == nil {
		hints = new(Hints)
	}
	if host == "" && port == "" {
		return nil, &GaiError{Code: EAI_NONAME}
	}
	if host == "" && hints.Flags&AI_CANONNAME != 0 {
		return nil, &GaiError{Code: EAI_BADFLAGS}
	}
	kinds, err := kindsFor(hints)
	if err != nil {
		return nil, err
	}
	ips, err := lookup(ctx, host, hints)
	if err != nil {
		return nil, err
	}
	var infos []AddrInfo
	for _, ip := range ips {
		for _, k := range kinds {
			n, err := servicePort(ctx, port, k, hints.Flags)
			if err != nil {
				if len(kinds) > 1 {
					continue // there is no such service for this kind, but perhaps for another
				}
				return nil, err
			}
			k.Addr = families.FromAddrPort(netip.AddrPortFrom(ip, n))
			k.Family = families.Host.FamilyOf(k.Addr)
			infos = append(infos, k)
		}
	}
	if len(infos) == 0 {
		return nil, &GaiError{Code: EAI_SERVICE}
	}
	if hints.Flags&AI_CANONNAME != 0 {
		infos[0].Canonname = host
		if name, err := net.DefaultResolver.LookupCNAME(ctx, host); err == nil {
			infos[0].Canonname = trimDot(name)
		}
	}
	return infos, nil
}

func trimDot(name string) string {
	if n := len(name); n > 1 && name[n-1] == '.' {
		return name[:n-1]
	}
	return name
}

// kindsFor lists the kinds of socket that the hints allow, as getaddrinfo(3) does: all three if there is no limit.
func kindsFor(h *Hints) ([]AddrInfo, error) {
	if h.Family != AF_UNSPEC && h.Family != AF_INET && h.Family != AF_INET6 {
		return nil, &GaiError{Code: EAI_FAMILY}
	}
	var kinds []AddrInfo
	known := h.Type == 0
	for _, k := range []AddrInfo{{Type: SOCK_STREAM, Proto: IPPROTO_TCP}, {Type: SOCK_DGRAM, Proto: IPPROTO_UDP}, {Type: SOCK_RAW}} {
		known = known || k.Type == h.Type
		if (h.Type == 0 || k.Type == h.Type) && (h.Proto == 0 || k.Proto == h.Proto || k.Type == SOCK_RAW) {
			if k.Type == SOCK_RAW {
				k.Proto = h.Proto
			}
			kinds = append(kinds, k)
		}
	}
	if !known {
		return nil, &GaiError{Code: EAI_SOCKTYPE}
	}
	if len(kinds) == 0 {
		return nil, &GaiError{Code: EAI_SERVICE}
	}
	return kinds, nil
}

func servicePort(ctx context.Context, port string, k AddrInfo, flags int) (uint16, error) {
	if port == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(port, 10, 64); err == nil {
		return uint16(n), nil // glibc takes it modulo 65536
	}
	network := map[int]string{SOCK_STREAM: "tcp", SOCK_DGRAM: "udp"}[k.Type]
	switch {
	case flags&AI_NUMERICSERV != 0:
		return 0, &GaiError{Code: EAI_NONAME}
	case network == "" || port[0] == '-':
		return 0, &GaiError{Code: EAI_SERVICE}
	}
	n, err := net.DefaultResolver.LookupPort(ctx, network, port)
	if err != nil {
		return 0, &GaiError{Code: EAI_SERVICE, Err: err}
	}
	return uint16(n), nil
}

// lookup finds the addresses of a host.
func lookup(ctx context.Context, host string, h *Hints) ([]netip.Addr, error) {
	v4, v6 := h.Family != AF_INET6, h.Family != AF_INET
	if host == "" {
		// In glibc's order: 0.0.0.0 before ::, but ::1 before 127.0.0.1.
		ips := []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}
		if h.Flags&AI_PASSIVE != 0 {
			ips = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
		}
		return ofFamily(ips, v4, v6), nil
	}
	if a := families.Inet6(host, 0); v6 && !a.NeedsHost() && a.AddrPort().IsValid() {
		return []netip.Addr{withZone(a, host)}, nil
	}
	if a := families.Inet(host, 0); !a.NeedsHost() && a.AddrPort().IsValid() {
		ip := a.AddrPort().Addr()
		switch {
		case v4:
			return []netip.Addr{ip}, nil
		case h.Flags&aiV4Mapped != 0:
			return []netip.Addr{netip.AddrFrom16(ip.As16())}, nil
		}
		return nil, &GaiError{Code: eaiAddrFamily}
	}
	if a := families.Inet6(host, 0); !a.NeedsHost() && a.AddrPort().IsValid() {
		return nil, &GaiError{Code: eaiAddrFamily}
	}
	if h.Flags&AI_NUMERICHOST != 0 {
		return nil, &GaiError{Code: EAI_NONAME}
	}
	network := "ip"
	if !v6 {
		network = "ip4"
	} else if !v4 && h.Flags&aiV4Mapped == 0 {
		network = "ip6"
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return nil, gaiError(ctx, err)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	found := ofFamily(ips, v4, v6)
	if len(found) == 0 && !v4 {
		for _, ip := range ips {
			found = append(found, netip.AddrFrom16(ip.As16()))
		}
	}
	return found, nil
}

// withZone is the numeric address of a, with the zone that its text has.
func withZone(a Addr, host string) netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip
	}
	return a.AddrPort().Addr()
}

func ofFamily(ips []netip.Addr, v4, v6 bool) []netip.Addr {
	var kept []netip.Addr
	for _, ip := range ips {
		if ip.Is4() && v4 || ip.Is6() && v6 {
			kept = append(kept, ip)
		}
	}
	return kept
}

// gaiError says in getaddrinfo's terms what went wrong in the resolver.
func gaiError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := EAI_FAIL
	var dns *net.DNSError
	if errors.As(err, &dns) {
		switch {
		case dns.IsNotFound:
			code = EAI_NONAME
		case dns.IsTimeout, dns.IsTemporary:
			code = EAI_AGAIN
		}
	}
	return &GaiError{Code: code, Err: err}
}

// resolve gives a the address of its host if it has a name instead, waiting as the view says; never on a loop.
func (s *Socket) resolve(a Addr) (Addr, error) {
	if zone := a.Zone(); zone != "" {
		ifi, err := net.InterfaceByName(zone)
		if err != nil {
			return a, &GaiError{Code: EAI_NONAME, Err: err}
		}
		return a.WithScope(uint32(ifi.Index)), nil
	}
	if !a.NeedsHost() {
		return a, nil
	}
	ctx := context.Background()
	var t *loop.Task
	switch who := s.who.(type) {
	case *loop.Task:
		t = who
	case *loop.TaskContext:
		t, ctx = who.Task, who.Context
	case context.Context:
		ctx = who
	}
	find := func() error {
		infos, err := Getaddrinfo(ctx, a.Host(), "", &Hints{Family: families.Host.FamilyOf(a), Type: SOCK_DGRAM})
		if err == nil {
			a = a.WithIP(infos[0].Addr.AddrPort().Addr())
		}
		return err
	}
	if t != nil {
		return a, t.Do(find)
	}
	return a, find()
}

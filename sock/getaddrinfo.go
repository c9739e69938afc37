package sock

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// An AddrInfo is one way to reach a host and a service: Python's (family, type, proto, canonname,
// sockaddr).
type AddrInfo struct {
	Family    Family
	Type      Type
	Proto     Protocol
	Canonname string // set in the first result only, and only with AI_CANONNAME
	Addr      Addr
}

// Hints limit the results of Getaddrinfo. A zero field sets no limit. Flags are AI_*.
type Hints struct {
	Family Family
	Type   Type
	Proto  Protocol
	Flags  int
}

// Getaddrinfo calls DefaultResolver.Getaddrinfo.
func Getaddrinfo(ctx context.Context, host, port string, hints *Hints) ([]AddrInfo, error) {
	return DefaultResolver.Getaddrinfo(ctx, host, port, hints)
}

// Getaddrinfo returns the ways to reach port on host, in the order of RFC 6724, best first:
// getaddrinfo(3). nil hints are the zero Hints.
//
// host is a name or numeric text: 127.0.0.1, 127.1, 0x7f.1, ::1, fe80::1%eth0, fe80::1%2. IDNA
// encodes a name that is not ASCII. "" and "*" are Python's None: the loopback addresses of this
// host, or with AI_PASSIVE the wildcard addresses.
//
// port is a decimal number, of which the last 16 bits count, or the name of a service. "" and "*"
// mean no service, which is port 0.
//
// On every system the result is that of glibc on Linux, with three exceptions, where Go's resolver
// decides. A name that has records but no address of any family gives EAI_NONAME, not EAI_NODATA.
// For a name in the hosts file the resolver asks no server, not even for a family that the file
// lacks. gai.conf(5) does not change the order.
//
// Errors: *GaiError, in which errors.As finds a *net.DNSError; an *ArgError for a host that IDNA
// refuses; the cause of ctx; loop.ErrOnLoop.
func (r *Resolver) Getaddrinfo(ctx context.Context, host, port string, hints *Hints) ([]AddrInfo, error) {
	if err := loop.MayBlock(); err != nil {
		return nil, err
	}
	var h Hints
	if hints != nil {
		h = *hints
	}
	host, err := hostASCII(host)
	if err != nil {
		return nil, err
	}
	if host == "*" {
		host = ""
	}
	if port == "*" {
		port = ""
	}
	switch {
	case host == "" && port == "":
		return nil, noName("", "neither host nor port")
	case h.Flags&^aiKnown != 0:
		return nil, gaiFault(EAI_BADFLAGS, host, "flags 0x"+strconv.FormatInt(int64(h.Flags), 16))
	case host == "" && h.Flags&AI_CANONNAME != 0:
		return nil, gaiFault(EAI_BADFLAGS, host, "AI_CANONNAME without a host")
	}
	if h.Flags&AI_ADDRCONFIG != 0 {
		if err := h.limitToConfigured(host); err != nil {
			return nil, err
		}
	}
	var number int32
	decimal := true
	if port != "" {
		number, decimal = portNumber(port)
	}
	switch {
	case h.Family != AF_UNSPEC && h.Family != AF_INET && h.Family != AF_INET6:
		return nil, gaiFault(EAI_FAMILY, host, "family "+strconv.Itoa(int(h.Family)))
	case !decimal && h.Flags&AI_NUMERICSERV != 0:
		return nil, noName(port, "AI_NUMERICSERV, and not a number")
	}
	sockets, err := socketsFor(&h, port, number)
	if err != nil {
		return nil, err
	}
	ips, err := r.addresses(ctx, host, &h)
	if err != nil {
		return nil, err
	}
	infos := make([]AddrInfo, 0, len(ips)*len(sockets))
	for _, ip := range ips {
		for _, s := range sockets {
			a := families.FromAddrPort(netip.AddrPortFrom(ip, s.port))
			infos = append(infos, AddrInfo{Family(families.Host.FamilyOf(a)), s.typ, s.proto, "", a})
		}
	}
	if h.Flags&AI_CANONNAME != 0 {
		name, err := r.canonical(ctx, host)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if h.Flags&aiCanonIDN != 0 {
			name = hostUnicode(name)
		}
		infos[0].Canonname = name
	}
	return infos, nil
}

// limitToConfigured applies AI_ADDRCONFIG. If this machine has addresses of one family only, not
// counting loopback, the result is limited to that family.
func (h *Hints) limitToConfigured(host string) error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // glibc then assumes that the machine has both families
	}
	var v4, v6 bool
	for _, a := range addrs {
		ipnet, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, _ := netip.AddrFromSlice(ipnet.IP)
		ip = ip.Unmap()
		if ip != ipv4Loopback && ip != netip.IPv6Loopback() {
			v4, v6 = v4 || ip.Is4(), v6 || ip.Is6()
		}
	}
	switch {
	case h.Family == AF_INET && !v4, h.Family == AF_INET6 && !v6:
		return noName(host, "AI_ADDRCONFIG, and this host has no address of the family")
	case h.Family == AF_UNSPEC && v4 && !v6:
		h.Family = AF_INET
	case h.Family == AF_UNSPEC && v6 && !v4:
		h.Family = AF_INET6
	}
	return nil
}

var ipv4Loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// addresses returns the addresses of a host, best first. The zone of an address is a number, its
// scope.
func (r *Resolver) addresses(ctx context.Context, host string, h *Hints) ([]netip.Addr, error) {
	wanted := func(ip netip.Addr) bool {
		return h.Family == AF_UNSPEC || ip.Is4() == (h.Family == AF_INET)
	}
	if host == "" {
		// glibc sorts these too. Its order is 0.0.0.0 before ::, but ::1 before 127.0.0.1.
		ips := []netip.Addr{netip.IPv6Loopback(), ipv4Loopback}
		if h.Flags&AI_PASSIVE != 0 {
			ips = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
		}
		return slices.DeleteFunc(ips, func(ip netip.Addr) bool { return !wanted(ip) }), nil
	}
	ip, numeric := numericHost(host)
	if !numeric {
		if h.Flags&AI_NUMERICHOST != 0 {
			return nil, noName(host, "AI_NUMERICHOST, and not a number")
		}
		return r.named(ctx, host, h)
	}
	if ip.Is4In6() && h.Family == AF_INET {
		if _, err := withScope(ip); err != nil { // Unmap drops the scope, but it must be valid
			return nil, err
		}
		ip = ip.Unmap()
	} else if ip.Is4() && h.Family == AF_INET6 && h.Flags&aiV4Mapped != 0 {
		ip = netip.AddrFrom16(ip.As16())
	}
	if !wanted(ip) {
		return nil, gaiFault(eaiAddrFamily, host, "an address of another family")
	}
	ip, err := withScope(ip)
	if err != nil {
		return nil, err
	}
	return []netip.Addr{ip}, nil
}

// named returns the addresses of a host that is given by its name.
func (r *Resolver) named(ctx context.Context, host string, h *Hints) ([]netip.Addr, error) {
	network, other := "ip", ""
	mapped := h.Family == AF_INET6 && h.Flags&aiV4Mapped != 0
	switch {
	case h.Family == AF_INET:
		network, other = "ip4", "ip6"
	case h.Family == AF_INET6 && !mapped:
		network, other = "ip6", "ip4"
	}
	ips, err := r.lookupIP(ctx, network, host)
	if err != nil {
		err = gaiError(host, err)
		if e, ok := err.(*GaiError); ok && e.Code == EAI_NONAME && other != "" {
			if _, others := r.lookupIP(ctx, other, host); others == nil {
				e.Code = EAI_NODATA // the name exists
			} else if ctx.Err() != nil {
				return nil, others
			}
		}
		return nil, err
	}
	if !mapped {
		return ips, nil
	}
	if h.Flags&aiAll == 0 && slices.ContainsFunc(ips, netip.Addr.Is6) {
		return slices.DeleteFunc(ips, netip.Addr.Is4), nil
	}
	for i, ip := range ips {
		ips[i] = netip.AddrFrom16(ip.As16())
	}
	return ips, nil
}

func (r *Resolver) lookupIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ips, err := ask(ctx, r, func(ctx context.Context, n *net.Resolver) ([]netip.Addr, error) {
		return n.LookupNetIP(ctx, network, host)
	})
	if err == nil && len(ips) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	once := ips[:0] // a line of the hosts file may name a host twice
	for _, ip := range ips {
		if ip = ip.Unmap(); !slices.Contains(once, ip) {
			once = append(once, ip)
		}
	}
	return once, err
}

// canonical returns the name at the end of the aliases of a host. If the look-up fails, it returns
// the host itself.
func (r *Resolver) canonical(ctx context.Context, host string) (string, error) {
	if _, numeric := numericHost(host); numeric {
		return host, nil
	}
	name := host
	for range maxAliases {
		next, err := ask(ctx, r, func(ctx context.Context, n *net.Resolver) (string, error) { return n.LookupCNAME(ctx, name) })
		switch {
		case err != nil && name == host:
			return trimDot(host), err
		case err != nil:
			return hostsSpelling(trimDot(name)), nil
		case strings.EqualFold(trimDot(next), trimDot(name)):
			return hostsSpelling(trimDot(next)), nil
		}
		name = next
	}
	return hostsSpelling(trimDot(name)), nil
}

// maxAliases is the number of aliases of a host that are followed. Package net asks for addresses
// and for an alias at the same time. Depending on which answer comes first, it returns the last
// alias or the first.
const maxAliases = 10

func trimDot(name string) string {
	if n := len(name); n > 1 && name[n-1] == '.' {
		return name[:n-1]
	}
	return name
}

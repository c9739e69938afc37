package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/polluxio/pollux/families"
)

// An Info is one way to reach a host and a service. The family is that of the address.
type Info struct {
	Type, Proto int
	Canonname   string // set in the first result only, and only with Hints.Canonname
	Addr        families.Addr
}

// Hints limit the results of Getaddrinfo. A zero field sets no limit. Each bool is the flag of
// getaddrinfo(3) with that name, AI_*.
type Hints struct {
	Family, Type, Proto int // AF_*, SOCK_*, IPPROTO_*

	Passive, Canonname, NumericHost, NumericServ, AddrConfig bool
	V4Mapped, All                                            bool // false on systems without the flags
	CanonIDN                                                 bool // of Linux only

	Unknown int // flags that the system does not define: they are refused
}

// Getaddrinfo returns the ways to reach port on host, best first. sock.Resolver.Getaddrinfo
// documents the arguments.
//
// Errors: *Error; *RefusedError; the cause of ctx.
func (r Resolver) Getaddrinfo(ctx context.Context, host, port string, h Hints) ([]Info, error) {
	host, err := ToASCII(host)
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
	case h.Unknown != 0:
		return nil, unknownFlags(host, h.Unknown)
	case host == "" && h.Canonname:
		return nil, Fault(BadFlags, host, "AI_CANONNAME without a host")
	}
	if h.AddrConfig {
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
	case h.Family != syscall.AF_UNSPEC && h.Family != syscall.AF_INET && h.Family != syscall.AF_INET6:
		return nil, Fault(BadFamily, host, "family "+strconv.Itoa(h.Family))
	case !decimal && h.NumericServ:
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
	infos := make([]Info, 0, len(ips)*len(sockets))
	for _, ip := range ips {
		for _, s := range sockets {
			infos = append(infos, Info{s.typ, s.proto, "", families.FromAddrPort(netip.AddrPortFrom(ip, s.port))})
		}
	}
	if h.Canonname {
		name, err := r.canonical(ctx, host)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if h.CanonIDN {
			name = ToUnicode(name)
		}
		infos[0].Canonname = name
	}
	return infos, nil
}

func unknownFlags(host string, flags int) error {
	return Fault(BadFlags, host, fmt.Sprintf("unknown flags 0x%x", flags))
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
	case h.Family == syscall.AF_INET && !v4, h.Family == syscall.AF_INET6 && !v6:
		return noName(host, "AI_ADDRCONFIG, and this host has no address of the family")
	case h.Family == syscall.AF_UNSPEC && v4 && !v6:
		h.Family = syscall.AF_INET
	case h.Family == syscall.AF_UNSPEC && v6 && !v4:
		h.Family = syscall.AF_INET6
	}
	return nil
}

var ipv4Loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// addresses returns the addresses of a host, best first. The zone of an address is a number, its
// scope.
func (r Resolver) addresses(ctx context.Context, host string, h *Hints) ([]netip.Addr, error) {
	wanted := func(ip netip.Addr) bool {
		return h.Family == syscall.AF_UNSPEC || ip.Is4() == (h.Family == syscall.AF_INET)
	}
	if host == "" {
		// glibc sorts these too. Its order is 0.0.0.0 before ::, but ::1 before 127.0.0.1.
		ips := []netip.Addr{netip.IPv6Loopback(), ipv4Loopback}
		if h.Passive {
			ips = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
		}
		return slices.DeleteFunc(ips, func(ip netip.Addr) bool { return !wanted(ip) }), nil
	}
	ip, numeric := numericHost(host)
	if !numeric {
		if h.NumericHost {
			return nil, noName(host, "AI_NUMERICHOST, and not a number")
		}
		return r.named(ctx, host, h)
	}
	if ip.Is4In6() && h.Family == syscall.AF_INET {
		if _, err := withScope(ip); err != nil { // Unmap drops the scope, but it must be valid
			return nil, err
		}
		ip = ip.Unmap()
	} else if ip.Is4() && h.Family == syscall.AF_INET6 && h.V4Mapped {
		ip = netip.AddrFrom16(ip.As16())
	}
	if !wanted(ip) {
		return nil, Fault(OtherAddress, host, "an address of another family")
	}
	ip, err := withScope(ip)
	if err != nil {
		return nil, err
	}
	return []netip.Addr{ip}, nil
}

// named returns the addresses of a host that is given by its name.
func (r Resolver) named(ctx context.Context, host string, h *Hints) ([]netip.Addr, error) {
	network, other := "ip", ""
	mapped := h.Family == syscall.AF_INET6 && h.V4Mapped
	switch {
	case h.Family == syscall.AF_INET:
		network, other = "ip4", "ip6"
	case h.Family == syscall.AF_INET6 && !mapped:
		network, other = "ip6", "ip4"
	}
	ips, err := r.lookupIP(ctx, network, host)
	if err != nil {
		err = addrError(host, err)
		if e, ok := err.(*Error); ok && e.Code == UnknownName && other != "" {
			if _, others := r.lookupIP(ctx, other, host); others == nil {
				e.Code = NoData // the name exists
			} else if ctx.Err() != nil {
				return nil, others
			}
		}
		return nil, err
	}
	if !mapped {
		return ips, nil
	}
	if !h.All && slices.ContainsFunc(ips, netip.Addr.Is6) {
		return slices.DeleteFunc(ips, netip.Addr.Is4), nil
	}
	for i, ip := range ips {
		ips[i] = netip.AddrFrom16(ip.As16())
	}
	return ips, nil
}

func (r Resolver) lookupIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
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
func (r Resolver) canonical(ctx context.Context, host string) (string, error) {
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

package sock

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/polluxio/pollux/loop"
)

// A Hostent is what is known of a host: Python's (hostname, aliaslist, ipaddrlist), in C a struct
// hostent.
type Hostent struct {
	Name    string
	Aliases []string
	Addrs   []string
}

// Gethostbyname is DefaultResolver's Gethostbyname.
func Gethostbyname(ctx context.Context, host string) (string, error) {
	return DefaultResolver.Gethostbyname(ctx, host)
}

// GethostbynameEx is DefaultResolver's GethostbynameEx.
func GethostbynameEx(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.GethostbynameEx(ctx, host)
}

// Gethostbyaddr is DefaultResolver's Gethostbyaddr.
func Gethostbyaddr(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.Gethostbyaddr(ctx, host)
}

// Getfqdn is DefaultResolver's Getfqdn.
func Getfqdn(ctx context.Context, name string) (string, error) {
	return DefaultResolver.Getfqdn(ctx, name)
}

// Gethostbyname is gethostbyname(3): the first IPv4 address of a host, as text. "" is 0.0.0.0,
// "<broadcast>" is 255.255.255.255.
//
// Errors: those of Getaddrinfo, so *GaiError for an unknown host, too.
func (r *Resolver) Gethostbyname(ctx context.Context, host string) (string, error) {
	ips, _, err := r.inetAddrs(ctx, host)
	if err != nil {
		return "", err
	}
	return ips[0].String(), nil
}

// GethostbynameEx is gethostbyname(3) too: the canonical name, the aliases and the IPv4 addresses
// of a host. The aliases are those of the hosts file, or the name that was asked for, if it is one;
// what is between that and the canonical name is not told.
//
// Errors: those of Getaddrinfo, and *HError, with the *net.DNSError in it, if the host has
// addresses but no name; so have "" and "<broadcast>".
func (r *Resolver) GethostbynameEx(ctx context.Context, host string) (Hostent, error) {
	ips, name, err := r.inetAddrs(ctx, host)
	if err != nil {
		return Hostent{}, err
	}
	if host == "" || host == broadcast {
		return Hostent{}, &HError{noRecovery, &net.DNSError{Err: "not a name", Name: host}}
	}
	canonical, err := r.canonical(ctx, name)
	if err != nil {
		return Hostent{}, hError(err)
	}
	h := Hostent{Name: canonical}
	for _, ip := range ips {
		h.Addrs = append(h.Addrs, ip.String())
	}
	h.Aliases = hostsAliases(name, ips)
	asked := trimDot(name)
	if searched := hasPrefixFold(canonical, asked+"."); h.Aliases == nil && !searched && !strings.EqualFold(canonical, asked) {
		h.Aliases = []string{asked}
	}
	return h, nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// broadcast is Python's own name for 255.255.255.255.
const broadcast = "<broadcast>"

var ipv4Broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// inetAddrs are the IPv4 addresses of a host, and its name in ASCII.
func (r *Resolver) inetAddrs(ctx context.Context, host string) ([]netip.Addr, string, error) {
	if err := loop.MayBlock(); err != nil {
		return nil, "", err
	}
	switch host {
	case "":
		return []netip.Addr{netip.IPv4Unspecified()}, "", nil
	case broadcast:
		return []netip.Addr{ipv4Broadcast}, "", nil
	}
	name, err := hostASCII(host)
	if err != nil {
		return nil, "", err
	}
	ips, err := r.addresses(ctx, name, &Hints{Family: AF_INET})
	return ips, name, err
}

// Gethostbyaddr is gethostbyaddr(3): the name, the other names and the address of a host that is
// given by its address, of IPv4 or IPv6, or by a name, of whose addresses the first counts.
//
// Errors: those of Getaddrinfo for the host; *HError, with the *net.DNSError in it, if its address
// has no name; an *ArgError for "".
func (r *Resolver) Gethostbyaddr(ctx context.Context, host string) (Hostent, error) {
	if err := loop.MayBlock(); err != nil {
		return Hostent{}, err
	}
	if host == "" {
		return Hostent{}, &ArgError{ArgMissing, "host", `""`, "wildcard resolved to multiple address"}
	}
	ip := ipv4Broadcast
	if host != broadcast {
		name, err := hostASCII(host)
		if err != nil {
			return Hostent{}, err
		}
		ips, err := r.addresses(ctx, name, new(Hints))
		if err != nil {
			return Hostent{}, err
		}
		ip = ips[0]
	}
	names, err := r.names(ctx, ip)
	if err != nil {
		return Hostent{}, hError(err)
	}
	return Hostent{names[0], names[1:], []string{ipText(ip)}}, nil
}

// names are those of an address, at least one.
func (r *Resolver) names(ctx context.Context, ip netip.Addr) ([]string, error) {
	ip = ip.Unmap().WithZone("")
	names, err := ask(ctx, r, func(ctx context.Context, n *net.Resolver) ([]string, error) {
		return n.LookupAddr(ctx, ip.String())
	})
	if err != nil && names == nil { // else it is that there were others, which are no names of hosts
		return nil, err
	}
	if len(names) == 0 {
		return nil, &net.DNSError{Err: "no name", Name: ip.String(), IsNotFound: true}
	}
	for i := range names {
		names[i] = trimDot(names[i])
	}
	// Package net gives the names of all lines of the hosts file, but only the first line counts.
	for words := range entries(hostsFile(), "") {
		if at, err := netip.ParseAddr(words[0]); err == nil && at == ip && words[1] == names[0] {
			return distinct(words[1:]), nil
		}
	}
	return names, nil
}

// hostsSpelling is a canonical name as the hosts file writes it, if it is there. Package net makes
// its letters small, but not those of the names of an address.
func hostsSpelling(name string) string {
	for words := range entries(hostsFile(), "") {
		if strings.EqualFold(words[1], name) {
			return words[1]
		}
	}
	return name
}

// hostsAliases are the second and further names of a host in the lines of the hosts file that have
// one of its addresses.
func hostsAliases(name string, ips []netip.Addr) (aliases []string) {
	for words := range entries(hostsFile(), "") {
		ip, err := netip.ParseAddr(words[0])
		isName := func(word string) bool { return strings.EqualFold(word, name) }
		if err != nil || !slices.Contains(ips, ip) || !slices.ContainsFunc(words[1:], isName) {
			continue
		}
		for _, alias := range words[2:] {
			if alias != words[1] && !slices.Contains(aliases, alias) {
				aliases = append(aliases, alias)
			}
		}
	}
	return aliases
}

// Getfqdn is Python's getfqdn: of the names of a host the first that has a domain, else its first
// name, else, if it has none, the name that was given. "", 0.0.0.0 and :: are this host.
//
// Errors: the cause of ctx; loop.ErrOnLoop; what Gethostname says.
func (r *Resolver) Getfqdn(ctx context.Context, name string) (string, error) {
	if err := loop.MayBlock(); err != nil {
		return "", err
	}
	name = strings.TrimSpace(name)
	if name == "" || name == "0.0.0.0" || name == "::" {
		own, err := Gethostname()
		if err != nil {
			return "", err
		}
		name = own
	}
	h, err := r.Gethostbyaddr(ctx, name)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", err
	case err != nil:
		return name, nil
	}
	for _, n := range append([]string{h.Name}, h.Aliases...) {
		if strings.Contains(n, ".") {
			return n, nil
		}
	}
	return h.Name, nil
}

// distinct is names without those that are there already.
func distinct(names []string) (once []string) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

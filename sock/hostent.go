package sock

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/polluxio/pollux/loop"
)

// A Hostent holds the names and addresses of a host: Python's (hostname, aliaslist, ipaddrlist), in
// C a struct hostent.
type Hostent struct {
	Name    string
	Aliases []string
	Addrs   []string
}

// Gethostbyname calls DefaultResolver.Gethostbyname.
func Gethostbyname(ctx context.Context, host string) (string, error) {
	return DefaultResolver.Gethostbyname(ctx, host)
}

// GethostbynameEx calls DefaultResolver.GethostbynameEx.
func GethostbynameEx(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.GethostbynameEx(ctx, host)
}

// Gethostbyaddr calls DefaultResolver.Gethostbyaddr.
func Gethostbyaddr(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.Gethostbyaddr(ctx, host)
}

// Getfqdn calls DefaultResolver.Getfqdn.
func Getfqdn(ctx context.Context, name string) (string, error) {
	return DefaultResolver.Getfqdn(ctx, name)
}

// Gethostbyname returns the first IPv4 address of a host, as text: gethostbyname(3). "" is 0.0.0.0,
// and "<broadcast>" is 255.255.255.255.
//
// Errors: those of Getaddrinfo. So an unknown host is a *GaiError here too.
func (r *Resolver) Gethostbyname(ctx context.Context, host string) (string, error) {
	ips, _, err := r.inetAddrs(ctx, host)
	if err != nil {
		return "", err
	}
	return ips[0].String(), nil
}

// GethostbynameEx returns the canonical name, the aliases and the IPv4 addresses of a host:
// gethostbyname(3) too. The aliases are those of the hosts file. Without them, the name that the
// caller passed is the only alias, if it is one. Names between that alias and the canonical name
// are missing.
//
// Errors: those of Getaddrinfo; *HError, with the *net.DNSError in it, if the host has addresses
// but no name, and for "" and "<broadcast>".
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

// inetAddrs returns the IPv4 addresses of a host, and its name in ASCII.
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

// Gethostbyaddr returns the name, the aliases and the address of a host: gethostbyaddr(3). host is
// an address of IPv4 or IPv6, or a name. Of the addresses of a name only the first counts.
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

// names returns the names of an address, at least one.
func (r *Resolver) names(ctx context.Context, ip netip.Addr) ([]string, error) {
	ip = ip.Unmap().WithZone("")
	names, err := ask(ctx, r, func(ctx context.Context, n *net.Resolver) ([]string, error) {
		return n.LookupAddr(ctx, ip.String())
	})
	if err != nil && names == nil { // with names, err says only that other names were not valid host names
		return nil, err
	}
	if len(names) == 0 {
		return nil, &net.DNSError{Err: "no name", Name: ip.String(), IsNotFound: true}
	}
	for i := range names {
		names[i] = trimDot(names[i])
	}
	// Package net returns the names of all lines of the hosts file, but only the first line counts.
	for words := range entries(hostsFile(), "") {
		if at, err := netip.ParseAddr(words[0]); err == nil && at == ip && words[1] == names[0] {
			return distinct(words[1:]), nil
		}
	}
	return names, nil
}

// hostsSpelling returns a canonical name as the hosts file spells it, if the file has it. Package
// net puts this name into lower case, but not the names of an address.
func hostsSpelling(name string) string {
	for words := range entries(hostsFile(), "") {
		if strings.EqualFold(words[1], name) {
			return words[1]
		}
	}
	return name
}

// hostsAliases returns the second and further names of a host, from the lines of the hosts file
// that have one of its addresses.
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

// Getfqdn returns the full name of a host: Python's getfqdn. It is the first name of the host that
// has a domain. If none has a domain, it is the first name. If the host has no name, it is the name
// that the caller passed. "", 0.0.0.0 and :: are this host.
//
// Errors: the cause of ctx; loop.ErrOnLoop; the error of Gethostname.
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

// distinct returns the names without duplicates.
func distinct(names []string) (once []string) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

package names

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// A Host holds the names and addresses of a host: struct hostent of <netdb.h>.
type Host struct {
	Name    string
	Aliases []string
	Addrs   []string
}

// Gethostbyname returns the first IPv4 address of a host. Its errors are those of Getaddrinfo.
func (r Resolver) Gethostbyname(ctx context.Context, host string) (string, error) {
	ips, _, err := r.inetAddrs(ctx, host)
	if err != nil {
		return "", err
	}
	return ips[0].String(), nil
}

// GethostbynameEx returns the canonical name, the aliases and the IPv4 addresses of a host. Its
// errors are those of Getaddrinfo, and *Error with a code of the hosts database.
func (r Resolver) GethostbynameEx(ctx context.Context, host string) (Host, error) {
	ips, name, err := r.inetAddrs(ctx, host)
	if err != nil {
		return Host{}, err
	}
	if host == "" || host == broadcast {
		return Host{}, &Error{HostNoRecovery, &net.DNSError{Err: "not a name", Name: host}}
	}
	canonical, err := r.canonical(ctx, name)
	if err != nil {
		return Host{}, hostError(err)
	}
	h := Host{Name: canonical}
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
func (r Resolver) inetAddrs(ctx context.Context, host string) ([]netip.Addr, string, error) {
	switch host {
	case "":
		return []netip.Addr{netip.IPv4Unspecified()}, "", nil
	case broadcast:
		return []netip.Addr{ipv4Broadcast}, "", nil
	}
	name, err := ToASCII(host)
	if err != nil {
		return nil, "", err
	}
	ips, err := r.addresses(ctx, name, &Hints{Family: syscall.AF_INET})
	return ips, name, err
}

// Gethostbyaddr returns the name, the aliases and the address of a host, given by an address or a
// name. Its errors are those of GethostbynameEx.
func (r Resolver) Gethostbyaddr(ctx context.Context, host string) (Host, error) {
	if host == "" {
		return Host{}, &RefusedError{Missing, "host", `""`, "wildcard resolved to multiple address"}
	}
	ip := ipv4Broadcast
	if host != broadcast {
		name, err := ToASCII(host)
		if err != nil {
			return Host{}, err
		}
		ips, err := r.addresses(ctx, name, new(Hints))
		if err != nil {
			return Host{}, err
		}
		ip = ips[0]
	}
	names, err := r.names(ctx, ip)
	if err != nil {
		return Host{}, hostError(err)
	}
	return Host{names[0], names[1:], []string{ipText(ip)}}, nil
}

// names returns the names of an address, at least one.
func (r Resolver) names(ctx context.Context, ip netip.Addr) ([]string, error) {
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

// Getfqdn returns the full name of a host. sock.Resolver.Getfqdn documents it.
//
// Errors: the cause of ctx; the error of os.Hostname.
func (r Resolver) Getfqdn(ctx context.Context, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || name == "0.0.0.0" || name == "::" {
		own, err := os.Hostname()
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

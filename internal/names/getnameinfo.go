package names

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/families"
)

// NameFlags are the flags of getnameinfo(3): each bool is the flag with that name, NI_*.
type NameFlags struct {
	NumericHost, NumericServ, NameReqd, Dgram, NoFQDN bool
	IDN                                               bool // of Linux only

	Unknown int // flags that the system does not define: they are refused
}

// Getnameinfo returns the name of the host and of the service at an address.
// sock.Resolver.Getnameinfo documents the arguments.
//
// Errors: *Error; *RefusedError; the cause of ctx.
func (r Resolver) Getnameinfo(ctx context.Context, a families.Addr, flags NameFlags) (host, service string, err error) {
	ip, port, err := numericAddr(a)
	if err != nil {
		return "", "", err
	}
	if flags.Unknown != 0 {
		return "", "", unknownFlags(a.Host(), flags.Unknown)
	}
	host, err = r.hostOf(ctx, ip, flags)
	if err != nil {
		return "", "", err
	}
	service = strconv.Itoa(int(port))
	if !flags.NumericServ {
		proto := "tcp"
		if flags.Dgram {
			proto = "udp"
		}
		if s, ok := ServiceAt(port, proto); ok {
			service = s.Name
		}
	}
	return host, service, nil
}

// numericAddr returns the address and the port of a, whose host must be numeric. It reads the host
// as Getaddrinfo does, because Python passes the same text to getaddrinfo.
func numericAddr(a families.Addr) (ip netip.Addr, port uint16, err error) {
	if a.Kind() != families.KindInet && a.Kind() != families.KindInet6 {
		return ip, 0, Fault(BadFamily, a.String(), "neither inet nor inet6")
	}
	number, _ := portNumber(strconv.Itoa(a.Port()))
	if number < 0 {
		return ip, 0, Fault(BadService, strconv.Itoa(a.Port()), "not a port")
	}
	ip, ok := numericHost(a.Host())
	if !ok {
		return ip, 0, noName(a.Host(), "not a number")
	}
	if _, err := withScope(ip); err != nil { // the scope is not used here, but getaddrinfo wants a valid one
		return ip, 0, err
	}
	if ip.Is4() && a.Kind() == families.KindInet6 {
		return ip, 0, &RefusedError{OtherType, "sockaddr", a, "IPv4 sockaddr must be 2 tuple"}
	}
	switch {
	case a.Zone() != "":
		ip, err = withScope(ip.WithZone(a.Zone()))
	case a.ScopeID() != 0:
		ip = ip.WithZone(strconv.FormatUint(uint64(a.ScopeID()), 10))
	default:
		ip = ip.WithZone("")
	}
	return ip, uint16(number), err
}

// hostOf returns the name of ip, or its number.
func (r Resolver) hostOf(ctx context.Context, ip netip.Addr, flags NameFlags) (string, error) {
	if !flags.NumericHost {
		names, err := r.names(ctx, ip)
		if err == nil {
			name := names[0]
			if flags.NoFQDN {
				name, err = r.withoutOwnDomain(ctx, name)
			}
			if flags.IDN {
				name = ToUnicode(name)
			}
			return name, err
		}
		if err := addrError(ip.String(), err); !errors.Is(err, &Error{Code: UnknownName}) || flags.NameReqd {
			return "", err
		}
	}
	if flags.NameReqd {
		return "", noName(ip.String(), "a name is wanted, and a number too")
	}
	return numericText(ip), nil
}

// numericText returns ip with its scope. The scope of a link is the name of the link.
func numericText(ip netip.Addr) string {
	zone := ip.Zone()
	if zone == "" {
		return ipText(ip)
	}
	if index, err := strconv.Atoi(zone); err == nil && oneLink(ip) && !ip.IsInterfaceLocalMulticast() {
		if name, err := InterfaceName(index); err == nil {
			zone = name
		}
	}
	return ipText(ip) + "%" + zone
}

// withoutOwnDomain returns name without the domain of this host, if name ends in that domain.
func (r Resolver) withoutOwnDomain(ctx context.Context, name string) (string, error) {
	own, err := r.Getfqdn(ctx, "")
	if err != nil {
		return "", err
	}
	if _, domain, ok := strings.Cut(own, "."); ok {
		name = strings.TrimSuffix(name, "."+domain)
	}
	return name, nil
}

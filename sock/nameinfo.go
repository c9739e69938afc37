package sock

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
)

// Getnameinfo calls DefaultResolver.Getnameinfo.
func Getnameinfo(ctx context.Context, a Addr, flags int) (host, service string, err error) {
	return DefaultResolver.Getnameinfo(ctx, a, flags)
}

// Getnameinfo returns the name of the host and of the service at an address: getnameinfo(3). a is
// an inet or inet6 address with a numeric host.
//
// Without a name it returns the number. The number of a host has its scope: fe80::1%eth0. flags are
// NI_*. NI_NUMERICHOST and NI_NUMERICSERV always return the number. NI_NAMEREQD makes a host
// without a name an error. NI_NOFQDN removes this host's own domain from the name. NI_DGRAM uses
// the services of udp in place of tcp. NI_IDN, on Linux only, decodes a name into its national
// script.
//
// Errors: *GaiError, in which errors.As finds a *net.DNSError: EAI_NONAME also if a has the name of
// a host, EAI_AGAIN if a server does not answer, EAI_BADFLAGS, EAI_FAMILY; an *ArgError for a flow
// label that is too large, and for an IPv4 address in inet6; the cause of ctx; loop.ErrOnLoop.
func (r *Resolver) Getnameinfo(ctx context.Context, a Addr, flags int) (host, service string, err error) {
	if err := loop.MayBlock(); err != nil {
		return "", "", err
	}
	if a.FlowInfo() > 0xfffff {
		return "", "", &ArgError{ArgRange, "flowinfo", a.FlowInfo(), "getnameinfo(): flowinfo must be 0-1048575."}
	}
	ip, port, err := numericAddr(a)
	if err != nil {
		return "", "", err
	}
	if flags&^niKnown != 0 {
		return "", "", gaiFault(EAI_BADFLAGS, a.Host(), "flags 0x"+strconv.FormatInt(int64(flags), 16))
	}
	host, err = r.hostOf(ctx, ip, flags)
	if err != nil {
		return "", "", err
	}
	service = strconv.Itoa(int(port))
	if flags&NI_NUMERICSERV == 0 {
		proto := "tcp"
		if flags&NI_DGRAM != 0 {
			proto = "udp"
		}
		if s, ok := serviceAt(port, proto); ok {
			service = s.name
		}
	}
	return host, service, nil
}

// numericAddr returns the address and the port of a, whose host must be numeric. It reads the host
// as Getaddrinfo does, because Python passes the same text to getaddrinfo.
func numericAddr(a Addr) (ip netip.Addr, port uint16, err error) {
	if a.Kind() != families.KindInet && a.Kind() != families.KindInet6 {
		return ip, 0, gaiFault(EAI_FAMILY, a.String(), "neither inet nor inet6")
	}
	number, _ := portNumber(strconv.Itoa(a.Port()))
	if number < 0 {
		return ip, 0, gaiFault(EAI_SERVICE, strconv.Itoa(a.Port()), "not a port")
	}
	ip, ok := numericHost(a.Host())
	if !ok {
		return ip, 0, noName(a.Host(), "not a number")
	}
	if _, err := withScope(ip); err != nil { // the scope is not used here, but getaddrinfo wants a valid one
		return ip, 0, err
	}
	if ip.Is4() && a.Kind() == families.KindInet6 {
		return ip, 0, &ArgError{ArgType, "sockaddr", a, "IPv4 sockaddr must be 2 tuple"}
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
func (r *Resolver) hostOf(ctx context.Context, ip netip.Addr, flags int) (string, error) {
	if flags&NI_NUMERICHOST == 0 {
		names, err := r.names(ctx, ip)
		if err == nil {
			name := names[0]
			if flags&NI_NOFQDN != 0 {
				name, err = r.withoutOwnDomain(ctx, name)
			}
			if flags&niIDN != 0 {
				name = hostUnicode(name)
			}
			return name, err
		}
		if err := gaiError(ip.String(), err); !errors.Is(err, &GaiError{Code: EAI_NONAME}) || flags&NI_NAMEREQD != 0 {
			return "", err
		}
	}
	if flags&NI_NAMEREQD != 0 {
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
		if name, err := IfIndextoname(index); err == nil {
			zone = name
		}
	}
	return ipText(ip) + "%" + zone
}

// withoutOwnDomain returns name without the domain of this host, if name ends in that domain.
func (r *Resolver) withoutOwnDomain(ctx context.Context, name string) (string, error) {
	own, err := r.Getfqdn(ctx, "")
	if err != nil {
		return "", err
	}
	if _, domain, ok := strings.Cut(own, "."); ok {
		name = strings.TrimSuffix(name, "."+domain)
	}
	return name, nil
}

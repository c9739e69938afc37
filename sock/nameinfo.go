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

// Getnameinfo is DefaultResolver's Getnameinfo.
func Getnameinfo(ctx context.Context, a Addr, flags int) (host, service string, err error) {
	return DefaultResolver.Getnameinfo(ctx, a, flags)
}

// Getnameinfo is getnameinfo(3): the name of the host and of the service at an inet or inet6
// address. The host of a must be numeric.
//
// Without a name there is the number, of a host with its scope: fe80::1%eth0. flags are
// NI_NUMERICHOST and NI_NUMERICSERV for a number in any case; NI_NAMEREQD for an error if the host
// has no name; NI_NOFQDN for a name without this host's own domain; NI_DGRAM for the services of
// udp in place of tcp; on Linux NI_IDN for a name in its national script.
//
// Errors: *GaiError, in which errors.As finds a *net.DNSError: EAI_NONAME also for the name of a
// host, EAI_AGAIN if a server does not answer, EAI_BADFLAGS, EAI_FAMILY; an *ArgError for a flow
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

// numericAddr is what the text of a, which is that of a number or an error, says. Python gives the
// same text to getaddrinfo.
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
	if _, err := withScope(ip); err != nil { // that scope counts for nothing, but getaddrinfo wants it to be one
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

// hostOf is the name of ip, or its number.
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

// numericText is ip with its scope, as a name where that is the name of a link.
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

// withoutOwnDomain is a name without the domain of this host, if it has that.
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

package names

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/families"
)

// numericHost returns the address that host spells, with the zone exactly as written. ok is false
// if host is a name.
func numericHost(host string) (ip netip.Addr, ok bool) {
	if ip, ok := IPv4(host); ok {
		return ip, true
	}
	text, zone, scoped := strings.Cut(host, "%")
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is6() {
		return netip.Addr{}, false
	}
	if scoped && zone == "" {
		zone = "%" // an empty zone is an error later: no interface has the name "%"
	}
	return ip.WithZone(zone), true
}

// IPv4 reads an IPv4 address in the forms of inet_aton(3) that package families knows: one to four
// parts, each decimal, octal or hexadecimal.
func IPv4(s string) (ip netip.Addr, ok bool) {
	if s == "" || strings.Trim(s, "0123456789abcdefABCDEFxX.") != "" {
		return netip.Addr{}, false
	}
	ip = families.Inet(s, 0).AddrPort().Addr()
	return ip, ip.IsValid()
}

// withScope returns ip with a number as its zone. For an address that is valid on one link only, it
// translates the name of an interface. All other zones must already be numbers.
func withScope(ip netip.Addr) (netip.Addr, error) {
	zone := ip.Zone()
	if zone == "" {
		return ip, nil
	}
	if oneLink(ip) {
		if index, err := InterfaceIndex(zone); err == nil {
			return ip.WithZone(strconv.Itoa(index)), nil
		}
	}
	if _, err := strconv.ParseUint(zone, 10, 32); err != nil {
		return ip, noName(ip.String(), "no such scope")
	}
	return ip, nil
}

// oneLink reports whether ip is valid on one link only: IN6_IS_ADDR_LINKLOCAL,
// IN6_IS_ADDR_MC_NODELOCAL and IN6_IS_ADDR_MC_LINKLOCAL, <netinet/in.h>.
func oneLink(ip netip.Addr) bool {
	return ip.Is6() && (ip.IsLinkLocalUnicast() || ip.IsInterfaceLocalMulticast() || ip.IsLinkLocalMulticast())
}

// ipText returns the text of ip as C writes it, without its zone.
func ipText(ip netip.Addr) string {
	return families.FromAddrPort(netip.AddrPortFrom(ip.WithZone(""), 0)).Host()
}

package sock

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/names"
)

// InetAton returns the four bytes of an IPv4 address in any form that inet_aton(3) accepts. The
// text has one to four parts, each decimal, octal (017) or hexadecimal (0xf). The last part fills
// all bytes that are left, so 127.1 is 127.0.0.1. InetAton ignores a blank and everything after it.
//
// Error: an *ArgError.
func InetAton(s string) ([]byte, error) {
	text := s
	if i := strings.IndexAny(s, " \t\n\v\f\r"); i >= 0 {
		text = s[:i]
	}
	ip, ok := names.IPv4(text)
	if !ok {
		return nil, &ArgError{ArgSyntax, "ip_string", s, "illegal IP address string passed to inet_aton"}
	}
	return ip.AsSlice(), nil
}

// InetNtoa returns the text of the four bytes of an IPv4 address: inet_ntoa(3).
//
// Error: an *ArgError for another number of bytes.
func InetNtoa(packed []byte) (string, error) {
	if len(packed) != 4 {
		return "", &ArgError{ArgLength, "packed_ip", packed, "packed IP wrong length for inet_ntoa"}
	}
	return netip.AddrFrom4([4]byte(packed)).String(), nil
}

// InetPton returns the bytes of the address in s: inet_pton(3). For AF_INET, s has four decimal
// parts without leading zeros. For AF_INET6, s has no scope.
//
// Errors: an *ArgError for another text; EAFNOSUPPORT for another family.
func InetPton(family Family, s string) ([]byte, error) {
	if family != AF_INET && family != AF_INET6 {
		return nil, os.NewSyscallError("inet_pton", syscall.EAFNOSUPPORT)
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Is4() != (family == AF_INET) || ip.Zone() != "" {
		return nil, &ArgError{ArgSyntax, "ip_string", s, "illegal IP address string passed to inet_pton"}
	}
	return ip.AsSlice(), nil
}

// InetNtop returns the text of the bytes of an address: inet_ntop(3). For AF_INET6 it returns the
// shortest text. It writes ::1.2.3.4 as C does, where package netip writes ::102:304.
//
// Error: an *ArgError for another family, or a wrong number of bytes.
func InetNtop(family Family, packed []byte) (string, error) {
	ip, ok := netip.AddrFromSlice(packed)
	switch {
	case family != AF_INET && family != AF_INET6:
		return "", &ArgError{ArgUnknown, "address_family", family, "unknown address family " + strconv.Itoa(int(family))}
	case !ok || ip.Is4() != (family == AF_INET):
		return "", &ArgError{ArgLength, "packed_ip", packed, "invalid length of packed IP address string"}
	}
	return families.FromAddrPort(netip.AddrPortFrom(ip, 0)).Host(), nil
}

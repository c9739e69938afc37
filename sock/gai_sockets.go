package sock

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// A kind is a kind of socket that getaddrinfo(3) knows, with the name of the protocol in the
// services file.
type kind struct {
	typ   Type
	proto Protocol
	name  string
}

// kinds and the code below follow <sysdeps/posix/getaddrinfo.c> of glibc: gaih_inet_typeproto,
// get_servtuples. The last kind accepts any protocol and no service.
var kinds = slices.Concat([]kind{
	{SOCK_STREAM, IPPROTO_TCP, "tcp"},
	{SOCK_DGRAM, IPPROTO_UDP, "udp"},
	{SOCK_DGRAM, 136, "udplite"}, // IPPROTO_UDPLITE, <netinet/in.h>
	{SOCK_STREAM, 132, "sctp"},   // IPPROTO_SCTP
	{SOCK_SEQPACKET, 132, "sctp"},
}, kindsHere, []kind{{SOCK_RAW, 0, ""}})

// A gaiSocket is a kind of socket in the result, with the port of the service.
type gaiSocket struct {
	typ   Type
	proto Protocol
	port  uint16
}

// socketsFor returns the kinds of socket that the hints allow. With a type or a protocol it returns
// the first kind that fits. With neither it returns a stream, a datagram and a raw socket for a
// number, and every kind that has a service of that name for a name. number is the result of
// portNumber for port.
func socketsFor(h *Hints, port string, number int32) ([]gaiSocket, error) {
	if h.Type == 0 && h.Proto == 0 {
		if n := uint16(number); number >= 0 {
			return []gaiSocket{{SOCK_STREAM, IPPROTO_TCP, n}, {SOCK_DGRAM, IPPROTO_UDP, n}, {SOCK_RAW, 0, n}}, nil
		}
		var found []gaiSocket
		for _, k := range kinds[:len(kinds)-1] {
			if s, ok := serviceNamed(port, k.name); ok {
				found = append(found, gaiSocket{k.typ, k.proto, s.number})
			}
		}
		if found == nil {
			return nil, gaiFault(EAI_SERVICE, port, "unknown service")
		}
		return found, nil
	}
	i := slices.IndexFunc(kinds, func(k kind) bool {
		return (h.Type == 0 || h.Type == k.typ) && (h.Proto == 0 || h.Proto == k.proto || k.typ == SOCK_RAW)
	})
	if i < 0 {
		return nil, gaiFault(EAI_SOCKTYPE, port, "type "+strconv.Itoa(int(h.Type))+", protocol "+strconv.Itoa(int(h.Proto)))
	}
	s := gaiSocket{kinds[i].typ, kinds[i].proto, uint16(number)}
	switch {
	case s.typ == SOCK_RAW && port != "":
		return nil, gaiFault(EAI_SERVICE, port, "a raw socket has no port")
	case s.typ == SOCK_RAW:
		s.proto = h.Proto
	case number < 0:
		entry, ok := serviceNamed(port, kinds[i].name)
		if !ok {
			return nil, gaiFault(EAI_SERVICE, kinds[i].name+"/"+port, "unknown service")
		}
		s.port = entry.number
	}
	return []gaiSocket{s}, nil
}

// portNumber reads a port as glibc does. It uses the rules of strtoul(3), so blanks and a sign may
// come first. It keeps the low 32 bits of the value, and the low 16 of these are the port. A
// negative n means that the caller must look for a service with this name. n is -1 for text that is
// not a decimal number.
func portNumber(port string) (n int32, decimal bool) {
	digits := strings.TrimLeft(port, " \t\n\v\f\r")
	if digits == "" {
		return -1, false
	}
	minus := digits[0] == '-'
	if minus || digits[0] == '+' {
		digits = digits[1:]
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange): // strtoul returns ULONG_MAX
		return -1, true
	case err != nil:
		return -1, false
	case minus:
		v = -v
	}
	return int32(v), true
}

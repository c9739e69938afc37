package names

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A kind is a kind of socket that getaddrinfo(3) knows, with the name of the protocol in the
// services file.
type kind struct {
	typ   int
	proto int
	name  string
}

// kinds and the code below follow <sysdeps/posix/getaddrinfo.c> of glibc: gaih_inet_typeproto,
// get_servtuples. The last kind accepts any protocol and no service.
var kinds = slices.Concat([]kind{
	{syscall.SOCK_STREAM, syscall.IPPROTO_TCP, "tcp"},
	{syscall.SOCK_DGRAM, syscall.IPPROTO_UDP, "udp"},
	{syscall.SOCK_DGRAM, 136, "udplite"}, // IPPROTO_UDPLITE, <netinet/in.h>
	{syscall.SOCK_STREAM, 132, "sctp"},   // IPPROTO_SCTP
	{syscall.SOCK_SEQPACKET, 132, "sctp"},
}, kindsHere, []kind{{syscall.SOCK_RAW, 0, ""}})

// A socket is a kind of socket in a result, with the port of the service.
type socket struct {
	typ   int
	proto int
	port  uint16
}

// socketsFor returns the kinds of socket that the hints allow. With a type or a protocol it returns
// the first kind that fits. With neither it returns a stream, a datagram and a raw socket for a
// number, and every kind that has a service of that name for a name. number is the result of
// portNumber for port.
func socketsFor(h *Hints, port string, number int32) ([]socket, error) {
	if h.Type == 0 && h.Proto == 0 {
		if n := uint16(number); number >= 0 {
			return []socket{{syscall.SOCK_STREAM, syscall.IPPROTO_TCP, n}, {syscall.SOCK_DGRAM, syscall.IPPROTO_UDP, n}, {syscall.SOCK_RAW, 0, n}}, nil
		}
		var found []socket
		for _, k := range kinds[:len(kinds)-1] {
			if s, ok := ServiceNamed(port, k.name); ok {
				found = append(found, socket{k.typ, k.proto, s.Port})
			}
		}
		if found == nil {
			return nil, Fault(BadService, port, "unknown service")
		}
		return found, nil
	}
	i := slices.IndexFunc(kinds, func(k kind) bool {
		return (h.Type == 0 || h.Type == k.typ) && (h.Proto == 0 || h.Proto == k.proto || k.typ == syscall.SOCK_RAW)
	})
	if i < 0 {
		return nil, Fault(BadSockType, port, "type "+strconv.Itoa(h.Type)+", protocol "+strconv.Itoa(h.Proto))
	}
	s := socket{kinds[i].typ, kinds[i].proto, uint16(number)}
	switch {
	case s.typ == syscall.SOCK_RAW && port != "":
		return nil, Fault(BadService, port, "a raw socket has no port")
	case s.typ == syscall.SOCK_RAW:
		s.proto = h.Proto
	case number < 0:
		entry, ok := ServiceNamed(port, kinds[i].name)
		if !ok {
			return nil, Fault(BadService, kinds[i].name+"/"+port, "unknown service")
		}
		s.port = entry.Port
	}
	return []socket{s}, nil
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

package sock

import (
	"net"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/families"
)

// A target is the parsed text of Dial and Listen. If service is not empty, the target is a host and
// a service to look up; otherwise it is an address. A type of 0 is the usual type for the address.
type target struct {
	family        Family
	typ           Type
	proto         Protocol
	host, service string
	addr          Addr
	infos         []AddrInfo // of ConnectAny: the results of a look-up
}

// familyOf returns the family of a socket for the target's address.
func (t target) familyOf() Family {
	if t.service == "" && t.family != AF_UNSPEC {
		return t.family // AF_RDS has addresses of AF_INET
	}
	return Family(t.addr.Family())
}

// types holds the types that may follow the name of a network.
var types = map[string]Type{
	"stream": SOCK_STREAM, "dgram": SOCK_DGRAM, "raw": SOCK_RAW, "rdm": SOCK_RDM, "seqpacket": SOCK_SEQPACKET,
}

// parseTarget parses the text of Dial and Listen.
func parseTarget(text string) (t target, err error) {
	if text == "" {
		return t, &ArgError{ArgMissing, "address", `""`, "must have an address, such as tcp:127.0.0.1:80"}
	}
	name, rest, _ := strings.Cut(text, ":")
	base, typ, typed := strings.Cut(name, " ")
	switch {
	case text[0] == '/', text[0] == '@':
		base, rest, typed = "unix", text, false
	case base == "family": // a family by its number: "family 123:0a0b"
		t.addr, err = families.Parse(text)
		return t, err
	case !isNetwork(base):
		base, rest, typed = "tcp", text, false
	}
	switch n, ok := NetworkNamed(base); {
	case !ok:
		t.addr, err = families.Parse(base + ":" + rest)
	case n.Format == "":
		t, err = target{family: n.Family(), typ: n.Type, proto: n.Proto}.at(text, base, rest)
	default:
		t = target{family: n.Family(), typ: n.Type, proto: n.Proto}
		t.addr, err = families.Parse(n.Format + ":" + rest)
	}
	if typed && err == nil {
		if t.typ = types[typ]; t.typ == 0 {
			err = &ArgError{ArgUnknown, "address", strconv.Quote(text),
				"the type must be stream, dgram, raw, rdm or seqpacket"}
		}
	}
	return t, err
}

// at returns t with the host and the service of rest.
func (t target) at(text, network, rest string) (target, error) {
	if strings.HasPrefix(rest, "//") {
		return t, &ArgError{ArgSyntax, "address", strconv.Quote(text), "not a URL: write " + network + ":" + rest[2:]}
	}
	host, service, err := net.SplitHostPort(rest)
	switch {
	case strings.Contains(rest, "://"):
		return t, &ArgError{ArgSyntax, "address", strconv.Quote(text), "not a URL: write tcp:host:port"}
	case err != nil:
		return t, &ArgError{ArgSyntax, "address", strconv.Quote(text),
			"an address of " + network + " is host:port, and an IPv6 host stands in brackets"}
	case service == "":
		return t, &ArgError{ArgMissing, "address", strconv.Quote(text), "the port is missing"}
	}
	t.host, t.service = host, service
	return t, nil
}

// isNetwork reports whether text can begin with that name and a colon.
func isNetwork(name string) bool {
	_, ok := NetworkNamed(name)
	return ok || families.HasFormat(name)
}

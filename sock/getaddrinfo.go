package sock

import (
	"context"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/names"
	"github.com/polluxio/pollux/loop"
)

// An AddrInfo is one way to reach a host and a service: Python's (family, type, proto, canonname,
// sockaddr).
type AddrInfo struct {
	Family    Family
	Type      Type
	Proto     Protocol
	Canonname string // set in the first result only, and only with AI_CANONNAME
	Addr      Addr
}

// Hints limit the results of Getaddrinfo. A zero field sets no limit. Flags are AI_*.
type Hints struct {
	Family Family
	Type   Type
	Proto  Protocol
	Flags  int
}

// Getaddrinfo calls DefaultResolver.Getaddrinfo.
func Getaddrinfo(ctx context.Context, host, port string, hints *Hints) ([]AddrInfo, error) {
	return DefaultResolver.Getaddrinfo(ctx, host, port, hints)
}

// Getaddrinfo returns the ways to reach port on host, in the order of RFC 6724, best first:
// getaddrinfo(3). nil hints are the zero Hints.
//
// host is a name or numeric text: 127.0.0.1, 127.1, 0x7f.1, ::1, fe80::1%eth0, fe80::1%2. IDNA
// encodes a name that is not ASCII. "" and "*" are Python's None: the loopback addresses of this
// host, or with AI_PASSIVE the wildcard addresses.
//
// port is a decimal number, of which the last 16 bits count, or the name of a service. "" and "*"
// mean no service, which is port 0.
//
// On every system the result is that of glibc on Linux, with three exceptions, where Go's resolver
// decides. A name that has records but no address of any family gives EAI_NONAME, not EAI_NODATA.
// For a name in the hosts file the resolver asks no server, not even for a family that the file
// lacks. gai.conf(5) does not change the order.
//
// Errors: *GaiError, in which errors.As finds a *net.DNSError; an *ArgError for a host that IDNA
// refuses; the cause of ctx; loop.ErrOnLoop.
func (r *Resolver) Getaddrinfo(ctx context.Context, host, port string, hints *Hints) ([]AddrInfo, error) {
	if err := loop.MayBlock(); err != nil {
		return nil, err
	}
	var h Hints
	if hints != nil {
		h = *hints
	}
	found, err := r.names().Getaddrinfo(ctx, host, port, h.names())
	if err != nil {
		return nil, namesError(err)
	}
	infos := make([]AddrInfo, len(found))
	for i, f := range found {
		family := Family(families.Host.FamilyOf(f.Addr))
		infos[i] = AddrInfo{family, Type(f.Type), Protocol(f.Proto), f.Canonname, f.Addr}
	}
	return infos, nil
}

// names returns h with a field for each flag.
func (h *Hints) names() names.Hints {
	on := func(flag int) bool { return h.Flags&flag != 0 }
	return names.Hints{
		Family: int(h.Family), Type: int(h.Type), Proto: int(h.Proto),
		Passive: on(AI_PASSIVE), Canonname: on(AI_CANONNAME), NumericHost: on(AI_NUMERICHOST),
		NumericServ: on(AI_NUMERICSERV), AddrConfig: on(AI_ADDRCONFIG),
		V4Mapped: on(aiV4Mapped), All: on(aiAll), CanonIDN: on(aiCanonIDN),
		Unknown: h.Flags &^ aiKnown,
	}
}

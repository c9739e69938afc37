package sock

import (
	"context"

	"github.com/polluxio/pollux/internal/names"
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
	on := func(flag int) bool { return flags&flag != 0 }
	host, service, err = r.names().Getnameinfo(ctx, a, names.NameFlags{
		NumericHost: on(NI_NUMERICHOST), NumericServ: on(NI_NUMERICSERV), NameReqd: on(NI_NAMEREQD),
		Dgram: on(NI_DGRAM), NoFQDN: on(NI_NOFQDN), IDN: on(niIDN),
		Unknown: flags &^ niKnown,
	})
	return host, service, namesError(err)
}

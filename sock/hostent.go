package sock

import (
	"context"

	"github.com/polluxio/pollux/loop"
)

// A Hostent holds the names and addresses of a host: Python's (hostname, aliaslist, ipaddrlist), in
// C a struct hostent.
type Hostent struct {
	Name    string
	Aliases []string
	Addrs   []string
}

// Gethostbyname calls DefaultResolver.Gethostbyname.
func Gethostbyname(ctx context.Context, host string) (string, error) {
	return DefaultResolver.Gethostbyname(ctx, host)
}

// GethostbynameEx calls DefaultResolver.GethostbynameEx.
func GethostbynameEx(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.GethostbynameEx(ctx, host)
}

// Gethostbyaddr calls DefaultResolver.Gethostbyaddr.
func Gethostbyaddr(ctx context.Context, host string) (Hostent, error) {
	return DefaultResolver.Gethostbyaddr(ctx, host)
}

// Getfqdn calls DefaultResolver.Getfqdn.
func Getfqdn(ctx context.Context, name string) (string, error) {
	return DefaultResolver.Getfqdn(ctx, name)
}

// Gethostbyname returns the first IPv4 address of a host, as text: gethostbyname(3). "" is 0.0.0.0,
// and "<broadcast>" is 255.255.255.255.
//
// Errors: those of Getaddrinfo. So an unknown host is a *GaiError here too.
func (r *Resolver) Gethostbyname(ctx context.Context, host string) (string, error) {
	if err := loop.MayBlock(); err != nil {
		return "", err
	}
	ip, err := r.names().Gethostbyname(ctx, host)
	return ip, namesError(err)
}

// GethostbynameEx returns the canonical name, the aliases and the IPv4 addresses of a host:
// gethostbyname(3) too. The aliases are those of the hosts file. Without them, the name that the
// caller passed is the only alias, if it is one. Names between that alias and the canonical name
// are missing.
//
// Errors: those of Getaddrinfo; *HError, with the *net.DNSError in it, if the host has addresses
// but no name, and for "" and "<broadcast>".
func (r *Resolver) GethostbynameEx(ctx context.Context, host string) (Hostent, error) {
	if err := loop.MayBlock(); err != nil {
		return Hostent{}, err
	}
	h, err := r.names().GethostbynameEx(ctx, host)
	return Hostent(h), namesError(err)
}

// Gethostbyaddr returns the name, the aliases and the address of a host: gethostbyaddr(3). host is
// an address of IPv4 or IPv6, or a name. Of the addresses of a name only the first counts.
//
// Errors: those of Getaddrinfo for the host; *HError, with the *net.DNSError in it, if its address
// has no name; an *ArgError for "".
func (r *Resolver) Gethostbyaddr(ctx context.Context, host string) (Hostent, error) {
	if err := loop.MayBlock(); err != nil {
		return Hostent{}, err
	}
	h, err := r.names().Gethostbyaddr(ctx, host)
	return Hostent(h), namesError(err)
}

// Getfqdn returns the full name of a host: Python's getfqdn. It is the first name of the host that
// has a domain. If none has a domain, it is the first name. If the host has no name, it is the name
// that the caller passed. "", 0.0.0.0 and :: are this host.
//
// Errors: the cause of ctx; loop.ErrOnLoop; the error of Gethostname.
func (r *Resolver) Getfqdn(ctx context.Context, name string) (string, error) {
	if err := loop.MayBlock(); err != nil {
		return "", err
	}
	full, err := r.names().Getfqdn(ctx, name)
	return full, namesError(err)
}

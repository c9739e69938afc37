package sock

import "github.com/polluxio/pollux/families"

// Parse reads the text of an address of any family: "127.0.0.1:80", "localhost:80", "[fe80::1%2]:80", "/path", "@abstract", or what
// Addr.MarshalText writes, with the name of a family in front: "unix:relative". See families.Parse.
//
// Error: an *families.AddrError.
func Parse(text string) (Addr, error) { return families.Parse(text) }

// Inet6Scoped is an AF_INET6 address: Python's (host, port, flowinfo, scope_id).
func Inet6Scoped(host string, port int, flowinfo, scope uint32) Addr {
	return families.Inet6Scoped(host, port, flowinfo, scope)
}

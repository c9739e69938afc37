package netconn

import (
	"net"
	"slices"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// A network is a row of sock.Networks, with the numbers that this package uses most.
type network struct {
	sock.Network
	name  string
	inet  sock.Family // of a network with hosts and ports: AF_INET, AF_INET6, or AF_UNSPEC for both
	typ   sock.Type
	proto sock.Protocol
}

// isInet reports whether the network has hosts and ports.
func (n *network) isInet() bool { return n.Format == "" }

func (n *network) isUnix() bool { return n.Format == "unix" }

// IPPROTO_SCTP of <netinet/in.h>. Some systems lack it.
const protoSCTP = 132

// Networks returns the names of all networks, sorted, whether or not this system has them.
func Networks() []string {
	var names []string
	for _, n := range sock.Networks() {
		names = append(names, n.Name)
	}
	slices.Sort(names)
	return names
}

// parseNetwork finds a network by its name.
//
// Error: a net.UnknownNetworkError.
func parseNetwork(name string) (network, error) {
	n, ok := sock.NetworkNamed(name)
	if !ok {
		return network{}, net.UnknownNetworkError(name)
	}
	return network{Network: n, name: name, inet: n.Family(), typ: n.Type, proto: n.Proto}, nil
}

// newSocket makes a socket of the network. family is used for inet only.
func (n *network) newSocket(family sock.Family) (*sock.Socket, error) {
	if n.isInet() {
		return sock.New(family, n.typ, n.proto)
	}
	return n.New()
}

// parse reads the text of an address of a network that is not inet.
//
// Error: an *families.AddrError.
func (n *network) parse(text string) (sock.Addr, error) {
	if n.isUnix() {
		return families.FromNet(&net.UnixAddr{Name: text, Net: n.name})
	}
	return families.Parse(n.Format + ":" + text)
}

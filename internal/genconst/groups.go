package main

import (
	"fmt"
	"slices"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// groups are the blocks of a constants file in their order, under the names of the group column of
// names.csv.
var groups = []struct{ name, doc string }{
	{"AF", "address families, the first argument of socket(2)."},
	{"SOCK", "socket types, and what may be or-ed to them."},
	{"SOL", "levels of socket options."},
	{"IPPROTO", "protocols above IP, and levels of their options."},
	{"SO", "options of the level SOL_SOCKET; SO_ORIGINAL_DST is of SOL_IP."},
	{"IP", "options of the level IPPROTO_IP."},
	{"IPV6", "options of the level IPPROTO_IPV6."},
	{"TCP", "options of the level IPPROTO_TCP."},
	{"UDP", "options of UDP-Lite."},
	{"LOCAL", "options of AF_UNIX."},
	{"MSG", "flags of the send and receive calls."},
	{"SCM", "types of control messages of the level SOL_SOCKET."},
	{"SHUT", "the directions of shutdown(2)."},
	{"AI", "flags of getaddrinfo(3)."},
	{"NI", "flags of getnameinfo(3)."},
	{"EAI", "errors of getaddrinfo(3) and getnameinfo(3)."},
	{"INADDR", "IPv4 addresses in host byte order."},
	{"IPPORT", "limits of port numbers."},
	{"ALG", "AF_ALG, the kernel's cryptography."},
	{"BT", "AF_BLUETOOTH."},
	{"HCI", "AF_BLUETOOTH, the host controller interface."},
	{"CAN", "AF_CAN."},
	{"HYPERV", "AF_HYPERV."},
	{"NETLINK", "AF_NETLINK, its protocols."},
	{"PACKET", "AF_PACKET."},
	{"ETHERTYPE", "protocols of AF_PACKET."},
	{"RDS", "AF_RDS."},
	{"SYSTEM", "AF_SYSTEM."},
	{"TIPC", "AF_TIPC."},
	{"VSOCK", "AF_VSOCK."},
	{"SIO", "control codes of WSAIoctl and their values."},
	{"OTHER", "what belongs nowhere else."},
}

// knownGroups fails on a constant whose group is not in groups: it would be left out without a
// word.
func knownGroups(rows []catalog.Row) error {
	for _, row := range rows {
		known := slices.ContainsFunc(groups, func(g struct{ name, doc string }) bool { return g.name == row.Group })
		if row.Kind == "constant" && !known {
			return fmt.Errorf("names.csv: %s: unknown group %q", row.Name, row.Group)
		}
	}
	return nil
}

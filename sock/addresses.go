package sock

import "github.com/polluxio/pollux/families"

// Addr is the address of a socket of any family. It is a small comparable value and a net.Addr.
// Package families documents how to make one and what it holds.
type Addr = families.Addr

// Inet returns an AF_INET address: Python's (host, port). host is a name, numeric text, "" for the
// wildcard address, or "<broadcast>".
func Inet(host string, port int) Addr { return families.Inet(host, port) }

// Inet6 returns an AF_INET6 address: Python's (host, port).
func Inet6(host string, port int) Addr { return families.Inet6(host, port) }

// Unix returns an AF_UNIX address. path is a path in the file system. On Linux, a path whose first
// byte is NUL is an abstract name, and "" lets the system choose a name.
func Unix(path string) Addr { return families.Unix(path) }

// Inet6Scoped returns an AF_INET6 address: Python's (host, port, flowinfo, scope_id).
func Inet6Scoped(host string, port int, flowinfo, scope uint32) Addr {
	return families.Inet6Scoped(host, port, flowinfo, scope)
}

// Parse reads the text of an address of any family: "127.0.0.1:80", "localhost:80",
// "[fe80::1%2]:80", "/path", "@abstract". It also reads the output of Addr.MarshalText, which has
// the name of a family in front: "unix:relative". See families.Parse.
//
// Error: an *families.AddrError.
func Parse(text string) (Addr, error) { return families.Parse(text) }

// The addresses of the other families, under short names. Package families documents their
// arguments and when an address cannot be used. AF_LINK addresses are not here, because no socket
// has one.

// Netlink returns an AF_NETLINK address: Python's (pid, groups). pid is a port; 0 is the kernel.
// groups is a mask of the first 32 groups.
func Netlink(pid, groups uint32) Addr { return families.Netlink(pid, groups) }

// Packet returns an AF_PACKET address for bind: Python's (ifname, proto). An ifname of "" means all
// interfaces. proto is in host byte order.
func Packet(ifname string, proto int) Addr { return families.Packet(ifname, proto) }

// PacketLL returns an AF_PACKET address with all its fields: Python's (ifname, proto, pkttype,
// hatype, addr).
func PacketLL(ifname string, proto, pkttype, hatype int, hardware []byte) Addr {
	return families.PacketLL(ifname, proto, pkttype, hatype, hardware)
}

// Vsock returns an AF_VSOCK address: Python's (cid, port).
func Vsock(cid, port uint32) Addr { return families.Vsock(cid, port) }

// TIPC returns an AF_TIPC address: Python's (addr_type, v1, v2, v3, scope).
func TIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	return families.TIPC(addrType, v1, v2, v3, scope)
}

// TIPCNameseq returns a range of instances of a TIPC service, for bind: Python's
// (TIPC_ADDR_NAMESEQ, type, lower, upper).
func TIPCNameseq(typ, lower, upper uint32) Addr { return families.TIPCNameseq(typ, lower, upper) }

// TIPCName returns one instance of a TIPC service, for connect and sendto: Python's
// (TIPC_ADDR_NAME, type, instance, domain).
func TIPCName(typ, instance, domain uint32) Addr { return families.TIPCName(typ, instance, domain) }

// TIPCID returns the address of one TIPC socket: Python's (TIPC_ADDR_ID, node, ref, 0).
func TIPCID(node, ref uint32) Addr { return families.TIPCID(node, ref) }

// CAN returns an AF_CAN address of CAN_RAW and CAN_BCM: Python's (interface,). An ifname of ""
// means all interfaces.
func CAN(ifname string) Addr { return families.CAN(ifname) }

// ISOTP returns an AF_CAN address of CAN_ISOTP: Python's (interface, rx_id, tx_id).
func ISOTP(ifname string, rxID, txID uint32) Addr { return families.ISOTP(ifname, rxID, txID) }

// J1939 returns an AF_CAN address of CAN_J1939: Python's (interface, name, pgn, addr).
func J1939(ifname string, name uint64, pgn uint32, addr uint8) Addr {
	return families.J1939(ifname, name, pgn, addr)
}

// L2CAP returns an AF_BLUETOOTH address of BTPROTO_L2CAP: Python's (bdaddr, psm, cid, bdaddr_type).
func L2CAP(bdaddr string, psm, cid uint16, bdaddrType uint8) Addr {
	return families.L2CAP(bdaddr, psm, cid, bdaddrType)
}

// RFCOMM returns an AF_BLUETOOTH address of BTPROTO_RFCOMM: Python's (bdaddr, channel).
func RFCOMM(bdaddr string, channel uint32) Addr { return families.RFCOMM(bdaddr, channel) }

// HCI returns an AF_BLUETOOTH address of BTPROTO_HCI: Python's (device_id, channel).
func HCI(device, channel uint16) Addr { return families.HCI(device, channel) }

// SCO returns an AF_BLUETOOTH address of BTPROTO_SCO: Python's bdaddr.
func SCO(bdaddr string) Addr { return families.SCO(bdaddr) }

// ALG returns an AF_ALG address: Python's (type, name, feat, mask).
func ALG(typ, name string, feat, mask uint32) Addr { return families.ALG(typ, name, feat, mask) }

// QIPCRTR returns an AF_QIPCRTR address: Python's (node, port).
func QIPCRTR(node, port uint32) Addr { return families.QIPCRTR(node, port) }

// HyperV returns an AF_HYPERV address: Python's (vm_id, service_id).
func HyperV(vmID, serviceID string) Addr { return families.HyperV(vmID, serviceID) }

// SystemControl returns a PF_SYSTEM address (macOS): Python's control name. Connect asks the kernel
// for the id of the control (CTLIOCGINFO). It fails with ENOENT if the control does not exist.
func SystemControl(name string) Addr { return families.SystemControl(name) }

// SystemID returns a PF_SYSTEM address: Python's (id, unit).
func SystemID(id, unit uint32) Addr { return families.SystemID(id, unit) }

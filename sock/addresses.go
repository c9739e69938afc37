package sock

import "github.com/polluxio/pollux/families"

// Addr is the address of a socket of any family: a small comparable value, and a net.Addr. See
// package families for how it is made and what it holds.
type Addr = families.Addr

// Inet is an AF_INET address: Python's (host, port). host is a name, numeric text, "" for the
// wildcard, or "<broadcast>".
func Inet(host string, port int) Addr { return families.Inet(host, port) }

// Inet6 is an AF_INET6 address: Python's (host, port).
func Inet6(host string, port int) Addr { return families.Inet6(host, port) }

// Unix is an AF_UNIX address: a path; on Linux an abstract name if its first byte is NUL, and the
// system's choice if it is "".
func Unix(path string) Addr { return families.Unix(path) }

// Inet6Scoped is an AF_INET6 address: Python's (host, port, flowinfo, scope_id).
func Inet6Scoped(host string, port int, flowinfo, scope uint32) Addr {
	return families.Inet6Scoped(host, port, flowinfo, scope)
}

// Parse reads the text of an address of any family: "127.0.0.1:80", "localhost:80",
// "[fe80::1%2]:80", "/path", "@abstract", or what Addr.MarshalText writes, with the name of a
// family in front: "unix:relative". See families.Parse.
//
// Error: an *families.AddrError.
func Parse(text string) (Addr, error) { return families.Parse(text) }

// The addresses of the other families, under short names. Package families says what each takes,
// and when it cannot be used; what is not here are the addresses of AF_LINK, which no socket has.

// Netlink is an AF_NETLINK address: Python's (pid, groups). pid is a port, 0 the kernel; groups are
// a mask of the first 32.
func Netlink(pid, groups uint32) Addr { return families.Netlink(pid, groups) }

// Packet is an AF_PACKET address as bind takes it: Python's (ifname, proto). "" is all interfaces;
// proto is in host order here.
func Packet(ifname string, proto int) Addr { return families.Packet(ifname, proto) }

// PacketLL is an AF_PACKET address with all it has: Python's (ifname, proto, pkttype, hatype,
// addr).
func PacketLL(ifname string, proto, pkttype, hatype int, hardware []byte) Addr {
	return families.PacketLL(ifname, proto, pkttype, hatype, hardware)
}

// Vsock is an AF_VSOCK address: Python's (cid, port).
func Vsock(cid, port uint32) Addr { return families.Vsock(cid, port) }

// TIPC is an AF_TIPC address: Python's (addr_type, v1, v2, v3, scope).
func TIPC(addrType uint8, v1, v2, v3 uint32, scope int8) Addr {
	return families.TIPC(addrType, v1, v2, v3, scope)
}

// TIPCNameseq is a range of instances of a service, which bind takes: Python's (TIPC_ADDR_NAMESEQ,
// type, lower, upper).
func TIPCNameseq(typ, lower, upper uint32) Addr { return families.TIPCNameseq(typ, lower, upper) }

// TIPCName is an instance of a service, which connect and sendto take: Python's (TIPC_ADDR_NAME,
// type, instance, domain).
func TIPCName(typ, instance, domain uint32) Addr { return families.TIPCName(typ, instance, domain) }

// TIPCID is a socket: Python's (TIPC_ADDR_ID, node, ref, 0).
func TIPCID(node, ref uint32) Addr { return families.TIPCID(node, ref) }

// CAN is an AF_CAN address of CAN_RAW and CAN_BCM: Python's (interface,). "" is all interfaces.
func CAN(ifname string) Addr { return families.CAN(ifname) }

// ISOTP is an AF_CAN address of CAN_ISOTP: Python's (interface, rx_id, tx_id).
func ISOTP(ifname string, rxID, txID uint32) Addr { return families.ISOTP(ifname, rxID, txID) }

// J1939 is an AF_CAN address of CAN_J1939: Python's (interface, name, pgn, addr).
func J1939(ifname string, name uint64, pgn uint32, addr uint8) Addr {
	return families.J1939(ifname, name, pgn, addr)
}

// L2CAP is an AF_BLUETOOTH address of BTPROTO_L2CAP: Python's (bdaddr, psm, cid, bdaddr_type).
func L2CAP(bdaddr string, psm, cid uint16, bdaddrType uint8) Addr {
	return families.L2CAP(bdaddr, psm, cid, bdaddrType)
}

// RFCOMM is an AF_BLUETOOTH address of BTPROTO_RFCOMM: Python's (bdaddr, channel).
func RFCOMM(bdaddr string, channel uint32) Addr { return families.RFCOMM(bdaddr, channel) }

// HCI is an AF_BLUETOOTH address of BTPROTO_HCI: Python's (device_id, channel).
func HCI(device, channel uint16) Addr { return families.HCI(device, channel) }

// SCO is an AF_BLUETOOTH address of BTPROTO_SCO: Python's bdaddr.
func SCO(bdaddr string) Addr { return families.SCO(bdaddr) }

// ALG is an AF_ALG address: Python's (type, name, feat, mask).
func ALG(typ, name string, feat, mask uint32) Addr { return families.ALG(typ, name, feat, mask) }

// QIPCRTR is an AF_QIPCRTR address: Python's (node, port).
func QIPCRTR(node, port uint32) Addr { return families.QIPCRTR(node, port) }

// HyperV is an AF_HYPERV address: Python's (vm_id, service_id).
func HyperV(vmID, serviceID string) Addr { return families.HyperV(vmID, serviceID) }

// SystemControl is a PF_SYSTEM address (macOS): Python's control name. The socket asks for its id
// (CTLIOCGINFO) as it connects, which is ENOENT for a control that there is not.
func SystemControl(name string) Addr { return families.SystemControl(name) }

// SystemID is a PF_SYSTEM address: Python's (id, unit).
func SystemID(id, unit uint32) Addr { return families.SystemID(id, unit) }

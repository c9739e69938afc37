package families

import "encoding/binary"

// Netlink is an address of AF_NETLINK (Linux, FreeBSD 13.2): the port of a socket, 0 for the kernel
// and in bind for one that it chooses; and a mask of the first 32 multicast groups. netlink(7)
func Netlink(pid, groups uint32) Addr {
	return Addr{kind: KindNetlink, a: pid, b: groups}
}

// Netlink is the port and the groups of a netlink address. Those of any other are 0.
func (a Addr) Netlink() (pid, groups uint32) {
	if a.kind != KindNetlink {
		return 0, 0
	}
	return a.a, a.b
}

// netlinkCodec is <linux/netlink.h>, <netlink/netlink.h> on FreeBSD:
//
//	struct sockaddr_nl {
//		                         // header      0
//		unsigned short nl_pad;   //             2
//		__u32          nl_pid;   // host order  4
//		__u32          nl_groups;// host order  8
//	};                           //            12
//
// As text it is "1234,0x1": the port, and the groups.
type netlinkCodec struct{}

func (netlinkCodec) text(a Addr) string { return utoa(a.a) + "," + hexNumber(uint64(a.b)) }

func (netlinkCodec) parse(s string) (Addr, error) {
	r := readFields("netlink", s, ",")
	pid, groups := r.number("pid", 32), r.number("groups", 32)
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	return Netlink(uint32(pid), uint32(groups)), nil
}

func (netlinkCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 12 - headerLen
	if len(body) < n {
		return 0, noRoom("netlink", headerLen+len(body))
	}
	clear(body[:2])
	binary.NativeEndian.PutUint32(body[2:], a.a)
	binary.NativeEndian.PutUint32(body[6:], a.b)
	return n, nil
}

func (netlinkCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 12-headerLen {
		return Addr{}, short("netlink", headerLen+len(body))
	}
	return Netlink(binary.NativeEndian.Uint32(body[2:]), binary.NativeEndian.Uint32(body[6:])), nil
}

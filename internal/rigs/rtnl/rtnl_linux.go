// Package rtnl makes requests of rtnetlink(7) for the rigs, which change interfaces and addresses.
// It does not use package sock/netlink, which the rigs test.
package rtnl

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// Request makes one request and waits for its acknowledgement. The request works on the network
// namespace of the calling thread.
//
//	struct nlmsghdr {               // <linux/netlink.h>
//	    __u32 nlmsg_len;            // 0
//	    __u16 nlmsg_type;           // 4
//	    __u16 nlmsg_flags;          // 6
//	    __u32 nlmsg_seq;            // 8
//	    __u32 nlmsg_pid;            // 12
//	};
func Request(typ, flags int, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	m := Uint32(unix.NLMSG_HDRLEN + len(body))
	m = binary.NativeEndian.AppendUint16(m, uint16(typ))
	m = binary.NativeEndian.AppendUint16(m, uint16(flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK))
	m = append(m, Uint32(1)...)
	m = append(m, Uint32(0)...)
	m = append(m, body...)
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	b := make([]byte, 8192)
	n, err := unix.Read(fd, b)
	if err != nil {
		return err
	}
	if n < unix.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(b[4:]) != unix.NLMSG_ERROR {
		return errors.New("rtnetlink: no acknowledgement")
	}
	if errno := int32(binary.NativeEndian.Uint32(b[unix.NLMSG_HDRLEN:])); errno != 0 {
		return unix.Errno(-errno)
	}
	return nil
}

// Attribute returns a struct rtattr with its data and padding: <linux/rtnetlink.h>.
func Attribute(typ int, data []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(data)))
	b = binary.NativeEndian.AppendUint16(b, uint16(typ))
	b = append(b, data...)
	return append(b, make([]byte, -len(b)&(unix.RTA_ALIGNTO-1))...)
}

// Link returns a struct ifinfomsg of <linux/rtnetlink.h>. Of flags, those in change count.
//
//	struct ifinfomsg {
//	    unsigned char  ifi_family;  //  0
//	    unsigned short ifi_type;    //  2
//	    int            ifi_index;   //  4
//	    unsigned       ifi_flags;   //  8
//	    unsigned       ifi_change;  // 12
//	};
func Link(index, flags, change int) []byte {
	b := append(make([]byte, 4), Uint32(index)...)
	b = append(b, Uint32(flags)...)
	return append(b, Uint32(change)...)
}

// Uint32 returns the bytes of a number in the byte order of the host.
func Uint32(v int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

package sock

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"syscall"
)

// The messages of AF_NETLINK and their attributes: netlink(7), <linux/netlink.h>. All numbers are in the order of the host, so this
// is bytes alone, and the same on every system. What is sent over such a socket is in netlink_request.go; links and addresses are in
// netlink_route.go.

// <linux/netlink.h>: types of messages, flags, options, and the attributes of an extended acknowledgement.
const (
	NLMSG_NOOP     = 1
	NLMSG_ERROR    = 2
	NLMSG_DONE     = 3
	NLMSG_OVERRUN  = 4
	NLMSG_MIN_TYPE = 16

	NLM_F_REQUEST       = 0x01
	NLM_F_MULTI         = 0x02
	NLM_F_ACK           = 0x04
	NLM_F_ECHO          = 0x08
	NLM_F_DUMP_INTR     = 0x10
	NLM_F_DUMP_FILTERED = 0x20

	NLM_F_ROOT   = 0x100 // of a request to get
	NLM_F_MATCH  = 0x200
	NLM_F_ATOMIC = 0x400
	NLM_F_DUMP   = NLM_F_ROOT | NLM_F_MATCH

	NLM_F_REPLACE = 0x100 // of a request to make something new
	NLM_F_EXCL    = 0x200
	NLM_F_CREATE  = 0x400
	NLM_F_APPEND  = 0x800

	NLM_F_CAPPED   = 0x100 // of an acknowledgement
	NLM_F_ACK_TLVS = 0x200

	NLA_F_NESTED        = 0x8000
	NLA_F_NET_BYTEORDER = 0x4000
	NLA_TYPE_MASK       = 0x3fff

	NLMSGERR_ATTR_MSG       = 1
	NLMSGERR_ATTR_OFFS      = 2
	NLMSGERR_ATTR_COOKIE    = 3
	NLMSGERR_ATTR_POLICY    = 4
	NLMSGERR_ATTR_MISS_TYPE = 5
	NLMSGERR_ATTR_MISS_NEST = 6

	SOL_NETLINK = 270 // <linux/socket.h>

	NETLINK_ADD_MEMBERSHIP   = 1
	NETLINK_DROP_MEMBERSHIP  = 2
	NETLINK_PKTINFO          = 3
	NETLINK_BROADCAST_ERROR  = 4
	NETLINK_NO_ENOBUFS       = 5
	NETLINK_LISTEN_ALL_NSID  = 8
	NETLINK_LIST_MEMBERSHIPS = 9
	NETLINK_CAP_ACK          = 10
	NETLINK_EXT_ACK          = 11
	NETLINK_GET_STRICT_CHK   = 12
)

//	#define NLMSG_ALIGNTO   4U
//	#define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )
//
// NLA_ALIGN and RTA_ALIGN are the same.
func alignNetlink(n int) int { return (n + 3) &^ 3 }

// The headers:
//
//	struct nlmsghdr {
//		__u32 nlmsg_len;    //  0, with the header and without padding
//		__u16 nlmsg_type;   //  4
//		__u16 nlmsg_flags;  //  6
//		__u32 nlmsg_seq;    //  8
//		__u32 nlmsg_pid;    // 12
//	};                      // 16
//
//	struct nlattr {         // struct rtattr of <linux/rtnetlink.h> is the same
//		__u16 nla_len;      //  0, with the header and without padding
//		__u16 nla_type;     //  2, and two flags
//	};                      //  4
const (
	netlinkHeader     = 16
	netlinkAttrHeader = 4
)

// A NetlinkMessage is one message: its header and what follows.
type NetlinkMessage struct {
	Type  uint16 // NLMSG_*, RTM_*, …
	Flags uint16 // NLM_F_*
	Seq   uint32 // of the request that it answers; 0 in the notice of a group
	Pid   uint32 // the port that asked, not a process
	Data  []byte // of the bytes that it was read from, not a copy
}

// A NetlinkFormatError says that received bytes are no netlink messages or attributes, or were cut.
type NetlinkFormatError struct {
	What       string // "message", "attribute", …
	Have, Want int    // bytes
}

func (e *NetlinkFormatError) Error() string {
	return fmt.Sprintf("malformed or cut netlink %s: %d bytes of %d", e.What, e.Have, e.Want)
}

// NetlinkMessages goes over the messages in b, which is what one receive gave. It ends with a *NetlinkFormatError at what is not a
// message. It allocates nothing.
func NetlinkMessages(b []byte) iter.Seq2[NetlinkMessage, error] {
	return func(yield func(NetlinkMessage, error) bool) {
		for len(b) > 0 {
			m, rest, err := nextNetlinkMessage(b)
			if !yield(m, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

func nextNetlinkMessage(b []byte) (m NetlinkMessage, rest []byte, err error) {
	if len(b) < netlinkHeader {
		return m, nil, &NetlinkFormatError{"message", len(b), netlinkHeader}
	}
	n := binary.NativeEndian.Uint32(b)
	if n < netlinkHeader {
		return m, nil, &NetlinkFormatError{"message", int(n), netlinkHeader}
	}
	if uint64(n) > uint64(len(b)) {
		return m, nil, &NetlinkFormatError{"message", len(b), int(min(n, 1<<31-1))}
	}
	m = NetlinkMessage{
		Type:  binary.NativeEndian.Uint16(b[4:]),
		Flags: binary.NativeEndian.Uint16(b[6:]),
		Seq:   binary.NativeEndian.Uint32(b[8:]),
		Pid:   binary.NativeEndian.Uint32(b[12:]),
		Data:  b[netlinkHeader:n:n],
	}
	return m, b[min(alignNetlink(int(n)), len(b)):], nil
}

// Append appends the message to b, with its padding.
//
// Error: an *ArgError for more data than a message can have.
func (m NetlinkMessage) Append(b []byte) ([]byte, error) {
	if uint64(len(m.Data)) > 1<<31-netlinkHeader-4 {
		return b, &ArgError{"data", len(m.Data), "too long for a netlink message"}
	}
	n := netlinkHeader + len(m.Data)
	b = binary.NativeEndian.AppendUint32(b, uint32(n))
	b = binary.NativeEndian.AppendUint16(b, m.Type)
	b = binary.NativeEndian.AppendUint16(b, m.Flags)
	b = binary.NativeEndian.AppendUint32(b, m.Seq)
	b = binary.NativeEndian.AppendUint32(b, m.Pid)
	b = append(b, m.Data...)
	return append(b, make([]byte, alignNetlink(n)-n)...), nil
}

// A NetlinkError is a request that failed. errors.Is finds the errno in it.
type NetlinkError struct {
	Errno  syscall.Errno
	Text   string // the kernel's words, "" if it has none; they come only with NETLINK_EXT_ACK
	Offset int    // where in the request the fault is, 0 if the kernel does not say
}

func (e *NetlinkError) Error() string {
	text := e.Errno.Error()
	if e.Text != "" {
		text += ": " + e.Text
	}
	if e.Offset > 0 {
		text += fmt.Sprintf(" (at byte %d of the request)", e.Offset)
	}
	return text
}

// Unwrap is the errno.
func (e *NetlinkError) Unwrap() error { return e.Errno }

// Err is what a message of type NLMSG_ERROR or NLMSG_DONE says: a *NetlinkError, or nil, for that is also how success is told.
// For any other type it is nil; for one that is cut it is a *NetlinkFormatError.
func (m NetlinkMessage) Err() error {
	//	struct nlmsgerr {
	//		int error;             // 0, a negative errno
	//		struct nlmsghdr msg;   // 4, of the request; all of it follows, unless NLM_F_CAPPED is set
	//	};                         // 20; with NLM_F_ACK_TLVS attributes follow
	rest := m.Data
	switch m.Type {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		if len(rest) == 0 { // not all who send it have a result
			return nil
		}
	default:
		return nil
	}
	if len(rest) < 4 {
		return &NetlinkFormatError{"error", len(rest), 4}
	}
	code := int32(binary.NativeEndian.Uint32(rest))
	if code >= 0 {
		return nil
	}
	e := &NetlinkError{Errno: syscall.Errno(-int64(code))}
	rest = rest[4:]
	if m.Type == NLMSG_ERROR {
		if len(rest) < netlinkHeader {
			return e
		}
		skip := netlinkHeader
		if m.Flags&NLM_F_CAPPED == 0 {
			skip = int(min(uint64(binary.NativeEndian.Uint32(rest)), 1<<31-4))
		}
		rest = rest[min(alignNetlink(skip), len(rest)):]
	}
	if m.Flags&NLM_F_ACK_TLVS != 0 {
		for a, err := range NetlinkAttrs(rest) {
			switch {
			case err != nil:
				return e
			case a.Type == NLMSGERR_ATTR_MSG:
				e.Text = a.Text()
			case a.Type == NLMSGERR_ATTR_OFFS:
				n, _ := a.Uint32()
				e.Offset = int(n)
			}
		}
	}
	return e
}

// A NetlinkAttr is one attribute.
type NetlinkAttr struct {
	Type     uint16 // without the two flags
	Nested   bool   // NLA_F_NESTED: its data are attributes. Not all of those are marked so
	NetOrder bool   // NLA_F_NET_BYTEORDER
	Data     []byte // of the bytes that it was read from, not a copy
}

// NetlinkAttrs goes over the attributes in b. It ends with a *NetlinkFormatError at what is not one. It allocates nothing.
func NetlinkAttrs(b []byte) iter.Seq2[NetlinkAttr, error] {
	return func(yield func(NetlinkAttr, error) bool) {
		for len(b) > 0 {
			a, rest, err := nextNetlinkAttr(b)
			if !yield(a, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

func nextNetlinkAttr(b []byte) (a NetlinkAttr, rest []byte, err error) {
	if len(b) < netlinkAttrHeader {
		return a, nil, &NetlinkFormatError{"attribute", len(b), netlinkAttrHeader}
	}
	n := int(binary.NativeEndian.Uint16(b))
	switch {
	case n < netlinkAttrHeader:
		return a, nil, &NetlinkFormatError{"attribute", n, netlinkAttrHeader}
	case n > len(b):
		return a, nil, &NetlinkFormatError{"attribute", len(b), n}
	}
	typ := binary.NativeEndian.Uint16(b[2:])
	a = NetlinkAttr{
		Type:     typ & NLA_TYPE_MASK,
		Nested:   typ&NLA_F_NESTED != 0,
		NetOrder: typ&NLA_F_NET_BYTEORDER != 0,
		Data:     b[netlinkAttrHeader:n:n],
	}
	return a, b[min(alignNetlink(n), len(b)):], nil
}

// Attrs goes over the attributes within a.
func (a NetlinkAttr) Attrs() iter.Seq2[NetlinkAttr, error] { return NetlinkAttrs(a.Data) }

// Text is the data as text, up to a first NUL.
func (a NetlinkAttr) Text() string {
	text, _, _ := strings.Cut(string(a.Data), "\x00")
	return text
}

// Uint8 is the data as a number; false if it is of another length.
func (a NetlinkAttr) Uint8() (v uint8, ok bool) {
	if len(a.Data) != 1 {
		return 0, false
	}
	return a.Data[0], true
}

// Uint16 is Uint8 for 2 bytes, in the order that NetOrder tells, as those below.
func (a NetlinkAttr) Uint16() (v uint16, ok bool) {
	if len(a.Data) != 2 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint16(a.Data), true
	}
	return binary.NativeEndian.Uint16(a.Data), true
}

// Uint32 is Uint16 for 4 bytes.
func (a NetlinkAttr) Uint32() (v uint32, ok bool) {
	if len(a.Data) != 4 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint32(a.Data), true
	}
	return binary.NativeEndian.Uint32(a.Data), true
}

// Uint64 is Uint16 for 8 bytes.
func (a NetlinkAttr) Uint64() (v uint64, ok bool) {
	if len(a.Data) != 8 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint64(a.Data), true
	}
	return binary.NativeEndian.Uint64(a.Data), true
}

// A NetlinkBuilder makes the data of a message: a structure, then attributes. Its methods return it, so that they can follow one
// another.
//
//	body, err := new(sock.NetlinkBuilder).Bytes(header).Text(sock.IFLA_IFNAME, "veth0").
//		Nest(sock.IFLA_LINKINFO, func(b *sock.NetlinkBuilder) { b.Text(sock.IFLA_INFO_KIND, "veth") }).Data()
type NetlinkBuilder struct {
	data []byte
	err  error
}

// Data is what was made. Error: an *ArgError for the first attribute whose data is longer than 65531 bytes.
func (b *NetlinkBuilder) Data() ([]byte, error) { return b.data, b.err }

// Bytes appends bytes that are no attribute, with padding.
func (b *NetlinkBuilder) Bytes(p []byte) *NetlinkBuilder {
	b.data = append(b.data, p...)
	return b.pad()
}

func (b *NetlinkBuilder) pad() *NetlinkBuilder {
	b.data = append(b.data, make([]byte, alignNetlink(len(b.data))-len(b.data))...)
	return b
}

// Attr appends an attribute. typ may have the flags NLA_F_*.
func (b *NetlinkBuilder) Attr(typ uint16, data []byte) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = append(b.data, data...)
	return b.end(at)
}

// Text is Attr for text, to which it adds a NUL, as the kernel has it.
func (b *NetlinkBuilder) Text(typ uint16, text string) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = append(append(b.data, text...), 0)
	return b.end(at)
}

// Uint8 is Attr for a number of 1 byte.
func (b *NetlinkBuilder) Uint8(typ uint16, v uint8) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = append(b.data, v)
	return b.end(at)
}

// Uint16 is Attr for a number of 2 bytes.
func (b *NetlinkBuilder) Uint16(typ uint16, v uint16) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint16(b.data, v)
	return b.end(at)
}

// Uint32 is Attr for a number of 4 bytes.
func (b *NetlinkBuilder) Uint32(typ uint16, v uint32) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint32(b.data, v)
	return b.end(at)
}

// Uint64 is Attr for a number of 8 bytes.
func (b *NetlinkBuilder) Uint64(typ uint16, v uint64) *NetlinkBuilder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint64(b.data, v)
	return b.end(at)
}

// Nest appends an attribute that consists of what fn appends.
func (b *NetlinkBuilder) Nest(typ uint16, fn func(*NetlinkBuilder)) *NetlinkBuilder {
	at := b.begin(typ | NLA_F_NESTED)
	fn(b)
	return b.end(at)
}

// begin puts the header of an attribute whose length end will know.
func (b *NetlinkBuilder) begin(typ uint16) (at int) {
	at = len(b.data)
	b.data = binary.NativeEndian.AppendUint16(b.data, 0)
	b.data = binary.NativeEndian.AppendUint16(b.data, typ)
	return at
}

func (b *NetlinkBuilder) end(at int) *NetlinkBuilder {
	n := len(b.data) - at
	if n > 1<<16-1 {
		typ := binary.NativeEndian.Uint16(b.data[at+2:]) & NLA_TYPE_MASK
		if b.err == nil {
			b.err = &ArgError{"attribute", typ, fmt.Sprintf("%d bytes of data are more than the 65531 that an attribute can have", n-netlinkAttrHeader)}
		}
		b.data = b.data[:at]
		return b
	}
	binary.NativeEndian.PutUint16(b.data[at:], uint16(n))
	return b.pad()
}

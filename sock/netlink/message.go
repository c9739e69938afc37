// Package netlink extends sockets of AF_NETLINK: messages and their attributes, requests with their
// answers, multicast groups, and the network interfaces and addresses of NETLINK_ROUTE. See
// netlink(7) and rtnetlink(7).
//
//	s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, sock.NETLINK_ROUTE)
//	links, err := netlink.Links(s)
//	err = netlink.JoinGroup(s, netlink.RTNLGRP_LINK)
//	n, err := s.RecvInto(buf, 0)
//	for m, err := range netlink.Messages(buf[:n]) {
//		link, err := netlink.ParseLink(m)
//	}
//
// Every function waits as the socket does: in a goroutine, in a task (s.In), until a context ends
// (s.With).
package netlink

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// This file reads and writes messages and their attributes: <linux/netlink.h>. All numbers are in
// the host's byte order. It works on bytes alone, on every system.

// <linux/netlink.h>: types of messages, flags, options, and the attributes of an extended
// acknowledgement.
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
func align(n int) int { return (n + 3) &^ 3 }

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
	headerLen     = 16
	attrHeaderLen = 4
)

// A Message is one message: its header and its data.
type Message struct {
	Type  uint16 // NLMSG_*, RTM_*, …
	Flags uint16 // NLM_F_*
	Seq   uint32 // the number of the request that it answers; 0 in a notice of a group
	Pid   uint32 // the port that made the request; not a process
	Data  []byte // a part of the bytes that were read, not a copy
}

// A FormatError reports received bytes that are not netlink messages or attributes, or that were
// cut.
type FormatError struct {
	What       string // "message", "attribute", …
	Have, Want int    // bytes
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("malformed or cut netlink %s: %d bytes of %d", e.What, e.Have, e.Want)
}

// Messages iterates over the messages in b, the bytes of one receive. It ends with a *FormatError
// at bytes that are not a message. It allocates nothing.
func Messages(b []byte) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for len(b) > 0 {
			m, rest, err := nextMessage(b)
			if !yield(m, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

func nextMessage(b []byte) (m Message, rest []byte, err error) {
	if len(b) < headerLen {
		return m, nil, &FormatError{"message", len(b), headerLen}
	}
	n := binary.NativeEndian.Uint32(b)
	if n < headerLen {
		return m, nil, &FormatError{"message", int(n), headerLen}
	}
	if uint64(n) > uint64(len(b)) {
		return m, nil, &FormatError{"message", len(b), int(min(n, 1<<31-1))}
	}
	m = Message{
		Type:  binary.NativeEndian.Uint16(b[4:]),
		Flags: binary.NativeEndian.Uint16(b[6:]),
		Seq:   binary.NativeEndian.Uint32(b[8:]),
		Pid:   binary.NativeEndian.Uint32(b[12:]),
		Data:  b[headerLen:n:n],
	}
	return m, b[min(align(int(n)), len(b)):], nil
}

// Append appends the message to b, with its padding.
//
// Error: a *sock.ArgError for more data than a message can have.
func (m Message) Append(b []byte) ([]byte, error) {
	if uint64(len(m.Data)) > 1<<31-headerLen-4 {
		return b, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "data", Value: len(m.Data), Rule: "too long for a netlink message"}
	}
	n := headerLen + len(m.Data)
	b = binary.NativeEndian.AppendUint32(b, uint32(n))
	b = binary.NativeEndian.AppendUint16(b, m.Type)
	b = binary.NativeEndian.AppendUint16(b, m.Flags)
	b = binary.NativeEndian.AppendUint32(b, m.Seq)
	b = binary.NativeEndian.AppendUint32(b, m.Pid)
	b = append(b, m.Data...)
	return append(b, make([]byte, align(n)-n)...), nil
}

// An Error is the answer to a request that failed. errors.Is finds the errno in it.
type Error struct {
	Errno  syscall.Errno
	Text   string // the kernel's text, or ""; the kernel sends one only after SetExtendedAck
	Offset int    // the byte of the request that is wrong; 0 if unknown
}

func (e *Error) Error() string {
	text := e.Errno.Error()
	if e.Text != "" {
		text += ": " + e.Text
	}
	if e.Offset > 0 {
		text += fmt.Sprintf(" (at byte %d of the request)", e.Offset)
	}
	return text
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Errno }

// Err returns the result that a message of type NLMSG_ERROR or NLMSG_DONE carries: an *Error, or
// nil for success. It returns nil for any other type, and a *FormatError for a message that was
// cut.
func (m Message) Err() error {
	//	struct nlmsgerr {
	//		int error;             // 0, a negative errno
	//		struct nlmsghdr msg;   // 4, of the request; all of it follows, unless NLM_F_CAPPED is set
	//	};                         // 20; with NLM_F_ACK_TLVS attributes follow
	rest := m.Data
	switch m.Type {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		if len(rest) == 0 { // not every sender adds a result
			return nil
		}
	default:
		return nil
	}
	if len(rest) < 4 {
		return &FormatError{"error", len(rest), 4}
	}
	code := int32(binary.NativeEndian.Uint32(rest))
	if code >= 0 {
		return nil
	}
	e := &Error{Errno: syscall.Errno(-int64(code))}
	rest = rest[4:]
	if m.Type == NLMSG_ERROR {
		if len(rest) < headerLen {
			return e
		}
		skip := headerLen
		if m.Flags&NLM_F_CAPPED == 0 {
			skip = int(min(uint64(binary.NativeEndian.Uint32(rest)), 1<<31-4))
		}
		rest = rest[min(align(skip), len(rest)):]
	}
	if m.Flags&NLM_F_ACK_TLVS != 0 {
		for a, err := range Attrs(rest) {
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

// An Attr is one attribute.
type Attr struct {
	Type     uint16 // without the two flags
	Nested   bool   // NLA_F_NESTED: its data are attributes; the kernel does not always set it
	NetOrder bool   // NLA_F_NET_BYTEORDER
	Data     []byte // a part of the bytes that were read, not a copy
}

// Attrs iterates over the attributes in b. It ends with a *FormatError at bytes that are not an
// attribute. It allocates nothing.
func Attrs(b []byte) iter.Seq2[Attr, error] {
	return func(yield func(Attr, error) bool) {
		for len(b) > 0 {
			a, rest, err := nextAttr(b)
			if !yield(a, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

func nextAttr(b []byte) (a Attr, rest []byte, err error) {
	if len(b) < attrHeaderLen {
		return a, nil, &FormatError{"attribute", len(b), attrHeaderLen}
	}
	n := int(binary.NativeEndian.Uint16(b))
	switch {
	case n < attrHeaderLen:
		return a, nil, &FormatError{"attribute", n, attrHeaderLen}
	case n > len(b):
		return a, nil, &FormatError{"attribute", len(b), n}
	}
	typ := binary.NativeEndian.Uint16(b[2:])
	a = Attr{
		Type:     typ & NLA_TYPE_MASK,
		Nested:   typ&NLA_F_NESTED != 0,
		NetOrder: typ&NLA_F_NET_BYTEORDER != 0,
		Data:     b[attrHeaderLen:n:n],
	}
	return a, b[min(align(n), len(b)):], nil
}

// Attrs iterates over the attributes within a.
func (a Attr) Attrs() iter.Seq2[Attr, error] { return Attrs(a.Data) }

// Text returns the data as text, up to the first NUL.
func (a Attr) Text() string {
	text, _, _ := strings.Cut(string(a.Data), "\x00")
	return text
}

// Uint8 returns the data as a number. ok is false if the data has another length.
func (a Attr) Uint8() (v uint8, ok bool) {
	if len(a.Data) != 1 {
		return 0, false
	}
	return a.Data[0], true
}

// Uint16 is Uint8 for 2 bytes. NetOrder gives the byte order.
func (a Attr) Uint16() (v uint16, ok bool) {
	if len(a.Data) != 2 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint16(a.Data), true
	}
	return binary.NativeEndian.Uint16(a.Data), true
}

// Uint32 is Uint16 for 4 bytes.
func (a Attr) Uint32() (v uint32, ok bool) {
	if len(a.Data) != 4 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint32(a.Data), true
	}
	return binary.NativeEndian.Uint32(a.Data), true
}

// Uint64 is Uint16 for 8 bytes.
func (a Attr) Uint64() (v uint64, ok bool) {
	if len(a.Data) != 8 {
		return 0, false
	}
	if a.NetOrder {
		return binary.BigEndian.Uint64(a.Data), true
	}
	return binary.NativeEndian.Uint64(a.Data), true
}

// A Builder builds the data of a message: a structure, then attributes. Its methods return the
// Builder, so that calls can be chained.
//
//	body, err := new(netlink.Builder).Bytes(header).Text(netlink.IFLA_IFNAME, "veth0").
//		Nest(netlink.IFLA_LINKINFO, func(b *netlink.Builder) {
//			b.Text(netlink.IFLA_INFO_KIND, "veth")
//		}).Data()
type Builder struct {
	data []byte
	err  error
}

// Data returns the bytes. Error: a *sock.ArgError for the first attribute whose data is longer than
// 65531 bytes.
func (b *Builder) Data() ([]byte, error) { return b.data, b.err }

// Bytes appends bytes that are not an attribute, such as the structure, with padding.
func (b *Builder) Bytes(p []byte) *Builder {
	b.data = append(b.data, p...)
	return b.pad()
}

func (b *Builder) pad() *Builder {
	b.data = append(b.data, make([]byte, align(len(b.data))-len(b.data))...)
	return b
}

// Attr appends an attribute. typ may include the flags NLA_F_*.
func (b *Builder) Attr(typ uint16, data []byte) *Builder {
	at := b.begin(typ)
	b.data = append(b.data, data...)
	return b.end(at)
}

// Text is Attr for text. It adds a NUL, as the kernel expects.
func (b *Builder) Text(typ uint16, text string) *Builder {
	at := b.begin(typ)
	b.data = append(append(b.data, text...), 0)
	return b.end(at)
}

// Uint8 is Attr for a number of 1 byte.
func (b *Builder) Uint8(typ uint16, v uint8) *Builder {
	at := b.begin(typ)
	b.data = append(b.data, v)
	return b.end(at)
}

// Uint16 is Attr for a number of 2 bytes.
func (b *Builder) Uint16(typ uint16, v uint16) *Builder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint16(b.data, v)
	return b.end(at)
}

// Uint32 is Attr for a number of 4 bytes.
func (b *Builder) Uint32(typ uint16, v uint32) *Builder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint32(b.data, v)
	return b.end(at)
}

// Uint64 is Attr for a number of 8 bytes.
func (b *Builder) Uint64(typ uint16, v uint64) *Builder {
	at := b.begin(typ)
	b.data = binary.NativeEndian.AppendUint64(b.data, v)
	return b.end(at)
}

// Nest appends an attribute whose data is the attributes that fn appends.
func (b *Builder) Nest(typ uint16, fn func(*Builder)) *Builder {
	at := b.begin(typ | NLA_F_NESTED)
	fn(b)
	return b.end(at)
}

// begin appends the header of an attribute. end fills in its length.
func (b *Builder) begin(typ uint16) (at int) {
	at = len(b.data)
	b.data = binary.NativeEndian.AppendUint16(b.data, 0)
	b.data = binary.NativeEndian.AppendUint16(b.data, typ)
	return at
}

func (b *Builder) end(at int) *Builder {
	n := len(b.data) - at
	if n > 1<<16-1 {
		typ := binary.NativeEndian.Uint16(b.data[at+2:]) & NLA_TYPE_MASK
		if b.err == nil {
			b.err = &sock.ArgError{Kind: sock.ArgTooLong, Arg: "attribute", Value: typ, Rule: fmt.Sprintf("%d bytes of data are more than the 65531 that an attribute can have", n-attrHeaderLen)}
		}
		b.data = b.data[:at]
		return b
	}
	binary.NativeEndian.PutUint16(b.data[at:], uint16(n))
	return b.pad()
}

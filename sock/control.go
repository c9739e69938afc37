package sock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
)

// A Control is one item of ancillary data: Python's (cmsg_level, cmsg_type, cmsg_data).
//
// The files control_*.go have a type for each meaning of the data: PktInfo, TTL, Ucred, … A
// received item has a reader with the name of the type, such as c.PktInfo(). It returns ok=false if
// c is of another type, and allocates nothing. A type that can be sent has a method Control, which
// makes the item. On a system that lacks a type, its reader always returns ok=false.
type Control struct {
	Level int // SOL_SOCKET, IPPROTO_IP, …
	Type  int // SCM_RIGHTS, IP_TTL, …
	Data  []byte
}

// The layout of control messages: struct cmsghdr of <sys/socket.h>. controlAlign describes its
// length field and its alignment.
//
//	#define CMSG_ALIGN(len) (((len) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
//	#define CMSG_SPACE(len) (CMSG_ALIGN(len) + CMSG_ALIGN(sizeof(struct cmsghdr)))
//	#define CMSG_LEN(len)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (len))

func alignControl(n int) int { return (n + controlAlign - 1) &^ (controlAlign - 1) }

// maxControl is the largest result of CMSG_LEN and CMSG_SPACE: a C int.
const maxControl = math.MaxInt32

// CMSG_LEN returns the length in bytes of a control message with n bytes of data, without padding
// at its end. That is room for exactly one message.
//
// Error: an *ArgError if n is negative, or if the result does not fit into a C int.
func CMSG_LEN(n int) (int, error) {
	if n < 0 || n > maxControl-controlHeader {
		return 0, &ArgError{ArgRange, "length", n, "CMSG_LEN() argument out of range"}
	}
	return controlHeader + n, nil
}

// CMSG_SPACE returns the room in bytes for a control message with n bytes of data and its padding.
// Several messages need the sum.
//
// Error: an *ArgError if n is negative, or above the largest C int minus CMSG_SPACE(1). That is
// Python's limit.
func CMSG_SPACE(n int) (int, error) {
	if n < 0 || n > maxControl-controlHeader-controlAlign {
		return 0, &ArgError{ArgRange, "length", n, "CMSG_SPACE() argument out of range"}
	}
	return controlHeader + alignControl(n), nil
}

// AppendControl appends items to b in the form that sendmsg(2) takes, each with its padding. b must
// be empty or a result of AppendControl.
//
// Error: an *ArgError if the data of an item is too long for a control message, if the total does
// not fit into a C int, or if a level or a type is no C int.
func AppendControl(b []byte, items ...Control) ([]byte, error) {
	for _, c := range items {
		if err := errors.Join(cInt("cmsg_level", c.Level), cInt("cmsg_type", c.Type)); err != nil {
			return b, err
		}
		space, err := CMSG_SPACE(len(c.Data))
		if err != nil {
			return b, &ArgError{ArgTooLong, "ancdata", len(c.Data), "ancillary data item too large"}
		}
		if space > maxControl-len(b) {
			return b, &ArgError{ArgTooLong, "ancdata", len(b) + space, "too much ancillary data"}
		}
		start := len(b)
		b = append(b, make([]byte, space)...)
		h := b[start:]
		putControlHeader(h, controlHeader+len(c.Data), c.Level, c.Type)
		copy(h[controlHeader:], c.Data)
	}
	return b, nil
}

// ParseControl splits the ancillary data of recvmsg(2) into its items, in order. The data of an
// item points into b.
//
// The last item may be cut by the end of b: it is returned with the data that is there. An item is
// dropped if its header is incomplete, or if its length is below that of a header. In both cases
// ParseControl stops, and returns an *ControlError together with the items before.
func ParseControl(b []byte) ([]Control, error) {
	var items []Control
	for len(b) > 0 {
		c, ok, rest, err := nextControl(b)
		if ok {
			items = append(items, c)
		}
		if err != nil {
			return items, err
		}
		b = rest
	}
	return items, nil
}

// ControlMessages is ParseControl as an iterator, without an allocation. It yields the items in
// order, each with a nil error. An incomplete item is the last. It comes with an *ControlError, and
// with the data that is there or as the zero Control.
//
//	for c, err := range sock.ControlMessages(control[:got]) {
//		if info, ok := c.PktInfo(); ok { … }
//	}
func ControlMessages(b []byte) iter.Seq2[Control, error] {
	return func(yield func(Control, error) bool) {
		for len(b) > 0 {
			c, _, rest, err := nextControl(b)
			if !yield(c, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

// nextControl returns the first item of b, and the bytes after it. b must not be empty. ok is false
// if b has no complete header.
func nextControl(b []byte) (c Control, ok bool, rest []byte, err error) {
	if len(b) < controlHeader {
		return Control{}, false, nil, &ControlError{len(b), controlHeader}
	}
	n, level, typ := controlHeaderOf(b)
	if n < controlHeader {
		return Control{}, false, nil, &ControlError{n, controlHeader}
	}
	c = Control{Level: level, Type: typ}
	if n > len(b) {
		c.Data = b[controlHeader:]
		return c, true, nil, &ControlError{len(b), n}
	}
	c.Data = b[controlHeader:n:n]
	return c, true, b[min(alignControl(n), len(b)):], nil
}

// A ControlError reports received ancillary data that is malformed or cut: Python's RuntimeWarning.
type ControlError struct {
	Have, Want int // bytes
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("received malformed or improperly-truncated ancillary data: %d bytes of %d", e.Have, e.Want)
}

// Ints returns the data as C ints, the form of SCM_RIGHTS and many options. It ignores an
// incomplete int at the end.
func (c Control) Ints() []int {
	ints := make([]int, 0, len(c.Data)/4)
	for b := c.Data; len(b) >= 4; b = b[4:] {
		ints = append(ints, int(int32(binary.NativeEndian.Uint32(b))))
	}
	return ints
}

// IntsControl returns an item whose data is C ints.
func IntsControl(level, typ int, ints ...int) Control {
	data := make([]byte, 0, 4*len(ints))
	for _, v := range ints {
		data = binary.NativeEndian.AppendUint32(data, uint32(v))
	}
	return Control{level, typ, data}
}

// is reports whether c is of a type. A typ of 0 is one that the system lacks.
func (c Control) is(level, typ int) bool { return typ != 0 && c.Level == level && c.Type == typ }

// uint32 reads an item whose data is one C int, signed or unsigned. The data must have exactly that
// length.
func (c Control) uint32(level, typ int) (uint32, bool) {
	if !c.is(level, typ) || len(c.Data) != 4 {
		return 0, false
	}
	return binary.NativeEndian.Uint32(c.Data), true
}

func uint32Control(level, typ int, v uint32) Control {
	return Control{level, typ, binary.NativeEndian.AppendUint32(nil, v)}
}
